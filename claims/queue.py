"""The queue of a review: which findings of a results file, in which order, and how many of each sort there are.

Asks the tables of `claims.results` and changes nothing in them. Knows nothing of screens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

from claims.findings import RIGHT, VERDICTS, Verdict
from claims.results import Results, folded

UNREVIEWED, REVIEWED, ALL = "unreviewed", "reviewed", "all"
STATES = (UNREVIEWED, *VERDICTS, ALL)
"""Which findings can be chosen by their verdict."""

SORTS = {
    "surest": "confidence DESC, document, findings.id",
    "least_sure": "confidence, document, findings.id",
    "article": "documents.source, document, findings.id",
    "latest": "coalesce(last.id, 0) DESC, confidence DESC, findings.id",
    "random": "findings.pair, findings.id",
}
"""The orders, each with its SQL; the hash of a pair is as good as chance, and the same each time."""

EXCERPT = 200  # characters of a statement in the queue

_WORD = re.compile(r"\w+")
# Scripts whose words are not set apart, which the index of words therefore knows as whole sentences only.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_FROM = (
    " FROM findings JOIN documents ON documents.id = findings.document JOIN runs ON runs.id = documents.run"
    " LEFT JOIN verdicts AS last ON last.id = (SELECT max(id) FROM verdicts WHERE pair = findings.pair)"
)
# What is a finding where nobody asks for more. The first condition follows from the second, and indices answer it.
_COUNTS = (
    "(confidence >= (SELECT min(threshold) FROM runs) OR findings.pair IN (SELECT pair FROM verdicts))"
    " AND (confidence >= threshold OR last.verdict IS NOT NULL)"
)
_SECOND = " LEFT JOIN documents AS second ON second.id = other"  # the article of the second statement, if another


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings to look at, and in which order; what is empty or None lets all through."""

    verdict: str = UNREVIEWED
    """One of `STATES`."""
    kind: str = ""
    language: str = ""
    """Of one of the two statements."""
    document: str = ""
    """The id of an article that takes part."""
    least: float | None = None
    """From which confidence on; None: from the threshold of the run, and whatever has a verdict."""
    most: float | None = None
    """Up to which whole percent, as a confidence is shown: 0.93 lets 0.934 through."""
    words: str = ""
    """Words, or their beginnings, that one of the two statements has, or parts of the name of its speaker."""
    sort: str = "surest"
    """One of `SORTS`."""


@dataclass(frozen=True)
class Queue:
    """The findings that a filter lets through."""

    ids: tuple[int, ...]
    """Their rows, in order."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """How many there are with each of `STATES`, and `REVIEWED`, were the filter another in this point alone; so are
    all counts."""
    kinds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    any_language: int = 0
    """How many there are in all languages; one of two articles may count for two."""
    any_document: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A finding as the queue shows it."""

    id: int
    pair: str
    confidence: float
    calibrated: bool
    kind: str
    document: str
    source: str
    title: str | None
    language: str
    source_b: str | None
    """Of the article of the second statement, where that is another."""
    title_b: str | None
    language_b: str
    a: str
    """The beginning of the first statement."""
    b: str
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A pair with a verdict, for figures."""

    confidence: float
    kind: str
    language: str
    right: bool
    """Whether the two do contradict each other."""
    calibrated: bool = True


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """A document and the findings in which it has a part, as a `Filter` lets them through by itself."""

    id: str
    source: str
    title: str | None
    language: str
    findings: int
    reviewed: int
    right: int
    highest: float
    calibrated: bool


def queue_of(results: Results, filter: Filter, at: int | None = None) -> Queue:
    """The findings that a filter lets through, and the one at `at`, wherever it belongs, though it does not."""
    conditions, values = _conditions(filter)
    kept = f"(({' AND '.join(conditions)}) OR findings.id = ?)"
    rows = results.ask(
        "SELECT findings.id, last.verdict, kind, documents.language, second.language, document, other,"
        f" ({' AND '.join(conditions)}){_FROM}{_SECOND}"
        f" WHERE {kept} ORDER BY {SORTS[filter.sort]}",
        *(*values, *values, at),
    )
    ids = []
    verdicts, kinds, languages, documents = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    any_language = any_document = 0
    for id, verdict, kind, language_a, language_b, document, other, passes in rows:
        states = (verdict, REVIEWED, ALL) if verdict else (UNREVIEWED, ALL)
        misses = [
            filter.verdict not in states,
            bool(filter.kind) and filter.kind != kind,
            bool(filter.language) and filter.language not in (language_a, language_b),
            bool(filter.document) and filter.document not in (document, other),
        ]
        n_misses = sum(misses)
        if id == at or (passes and not n_misses):
            ids.append(id)
        if not passes or n_misses > 1:
            continue
        if not n_misses or misses[0]:
            verdicts.update(states)
        if not n_misses or misses[1]:
            kinds[kind] += 1
        if not n_misses or misses[2]:
            any_language += 1
            languages.update({language_a, language_b or language_a})
        if not n_misses or misses[3]:
            any_document += 1
            documents.update((document, other) if other else (document,))
    return Queue(tuple(ids), verdicts, kinds, languages, documents, any_language, any_document)


def items_of(results: Results, ids: Sequence[int]) -> list[Item]:
    """What the queue shows of findings, in the order of their ids; those that are gone are left out."""
    marks = ", ".join("?" * len(ids))
    rows = results.ask(
        "SELECT findings.id, findings.pair, confidence, calibrated, kind, findings.document, documents.source,"
        " documents.title, documents.language, second.source, second.title,"
        " coalesce(second.language, documents.language),"
        f" substr(one.text, 1, {EXCERPT}), substr(two.text, 1, {EXCERPT}){_FROM}{_SECOND}"
        f" JOIN statements AS one ON one.id = a JOIN statements AS two ON two.id = b WHERE findings.id IN ({marks})",
        *ids,
    )
    verdicts = results.verdicts_on([row[1] for row in rows])
    found = {row[0]: Item(*(*row, verdicts.get(row[1]))) for row in rows}
    return [found[id] for id in ids if id in found]


def document_of(results: Results, id: int) -> str | None:
    """The document of the finding in a row; None where there is no such finding."""
    rows = results.ask("SELECT document FROM findings WHERE id = ?", id)
    return rows[0][0] if rows else None


def named(results: Results, documents: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Title and source of documents."""
    marks = ", ".join("?" * len(documents))
    rows = results.ask(f"SELECT id, title, source FROM documents WHERE id IN ({marks})", *documents)
    return {id: (title, source) for id, title, source in rows}


