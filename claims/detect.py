"""The straight line from an article to its report; every stage is a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FILE, UNCALIBRATED, Calibration, log_odds, pair_features
from claims.document import Document
from claims.errors import ModelError
from claims.findings import Counts, Extract, ExtractCounts, Finding, Report, kind_of, merged, ranked, reasons_for
from claims.nli import (
    CONTRADICTION,
    ENTAILMENT,
    NLI,
    BundledModel,
    Prediction,
    Progress,
    find_model,
    load_model,
    predict_each,
    softmax,
)
from claims.pairs import Candidates, candidate_pairs
from claims.sentences import split_sentences
from claims.statements import Statement, extract_statements, without_markers
from claims.tagger import Tagger

SECOND_OPINIONS = 40  # pairs of an article, those the model is surest of, about which a second one is asked too
LOOKED_AGAIN = 25  # pairs of an article, those the model is surest of, that are read again with their whole sentences
LONGEST_SUBJECT = 80  # characters; what is longer is more than a name and would drown the statement


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
    tagger: Tagger | None = None
    """What tells statements apart; None: rules alone."""
    claims_only: bool = False
    """Whether to pair only statements worth checking."""
    second: NLI | None = None
    """A model that is asked about the surest pairs too; None: none is."""

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path | None = None,
        *,
        device: str | None = None,
        max_pairs: int | None = None,
        claims_only: bool = False,
        n_threads: int | None = None,
        calibration: str | Path | None = None,
    ) -> Detector:
        """The bundled model, a model folder, or a model of the Hugging Face hub; a folder with its calibration if any.

        Statements are told apart by the heads of the model's folder, else by those of the bundled model. `n_threads`:
        of the model; None: as many as there are cores. `calibration`: the file of another one, as `claims calibrate`
        writes it.
        Raises: ModelError when the model cannot be used.
        """
        fitted = Calibration.load(Path(calibration)) if calibration else calibration_of(model)
        loaded = load_model(model, device=device, n_threads=n_threads)
        of_its_own = second = None
        if isinstance(loaded, BundledModel):
            of_its_own, second, loaded = Tagger.open(loaded), loaded, loaded.for_articles()
        return cls(
            loaded,
            fitted,
            max_pairs,
            of_its_own or Tagger.from_pretrained(n_threads=n_threads),
            claims_only,
            second,
        )

    def detect(self, document: Document, *, progress: Progress | None = None) -> Report:
        """The pairs of a document's statements with confidence, kind and reasons."""
        [report] = self.detect_all([document], progress=progress)
        return report

    def detect_all(self, documents: Sequence[Document], *, progress: Progress | None = None) -> list[Report]:
        """The report of each document; their pairs share the batches of the model."""
        calibration = self.calibration or UNCALIBRATED
        readings = [
            read_pairs(document, self.max_pairs, self.tagger, claims_only=self.claims_only) for document in documents
        ]
        predictions = answers(self.model, self.second, [reading.both_directions for reading in readings], progress)
        for reading, prediction in zip(readings, predictions, strict=True):
            if not np.isfinite(prediction.logits).all():
                source = reading.extract.document.source
                raise ModelError(f"{self.model.name}: gives no finite answer for {source}; use another model")
        looks_again = bool(calibration.weights.get("in_context"))
        features = features_of(self.model, readings, predictions, calibration.temperature, looks_again=looks_again)
        return [self._report(*each) for each in zip(readings, predictions, features, strict=True)]

    def _report(self, reading: Reading, prediction: Prediction, features: NDArray[np.float64]) -> Report:
        found, candidates, document = reading.extract, reading.candidates, reading.extract.document
        calibration = self.calibration or UNCALIBRATED
        scored = findings_of(reading.pairs, prediction, features, calibration, kind_of)
        listed = merged(scored)
        counts = Counts(
            sentences=found.counts.sentences,
            statements=found.counts.statements,
            pairs=candidates.possible,
            scored=len(scored),
            skipped_pairs=candidates.possible - len(scored),
            merged=len(scored) - len(listed),
            unpaired=reading.n_unpaired,
            truncated=int(prediction.truncated.sum()),
            skipped_sentences=found.counts.skipped_sentences,
            skipped_chars=document.skipped_chars,
        )
        return Report(
            document,
            self.model.name,
            self.model.version,
            self.calibration is not None,
            calibration.threshold,
            counts,
            ranked(listed),
            found.statements,
        )


