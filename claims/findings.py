"""What comes out of an article: the report of a check with its scored pairs, and the extract of its statements.

A report keeps the scored pairs below its threshold too, so another one needs no second scoring. Knows the JSON contract
(`SCHEMA`), nothing about models or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FEATURES, numeric_conflict
from claims.cues import TENSES
from claims.document import Document
from claims.errors import ResultsError
from claims.pairs import content
from claims.statements import CLAIM, Statement

SCHEMA = 1

VERDICTS = {
    "confirmed": "a contradiction",
    "false_alarm": "no contradiction",
    "dismissed": "a contradiction, but of no interest",
}
"""Each verdict and what it means."""

RIGHT = frozenset({"confirmed", "dismissed"})
"""Verdicts that say that the two statements do contradict each other."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer decided on a pair of statements."""

    verdict: str
    """One of `VERDICTS`."""
    reviewer: str
    note: str
    """Of this reviewer; below it those of others, each with the name."""
    given: str
    """When, in UTC, ISO 8601."""


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
    backward: tuple[float, float, float] | None
    """The same with `b` as premise; None where `forward` told that the pair has no prospects."""
    verdict: Verdict | None = None
    """What a reviewer decided, where one did."""


KINDS = {
    "headline": "the headline against the article",
    "changed_over_time": "the two speak of different times",
    "numeric": "two numbers for the same thing",
    "self_contradiction": "the same speaker says both",
    "source_conflict": "two speakers disagree",
    "narrative": "the article itself says both",
    "unattributed": "a source against the article, or an unknown one",
    "between_articles": "two articles disagree",
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
    """Pairs the model read."""
    skipped_pairs: int = 0
    """Pairs left out because the budget was spent on pairs with more in common."""
    merged: int = 0
    """Scored pairs not listed because a surer pair of clauses of the same two sentences is."""
    unpaired: int = 0
    """Statements left out because only claims were paired."""
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
    """The scored pairs, `merged`, highest confidence first, ties by position."""
    statements: tuple[Statement, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The scored pairs at or above the threshold, and those below it that were reviewed."""
        return self.listed()

    def listed(self, min_confidence: float | None = None) -> tuple[Finding, ...]:
        """The scored pairs at or above a confidence; by default the threshold, and whatever has a verdict."""
        if min_confidence is None:
            return tuple(each for each in self.scored if each.confidence >= self.threshold or each.verdict)
        return tuple(each for each in self.scored if each.confidence >= min_confidence)

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
        return {
            "schema": SCHEMA,
            "document": document_json(self.document, text),
            "model": {"name": self.model, "version": self.model_version},
            "calibrated": self.calibrated,
            "threshold": self.threshold,
            "counts": asdict(self.counts),
            "findings": [finding_json(finding) for finding in self.listed(min_confidence)],
            "statements": [statement_json(statement) for statement in self.statements] if statements else [],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The report of a JSON object written with `text`; it holds the pairs and statements listed there.

        Raises: ResultsError when the object is of another schema or lacks the text.
        """
        with _json_of("check"):
            return cls(
                _document_from_json(data, "check"),
                data["model"]["name"],
                data["model"]["version"],
                data["calibrated"],
                data["threshold"],
                Counts(**data["counts"]),
                tuple(_finding_from_json(finding) for finding in data["findings"]),
                tuple(statement_from_json(statement) for statement in data["statements"]),
            )


@dataclass(frozen=True, slots=True)
class ExtractCounts:
    """What was read and found; nothing disappears silently."""

    sentences: int = 0
    statements: int = 0
    claims: int = 0
    """Statements worth checking, as far as is known."""
    skipped_sentences: int = 0
    """Sentences without a statement: questions, headings of a word or two."""
    skipped_chars: int = 0
    """Characters of the file beyond the size limit."""


@dataclass(frozen=True)
class Extract:
    """The statements of one document, by position."""

    document: Document
    counts: ExtractCounts
    statements: tuple[Statement, ...]

    def listed(self, *, claims_only: bool = False) -> tuple[Statement, ...]:
        """The statements, or those worth checking."""
        return tuple(statement for statement in self.statements if statement.is_claim or not claims_only)

    def to_json(self, *, claims_only: bool = False, text: bool = False) -> dict[str, Any]:
        """The extract as the JSON contract has it; `text` adds the text the offsets count in."""
        return {
            "schema": SCHEMA,
            "document": document_json(self.document, text),
            "counts": asdict(self.counts),
            "claim_threshold": CLAIM,
            "statements": [statement_json(statement) for statement in self.listed(claims_only=claims_only)],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Extract:
        """The extract of a JSON object written with `text`; it holds the statements listed there.

        Raises: ResultsError when the object is of another schema or lacks the text.
        """
        with _json_of("extract"):
            return cls(
                _document_from_json(data, "extract"),
                ExtractCounts(**data["counts"]),
                tuple(statement_from_json(statement) for statement in data["statements"]),
            )


def statement_json(statement: Statement) -> dict[str, Any]:
    """A statement as the JSON contract has it."""
    values = ((field.name, getattr(statement, field.name)) for field in fields(statement))
    written = {name: list(value) if isinstance(value, tuple) else value for name, value in values}
    return written | {"is_claim": statement.is_claim}


def statement_from_json(data: dict[str, Any]) -> Statement:
    """The statement of a JSON object; fields of older versions take their defaults, those of newer ones are let go."""
    known = {field.name for field in fields(Statement)} & data.keys()
    given: dict[str, Any] = {name: tuple(data[name]) if isinstance(data[name], list) else data[name] for name in known}
    return Statement(**given)


def kind_of(a: Statement, b: Statement) -> str:
    """Which of `KINDS` two statements would be, were they a contradiction."""
    if a.headline != b.headline:
        return "headline"
    if _times_differ(a, b):
        return "changed_over_time"
    if numeric_conflict(a.text, b.text):
        return "numeric"
    if a.speaker and b.speaker:
        return "self_contradiction" if a.speaker == b.speaker else "source_conflict"
    return "narrative" if a.own_voice and b.own_voice else "unattributed"


def kind_across(a: Statement, b: Statement) -> str:
    """Which of `KINDS` two statements of different documents would be, were they a contradiction."""
    kind = kind_of(replace(a, headline=False), replace(b, headline=False))
    return "between_articles" if kind in ("narrative", "unattributed") else kind


def _times_differ(a: Statement, b: Statement) -> bool:
    """Whether two statements speak of different years, or one of the past and the other not."""
    years_a, years_b = ({date[:4] for date in side.dates if date[0].isdigit()} for side in (a, b))
    if years_a and years_b:
        return years_a.isdisjoint(years_b)
    tenses = [TENSES & set(side.cues) for side in (a, b)]
    return all(tenses) and ("past" in tenses[0]) != ("past" in tenses[1])


def reasons_for(
    a: Statement,
    b: Statement,
    features: NDArray[np.float64],
    contributions: NDArray[np.float64],
    contradiction: Sequence[float],
) -> tuple[str, ...]:
    """What raised the confidence of a pair, in words, strongest first.

    `contradiction`: its probability in both directions. Shape: features and what each adds, (len(FEATURES),) twice.
    """
    each = zip(contributions.tolist(), FEATURES, features.tolist(), strict=True)
    raised = sorted(((added, name) for added, name, value in each if added > 0 and value > 0), reverse=True)
    reasons = (_reason(name, a, b, contradiction) for _, name in raised)
    return tuple(reason for reason in reasons if reason)


def _reason(feature: str, a: Statement, b: Statement, contradiction: Sequence[float]) -> str | None:
    if feature == "contradiction":
        of_clauses = sum(probability >= 0.5 for probability in contradiction)
        return ("their sentences exclude each other", "one excludes the other", "each excludes the other")[of_clauses]
    if feature == "relatedness":
        stems_of_b = content(b.text)
        words = [word for stem, word in content(a.text).items() if stem in stems_of_b]
        return f"both speak of {', '.join(words[:SHARED_WORDS_SHOWN])}" if words else None
    if feature == "numeric_conflict":
        amounts = numeric_conflict(a.text, b.text)
        return f"{amounts[0]} against {amounts[1]}" if amounts else None
    if feature == "same_speaker":
        return "the same speaker" if a.speaker and a.speaker == b.speaker else None
    if feature == "same_sentence":
        return "in the same sentence" if a.sentence == b.sentence else None
    return None


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by falling confidence, ties by position in the document."""
    return tuple(sorted(findings, key=lambda finding: (-finding.confidence, finding.a.start, finding.b.start)))


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Of several pairs of clauses of the same two sentences the surest, of equally sure ones the shortest.

    Pairs of clauses of one sentence all stay: they are different pairs of places.
    """
    best: dict[tuple[int, int], Finding] = {}
    within = []
    for finding in findings:
        place = finding.a.sentence, finding.b.sentence
        if place[0] == place[1]:
            within.append(finding)
        elif place not in best or _tightness(finding) > _tightness(best[place]):
            best[place] = finding
    return [*best.values(), *within]


def _tightness(finding: Finding) -> tuple[float, int]:
    return finding.confidence, -len(finding.a.text) - len(finding.b.text)


@contextmanager
def _json_of(command: str) -> Iterator[None]:
    """Say of JSON in which something is missing or odd that no such command wrote it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"not written by `claims {command} --format json` ({error!r})") from error


def document_json(document: Document, text: bool = False) -> dict[str, Any]:
    """A document as the JSON contract has it, with or without its text."""
    written: dict[str, Any] = {
        "id": document.id,
        "source": document.source,
        "language": document.language,
        "title": document.title,
        "date": document.date,
        "n_chars": len(document.text),
    }
    return {**written, "text": document.text} if text else written


def _document_from_json(data: dict[str, Any], command: str) -> Document:
    if data["schema"] != SCHEMA:
        raise ResultsError(f"schema {data['schema']}: not schema {SCHEMA}; run `claims {command}` again")
    given = data["document"]
    if "text" not in given:
        raise ResultsError(
            f"the text of the document is missing; write it with `claims {command} --format json --text`"
        )
    skipped_chars = data["counts"].get("skipped_chars", 0)
    return Document(given["text"], given["source"], given["language"], given["title"], given["date"], skipped_chars)


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as the JSON contract has it."""
    return {
        "confidence": finding.confidence,
        "kind": finding.kind,
        "reasons": list(finding.reasons),
        "probabilities": {
            "forward": list(finding.forward),
            "backward": list(finding.backward) if finding.backward else None,
        },
        "a": statement_json(finding.a),
        "b": statement_json(finding.b),
        **({"verdict": asdict(finding.verdict)} if finding.verdict else {}),
    }


def _finding_from_json(data: dict[str, Any]) -> Finding:
    forward, backward = (data["probabilities"][side] for side in ("forward", "backward"))
    return Finding(
        statement_from_json(data["a"]),
        statement_from_json(data["b"]),
        data["confidence"],
        data["kind"],
        tuple(data["reasons"]),
        tuple(forward),
        tuple(backward) if backward else None,
        Verdict(**data["verdict"]) if "verdict" in data else None,
    )
