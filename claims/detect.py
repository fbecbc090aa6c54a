"""The straight line from an article to its report; every stage is a module of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FILE, UNCALIBRATED, Calibration, pair_features
from claims.document import Document
from claims.errors import ModelError
from claims.findings import Counts, Finding, Report, kind_of, ranked, reasons_for
from claims.nli import NLI, Progress, find_model, load_model, softmax
from claims.pairs import Candidates, candidate_pairs
from claims.sentences import split_sentences
from claims.statements import Statement, extract_statements, without_markers


@dataclass(frozen=True)
class Detector:
    """A model with its calibration, ready to check documents.

    >>> detector = Detector.from_pretrained()
    >>> report = detector.detect(Document.from_text("The bridge is open. The bridge is closed."))
    >>> report.counts.pairs
    1
    """

    model: NLI
    calibration: Calibration | None = None
    max_pairs: int | None = None
    """Pairs of a document to read at most; None: in proportion to its statements."""

    @classmethod
    def from_pretrained(
        cls, model: str | Path | None = None, *, device: str | None = None, max_pairs: int | None = None
    ) -> Detector:
        """The bundled model, a model folder, or a model of the Hugging Face hub; a folder with its calibration if any.

        Raises: ModelError when the model cannot be used.
        """
        found = find_model(model)
        file = found / FILE if isinstance(found, Path) else None
        calibration = Calibration.load(file) if file and file.is_file() else None
        return cls(load_model(model, device=device), calibration, max_pairs)

    def detect(self, document: Document, *, progress: Progress | None = None) -> Report:
        """The pairs of a document's statements with confidence, kind and reasons."""
        reading = read_pairs(document, self.max_pairs)
        statements, candidates, pairs = reading.statements, reading.candidates, reading.pairs
        prediction = self.model.predict(reading.both_directions, progress)
        if not np.isfinite(prediction.logits).all():
            raise ModelError(f"{self.model.name}: gives no finite answer for {document.source}; use another model")

        calibration = self.calibration or UNCALIBRATED
        logits = prediction.logits / np.float32(calibration.temperature)
        forward, backward = logits[: len(pairs)], logits[len(pairs) :]
        features = pair_features(pairs, forward, backward, candidates.relatedness)
        confidence = calibration.confidence(features)
        contributions = calibration.contributions(features)

        scored = [
            Finding(
                a,
                b,
                float(confidence[k]),
                kind_of(a, b),
                reasons_for(a, b, contributions[k]),
                _triple(forward[k]),
                _triple(backward[k]),
            )
            for k, (a, b) in enumerate(pairs)
        ]
        counts = Counts(
            sentences=reading.n_sentences,
            statements=len(statements),
            pairs=candidates.possible,
            scored=len(pairs),
            skipped_pairs=candidates.possible - len(pairs),
            truncated=prediction.truncated,
            skipped_sentences=reading.n_sentences - len({statement.sentence for statement in statements}),
            skipped_chars=document.skipped_chars,
        )
        return Report(
            document,
            self.model.name,
            self.model.version,
            self.calibration is not None,
            calibration.threshold,
            counts,
            ranked(scored),
            statements,
        )


@dataclass(frozen=True)
class Reading:
    """A document up to the model: its statements and the pairs worth asking about."""

    n_sentences: int
    statements: tuple[Statement, ...]
    candidates: Candidates
    pairs: tuple[tuple[Statement, Statement], ...]
    both_directions: tuple[tuple[str, str], ...]
    """What the model is asked: every pair as (a, b), then every pair as (b, a), without discourse markers."""


def read_pairs(document: Document, max_pairs: int | None = None) -> Reading:
    """The pairs of a document as the model gets them."""
    sentences = split_sentences(document.text, document.language)
    statements = tuple(extract_statements(document, sentences))
    candidates = candidate_pairs(statements, max_pairs)
    plain = [without_markers(statement.text, document.language) for statement in statements]
    asked = tuple((plain[i], plain[j]) for i, j in candidates.pairs)
    pairs = tuple((statements[i], statements[j]) for i, j in candidates.pairs)
    return Reading(len(sentences), statements, candidates, pairs, asked + tuple((b, a) for a, b in asked))


def find_contradictions(text: str, *, language: str | None = None) -> tuple[Finding, ...]:
    """The possible contradictions of a text, most confident first, by the bundled model; offline.

    Loads the model at every call: keep a `Detector` for more than one text. Offsets count in the text as it was read
    (`Document.from_text(text).text`: one kind of line end, hard-wrapped lines joined).
    """
    return Detector.from_pretrained().detect(Document.from_text(text, language=language)).findings


def _triple(logits: NDArray[np.float32]) -> tuple[float, float, float]:
    entailment, neutral, contradiction = map(float, softmax(logits))
    return entailment, neutral, contradiction
