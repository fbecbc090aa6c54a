"""What a check says: scored pairs of statements with confidence, kind and reasons, and the report that holds them.

A report keeps every scored pair, so another threshold needs no second scoring. Knows the JSON contract
(`SCHEMA`), nothing about models or files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FEATURES, numeric_conflict
from claims.document import Document
from claims.errors import ResultsError
from claims.pairs import content
from claims.statements import Statement

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """Two statements of one document and how likely they contradict each other; `a` stands before `b`."""

    a: Statement
    b: Statement
    confidence: float
    """Estimated share of such pairs that a careful editor would confirm as a contradiction, 0 to 1."""
    kind: str
    """One of `KINDS`."""
    reasons: tuple[str, ...]
    """What raised the confidence, in words, strongest first."""
    forward: tuple[float, float, float]
    """Probabilities with `a` as premise and `b` as hypothesis, in the order of `claims.nli.LABELS`."""
    backward: tuple[float, float, float]
    """The same with `b` as premise."""


KINDS = {
    "numeric": "two numbers for the same thing",
    "self_contradiction": "the same speaker says both",
    "source_conflict": "two speakers disagree",
    "narrative": "neither statement is a quotation",
    "unattributed": "a quotation is involved whose speaker is not known",
}
"""Each kind of finding and what it means; a label, never a reason to hide a pair."""

# Shared words named in a reason: enough to see the topic, few enough to read.
SHARED_WORDS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Counts:
    """What was read, scored and left out; nothing disappears silently."""

    sentences: int = 0
    statements: int = 0
    pairs: int = 0
    """Pairs of statements that could be compared."""
    scored: int = 0
    """Pairs the model read, in both directions."""
    skipped_pairs: int = 0
    """Pairs left out because the budget was spent on pairs with more in common."""
    truncated: int = 0
    """Model inputs cut because they were too long."""
    skipped_sentences: int = 0
    """Sentences without a statement: questions, headings of a word or two."""
    skipped_chars: int = 0
    """Characters of the file beyond the size limit."""


@dataclass(frozen=True)
class Report:
    """The outcome of one check."""

    document: Document
    model: str
    model_version: str
    calibrated: bool
    """Whether the model has a calibration: without one, confidence is only a ranking score."""
    threshold: float
    counts: Counts
    scored: tuple[Finding, ...]
    """Every scored pair, highest confidence first, ties by position."""
    statements: tuple[Statement, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The scored pairs at or above the threshold."""
        return self.listed()

    def listed(self, min_confidence: float | None = None) -> tuple[Finding, ...]:
        """The scored pairs at or above a confidence, by default the threshold."""
        least = self.threshold if min_confidence is None else min_confidence
        return tuple(finding for finding in self.scored if finding.confidence >= least)

    def at(self, threshold: float) -> Report:
        """The same report with another threshold; nothing is scored again."""
        return replace(self, threshold=threshold)

    def to_json(
        self, *, min_confidence: float | None = None, statements: bool = False, text: bool = False
    ) -> dict[str, Any]:
        """The report as the JSON contract has it.

        `min_confidence` lists pairs from there on instead of from the threshold; `statements` and `text` add
        the statements and the text the offsets count in.
        """
        document: dict[str, Any] = {
            "id": self.document.id,
            "source": self.document.source,
            "language": self.document.language,
            "title": self.document.title,
            "date": self.document.date,
            "n_chars": len(self.document.text),
        }
        if text:
            document["text"] = self.document.text
        return {
            "schema": SCHEMA,
            "document": document,
            "model": {"name": self.model, "version": self.model_version},
            "calibrated": self.calibrated,
            "threshold": self.threshold,
            "counts": asdict(self.counts),
            "findings": [_finding_json(finding) for finding in self.listed(min_confidence)],
            "statements": [_statement_json(statement) for statement in self.statements] if statements else [],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The report of a JSON object written with `text`; it holds the pairs and statements listed there.

        Raises: ResultsError when the object is of another schema or lacks the text.
        """
        try:
            if data["schema"] != SCHEMA:
                raise ResultsError(f"schema {data['schema']}: not a report of schema {SCHEMA}; check the article again")
            given, model, counts = data["document"], data["model"], Counts(**data["counts"])
            if "text" not in given:
                raise ResultsError("the report has no document text; write it with `claims check --format json --text`")
            return cls(
                Document(
                    given["text"],
                    given["source"],
                    given["language"],
                    given["title"],
                    given["date"],
                    counts.skipped_chars,
                ),
                model["name"],
                model["version"],
                data["calibrated"],
                data["threshold"],
                counts,
                tuple(_finding_from_json(finding) for finding in data["findings"]),
                tuple(_statement_from_json(statement) for statement in data["statements"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ResultsError(f"not a report of `claims check --format json` ({error!r})") from error


def kind_of(a: Statement, b: Statement) -> str:
    """Which of `KINDS` two statements would be, were they a contradiction."""
    if numeric_conflict(a.text, b.text):
        return "numeric"
    if a.speaker and b.speaker:
        return "self_contradiction" if a.speaker == b.speaker else "source_conflict"
    return "unattributed" if a.quoted or b.quoted else "narrative"


def reasons_for(a: Statement, b: Statement, contributions: NDArray[np.float64]) -> tuple[str, ...]:
    """What raised the confidence of a pair, in words, strongest first.

    Shape: contributions (len(FEATURES),), as `Calibration.contributions` gives them.
    """
    raised = sorted(
        ((value, name) for name, value in zip(FEATURES, contributions, strict=True) if value > 0), reverse=True
    )
    reasons = (_reason(name, a, b) for _, name in raised)
    return tuple(dict.fromkeys(reason for reason in reasons if reason))


def _reason(feature: str, a: Statement, b: Statement) -> str | None:
    if feature == "contradiction_min":
        return "each excludes the other"
    if feature == "contradiction_max":
        return "one excludes the other"
    if feature in ("relatedness", "shared_content"):
        stems_of_b = content(b.text)
        words = [word for stem, word in content(a.text).items() if stem in stems_of_b]
        return f"both speak of {', '.join(words[:SHARED_WORDS_SHOWN])}" if words else None
    if feature == "numeric_conflict":
        amounts = numeric_conflict(a.text, b.text)
        return f"{amounts[0]} against {amounts[1]}" if amounts else None
    if feature == "same_sentence":
        return "in the same sentence" if a.sentence == b.sentence else None
    return None


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by falling confidence, ties by position in the document."""
    return tuple(sorted(findings, key=lambda finding: (-finding.confidence, finding.a.start, finding.b.start)))


def _statement_json(statement: Statement) -> dict[str, Any]:
    return {field.name: getattr(statement, field.name) for field in fields(statement)}


def _statement_from_json(data: dict[str, Any]) -> Statement:
    return Statement(**{**data, "subject": data["subject"] and tuple(data["subject"])})


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "confidence": finding.confidence,
        "kind": finding.kind,
        "reasons": list(finding.reasons),
        "probabilities": {"forward": list(finding.forward), "backward": list(finding.backward)},
        "a": _statement_json(finding.a),
        "b": _statement_json(finding.b),
    }


def _finding_from_json(data: dict[str, Any]) -> Finding:
    forward, backward = (tuple(data["probabilities"][side]) for side in ("forward", "backward"))
    return Finding(
        _statement_from_json(data["a"]),
        _statement_from_json(data["b"]),
        data["confidence"],
        data["kind"],
        tuple(data["reasons"]),
        forward,
        backward,
    )