def calibration_of(model: str | Path | None = None) -> Calibration | None:
    """The calibration in a model's folder; None where there is none. Raises: ModelError when it is damaged."""
    found = find_model(model)
    file = found / FILE if isinstance(found, Path) else None
    return Calibration.load(file) if file and file.is_file() else None


def findings_of(
    pairs: Sequence[tuple[Statement, Statement]],
    prediction: Prediction,
    features: NDArray[np.float64],
    calibration: Calibration,
    kind: Callable[[Statement, Statement], str],
) -> list[Finding]:
    """Each pair as a finding; the prediction is of all pairs as (a, b), then of all as (b, a)."""
    probabilities = softmax(prediction.logits, calibration.temperature).astype(float).tolist()
    confidence = calibration.confidence(features)
    contributions = calibration.contributions(features)
    return [
        Finding(
            *(a, b, float(confidence[k]), kind(a, b), reasons_for(a, b, contributions[k])),
            *(tuple(probabilities[k]), tuple(probabilities[len(pairs) + k])),
        )
        for k, (a, b) in enumerate(pairs)
    ]


def answers(
    model: NLI,
    second: NLI | None,
    asked: Sequence[Sequence[tuple[str, str]]],
    progress: Progress | None = None,
    n_surest: int = SECOND_OPINIONS,
) -> list[Prediction]:
    """What a model says of several lists of pairs, each of which has all as (a, b), then all as (b, a).

    Of the pairs of each list that it is surest of, the logits are the mean of its own and those of the second model:
    one that knows articles best is asked which pairs to look at, and two that learned from different pairs what they
    are.
    """
    predictions = predict_each(model, asked, progress)
    if second is None:
        return predictions
    surest = [_surest_first(evidence(prediction, 1.0)[0].mean(axis=0))[:n_surest] for prediction in predictions]
    rows = [np.concatenate([of_list, of_list + len(pairs) // 2]) for of_list, pairs in zip(surest, asked, strict=True)]
    again = [[pairs[row] for row in of_list] for of_list, pairs in zip(rows, asked, strict=True)]
    told = []
    for prediction, of_list, other in zip(predictions, rows, predict_each(second, again), strict=True):
        logits = prediction.logits.copy()
        logits[of_list] = (logits[of_list] + other.logits) / 2
        told.append(Prediction(logits, prediction.truncated))
    return told


def _surest_first(contradiction: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argsort(-contradiction, kind="stable")


def features_of(
    model: NLI,
    readings: Sequence[Reading],
    predictions: Sequence[Prediction],
    temperature: float,
    *,
    looks_again: bool = True,
) -> list[NDArray[np.float64]]:
    """The features of the pairs of each article, given what the model says of `both_directions`.

    With `looks_again` the model reads the pairs that it is surest of again, with their whole sentences: a clause may
    say something else than its sentence, and few pairs of an article are worth a second look. Shape of each: (pairs,
    len(FEATURES)).
    """
    told = [evidence(prediction, temperature) for prediction in predictions]
    in_context = [contradiction.mean(axis=0) for contradiction, _ in told]
    if looks_again:
        again = [_surest(*each) for each in zip(readings, in_context, strict=True)]
        asked = [_whole_sentences(*each) for each in zip(readings, again, strict=True)]
        for pairs, context, prediction in zip(again, in_context, predict_each(model, asked), strict=True):
            context[pairs] = evidence(prediction, temperature)[0].mean(axis=0)
    return [
        pair_features(reading.pairs, *both, context, reading.candidates)
        for reading, both, context in zip(readings, told, in_context, strict=True)
    ]


def _surest(reading: Reading, contradiction: NDArray[np.float64]) -> list[int]:
    """Those of the pairs with the highest log-odds that stand in two sentences. Shape: (pairs,)."""
    surest: list[int] = _surest_first(contradiction)[:LOOKED_AGAIN].tolist()
    return [k for k in surest if reading.pairs[k][0].sentence != reading.pairs[k][1].sentence]


def _whole_sentences(reading: Reading, pairs: Sequence[int]) -> list[tuple[str, str]]:
    """The sentences of some pairs of statements: all as (a, b), then all as (b, a)."""
    document = reading.extract.document
    sentences = split_sentences(document.text, document.language)
    whole = [[sentences[statement.sentence] for statement in reading.pairs[k]] for k in pairs]
    asked = [tuple(document.text[sentence.start : sentence.end] for sentence in sides) for sides in whole]
    return [(a, b) for a, b in asked] + [(b, a) for a, b in asked]


def evidence(prediction: Prediction, temperature: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds of contradiction and of entailment of pairs that were asked in both directions.

    Shape: prediction of 2n pairs, as `Reading.both_directions` -> (2, n) and (2, n), a row for each direction.
    """
    logits = prediction.logits / np.float32(temperature)
    directions = 2, len(logits) // 2
    return log_odds(logits, CONTRADICTION).reshape(directions), log_odds(logits, ENTAILMENT).reshape(directions)


@dataclass(frozen=True)
class Reading:
    """A document up to the model: its statements and the pairs worth asking about."""

    extract: Extract
    candidates: Candidates
    pairs: tuple[tuple[Statement, Statement], ...]
    n_unpaired: int
    """Statements that were not paired, since they are no claims and only claims were asked for."""
    asked: tuple[tuple[str, str], ...]
    """The pairs as `model_input` has them."""

    @property
    def both_directions(self) -> tuple[tuple[str, str], ...]:
        """What the model is asked: every pair as (a, b), then every pair as (b, a)."""
        return self.asked + tuple((b, a) for a, b in self.asked)


def read_pairs(
    document: Document, max_pairs: int | None = None, tagger: Tagger | None = None, *, claims_only: bool = False
) -> Reading:
    """The pairs of a document as the model gets them; with `claims_only`, of statements worth checking."""
    found = extract(document, tagger)
    paired = found.listed(claims_only=claims_only)
    candidates = candidate_pairs(paired, max_pairs)
    asked = tuple(model_input(document, paired[i], paired[j]) for i, j in candidates.pairs)
    pairs = tuple((paired[i], paired[j]) for i, j in candidates.pairs)
    n_unpaired = len(found.statements) - len(paired)
    return Reading(found, candidates, pairs, n_unpaired, asked)


def model_input(document: Document, a: Statement, b: Statement, other: Document | None = None) -> tuple[str, str]:
    """What the model reads of two statements: no discourse markers, and who or what they are about.

    `other`: the document of `b`, where it is another.

    Reported speech of one speaker is read with the speaker as its subject; any other statement with the subject that it
    takes from before it, in brackets.

    >>> document = Document.from_text("The mayor raised taxes. But she promised lower fees.", language="en")
    >>> raised = Statement(0, 23, "The mayor raised taxes.", 0)
    >>> promised = Statement(28, 52, "she promised lower fees.", 1, subject=(0, 9))
    >>> model_input(document, raised, promised)
    ('The mayor raised taxes.', '[The mayor] she promised lower fees.')
    """
    other = other or document
    plain_a, plain_b = without_markers(a.text, document.language), without_markers(b.text, other.language)
    if a.speaker and a.speaker == b.speaker and not (a.quoted or b.quoted):
        return _said_by(a) + plain_a, _said_by(b) + plain_b
    return _about(document, a) + plain_a, _about(other, b) + plain_b


def _said_by(statement: Statement) -> str:
    """The speaker of a statement that does not name its speaker itself."""
    names_itself = statement.mention and statement.start <= statement.mention[0] < statement.end
    return "" if names_itself or statement.speaker is None else f"{statement.speaker} "


def _about(document: Document, statement: Statement) -> str:
    """The subject that a statement takes from before it, in brackets; nothing where it has its own."""
    if statement.subject is None or statement.subject[1] - statement.subject[0] > LONGEST_SUBJECT:
        return ""
    return f"[{document.text[slice(*statement.subject)]}] "


def extract(document: Document, tagger: Tagger | None = None) -> Extract:
    """The statements of a document, of which no pair is read; without a tagger by rules alone.

    >>> found = extract(Document.from_text("The bridge is open. Mayor Lee said that trams run again."))
    >>> [(statement.text, statement.speaker) for statement in found.statements]
    [('The bridge is open.', None), ('trams run again.', 'Lee')]
    """
    sentences = split_sentences(document.text, document.language)
    statements = tuple(extract_statements(document, sentences, tagger))
    counts = ExtractCounts(
        sentences=len(sentences),
        statements=len(statements),
        claims=sum(statement.is_claim for statement in statements),
        skipped_sentences=len(sentences) - len({statement.sentence for statement in statements}),
        skipped_chars=document.skipped_chars,
    )
    return Extract(document, counts, statements)


def find_contradictions(text: str, *, language: str | None = None) -> tuple[Finding, ...]:
    """The possible contradictions of a text, most confident first, by the bundled model; offline.

    Loads the model at every call: keep a `Detector` for more than one text. Offsets count in the text as it was read
    (`Document.from_text(text).text`: one kind of line end, hard-wrapped lines joined).
    """
    return Detector.from_pretrained().detect(Document.from_text(text, language=language)).findings