def reviewed(results: Results) -> list[Reviewed]:
    """Every pair with a verdict, once, where it is surest."""
    rows = results.ask(
        f"SELECT max(confidence), kind, language, last.verdict, calibrated{_FROM}"
        " WHERE findings.pair IN (SELECT pair FROM verdicts) AND last.verdict IS NOT NULL GROUP BY findings.pair"
    )
    return [
        Reviewed(confidence, kind, language, verdict in RIGHT, bool(calibrated))
        for confidence, kind, language, verdict, calibrated in rows
    ]


def confidences(results: Results) -> list[float]:
    """The confidence of every finding that a `Filter` lets through by itself."""
    return [confidence for (confidence,) in results.ask(f"SELECT confidence{_FROM} WHERE {_COUNTS}")]


@dataclass(frozen=True, slots=True)
class LessSure:
    """The pairs that are kept though they are no findings."""

    thresholds: tuple[float, ...]
    """Those of the runs, lowest first."""
    calibrated: bool
    n: int


def less_sure(results: Results) -> LessSure:
    """How many pairs below the threshold wait for somebody who wants to see them."""
    runs = results.ask(
        "SELECT DISTINCT threshold, calibrated FROM runs WHERE id IN (SELECT run FROM documents) ORDER BY threshold"
    )
    [(n_kept,)] = results.ask("SELECT count(*) FROM findings")
    [(n,)] = results.ask(f"SELECT count(*){_FROM} WHERE {_COUNTS}")
    return LessSure(tuple(row[0] for row in runs), all(row[1] for row in runs), n_kept - n)


def document_counts(results: Results) -> list[DocumentCounts]:
    """The documents with a part in findings, most first."""
    right = ", ".join(f"'{verdict}'" for verdict in sorted(RIGHT))
    rows = results.ask(
        "SELECT part.id, part.source, part.title, part.language, count(*), count(last.verdict),"
        f" count(*) FILTER (WHERE last.verdict IN ({right})), max(confidence), calibrated{_FROM}"
        " JOIN documents AS part ON part.id IN (findings.document, other)"
        f" WHERE {_COUNTS} GROUP BY part.id ORDER BY 5 DESC, 8 DESC, part.source"
    )
    return [DocumentCounts(*row) for row in rows]


def _conditions(filter: Filter) -> tuple[list[str], list[object]]:
    """What the database decides of a filter: confidence and words."""
    conditions = [_COUNTS if filter.least is None else "confidence >= ?"]
    values: list[object] = [] if filter.least is None else [filter.least]
    if filter.most is not None:
        conditions.append("confidence < ?")
        values.append((floor(100 * filter.most + 1e-9) + 1) / 100)
    words = (folded(filter.words) or "").split()
    if not words:
        return conditions, values
    plain = _WORD.findall(filter.words)
    if plain and not _UNSPACED.search(filter.words):
        match = " ".join(f'"{word}"*' for word in plain)
        found = "(SELECT rowid FROM words WHERE words MATCH ?)"
        within = f"(a IN {found} OR b IN {found})"
        values += [match, match]
    else:
        each = " AND instr(folded(text), ?)" * len(words)
        within = f"EXISTS (SELECT 1 FROM statements WHERE id IN (a, b){each})"
        values += words
    said = " AND instr(folded(json_extract(rest, '$.speaker')), ?)" * len(words)
    conditions.append(f"({within} OR EXISTS (SELECT 1 FROM statements WHERE id IN (a, b){said}))")
    return conditions, [*values, *words]
