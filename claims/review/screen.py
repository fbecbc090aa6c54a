"""What the review page shows, in words and numbers: the queue, the current finding with its article, the overview.

Knows the results file and the words of `claims.render`; nothing of HTTP, and of HTML only what `claims.render.pages`
does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from itertools import pairwise
from math import sqrt

from claims.findings import KINDS, Report, Verdict
from claims.queue import (
    ALL,
    REVIEWED,
    SORTS,
    UNREVIEWED,
    DocumentCounts,
    Filter,
    Item,
    LessSure,
    Queue,
    Reviewed,
    confidences,
    document_counts,
    document_of,
    items_of,
    less_sure,
    named,
    queue_of,
    reviewed,
)
from claims.render import shown
from claims.render.html import Card, Head, card_of
from claims.render.pages import Piece, Tongue, paragraphs, tongue_of
from claims.results import Decision, Kept, Results, standing

PAGE = 60  # findings of the queue that are shown at a time
DOCUMENTS_LISTED = 200  # in the filter, those with most findings; all are in the overview
LONG = 700  # characters of a statement that scrolls in its box

STATE_WORDS = {
    UNREVIEWED: "Unreviewed",
    "confirmed": "Confirmed",
    "false_alarm": "False alarm",
    "dismissed": "Dismissed",
    ALL: "All",
}
SORT_WORDS = {
    "surest": "surest first",
    "least_sure": "least sure first",
    "article": "by article",
    "latest": "latest verdict first",
    "random": "random",
}

_PERCENT = re.compile(r"\d{1,3}(?:[.,]\d{1,4})?", re.ASCII)


def filter_of(asked: Mapping[str, str], least: float | None = None) -> Filter:
    """The filter that an address asks for; what is not understood counts as not asked.

    `least`: from which confidence on, where the address says nothing of that.

    >>> filter_of({"verdict": "all", "from": "20", "sort": "oddest"})
    Filter(verdict='all', kind='', language='', document='', least=0.2, most=None, words='', sort='surest')
    """
    verdict, sort = asked.get("verdict", ""), asked.get("sort", "")
    return Filter(
        verdict if verdict in STATE_WORDS else UNREVIEWED,
        asked.get("kind", ""),
        asked.get("language", ""),
        asked.get("document", ""),
        _share(asked["from"]) if "from" in asked else least,
        _share(asked.get("to", "")),
        asked.get("words", "")[:200],
        sort if sort in SORTS else "surest",
    )


def _share(percent: str) -> float | None:
    return min(1.0, float(percent.replace(",", ".")) / 100) if _PERCENT.fullmatch(percent) else None


def _percent(share: float) -> str:
    return f"{100 * share:.6g}"


@dataclass(frozen=True, slots=True)
class FilterValue:
    """One of the values a filter can have."""

    value: str
    words: str
    n: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A finding in the queue."""

    id: int
    pair: str
    level: str
    width: int
    kind: str
    a: str
    b: str
    tongues: tuple[Tongue, Tongue]
    sources: tuple[str, ...]
    """The article, or both."""
    state: str
    """Its verdict; empty without one."""
    words: str
    """The same in words, with who gave it."""


@dataclass(frozen=True)
class QueueView:
    """The queue beside the finding."""

    filter: Filter
    percent_from: str
    percent_to: str
    states: list[FilterValue]
    kinds: list[FilterValue]
    languages: list[FilterValue]
    documents: list[FilterValue]
    sorts: list[FilterValue]
    rows: list[Row]
    n: int
    n_before: int
    """Findings before the first row."""
    position: int
    """Of the current finding, from 1; 0 where it is not in the queue."""
    current: int | None
    previous: int | None
    """The last finding before the first row."""
    next: int | None
    """The first finding behind the last row."""
    n_reviewed: int
    n_all: int
    """Findings that the filter lets through whatever their verdict, and how many have one."""
    is_filtered: bool
    """Whether the filter leaves out more than reviewed findings."""
    less_sure: LessSure
    """What lies below the threshold."""

    @property
    def threshold(self) -> str:
        """The threshold in words; empty where there are several."""
        [*thresholds] = self.less_sure.thresholds
        if len(thresholds) != 1:
            return ""
        return f"{100 * thresholds[0]:g}\u00a0%" if self.less_sure.calibrated else f"{thresholds[0]:g}"

    @property
    def width(self) -> int:
        """The reviewed share in percent."""
        return round(100 * self.n_reviewed / max(1, self.n_all))


def queue_view(results: Results, filter: Filter, at: int | None = None, usual_least: float | None = None) -> QueueView:
    """The part of the queue with the finding `at` in it, else its beginning; `usual_least`: `least` of `filter_of`."""
    queue = queue_of(results, filter, at)
    place = queue.ids.index(at) if at in queue.ids else 0
    first = place // PAGE * PAGE
    listed = queue.ids[first : first + PAGE]
    rows = [_row(item) for item in items_of(results, listed)]
    return QueueView(
        filter,
        "" if filter.least is None else _percent(filter.least),
        "" if filter.most is None else _percent(filter.most),
        [
            FilterValue(state, words, queue.verdicts[state], state == filter.verdict)
            for state, words in STATE_WORDS.items()
        ],
        _choices(
            "every kind", queue.kinds.total(), queue.kinds, filter.kind, {kind: kind_name(kind) for kind in queue.kinds}
        ),
        _choices(
            "every language",
            queue.any_language,
            queue.languages,
            filter.language,
            {code: language_name(code) for code in {*queue.languages, filter.language} if code},
        ),
        _documents(results, queue, filter.document),
        [FilterValue(sort, words, 0, sort == filter.sort) for sort, words in SORT_WORDS.items()],
        rows,
        len(queue.ids),
        first,
        place + 1 if at in queue.ids else 0,
        at,
        queue.ids[first - 1] if first else None,
        queue.ids[first + PAGE] if first + PAGE < len(queue.ids) else None,
        queue.verdicts[REVIEWED],
        queue.verdicts[ALL],
        filter != Filter(filter.verdict, least=usual_least, sort=filter.sort),
        less_sure(results),
    )


@dataclass(frozen=True, slots=True)
class Emptiness:
    """What there is to say of a file without any finding."""

    n_documents: int
    n_failures: int
    only: str
    """The document, where there is only one."""


def emptiness_of(results: Results) -> Emptiness:
    """Why there is nothing to review."""
    totals = results.totals()
    [only] = results.document_ids() if totals.documents == 1 else [""]
    return Emptiness(totals.documents, totals.failures, only)


def _choices(every: str, n: int, counts: Mapping[str, int], chosen: str, words: Mapping[str, str]) -> list[FilterValue]:
    known = {**dict.fromkeys([chosen] if chosen else [], 0), **counts}
    ranked = sorted(known.items(), key=lambda each: (-each[1], words.get(each[0], each[0])))
    return [
        FilterValue("", every, n, not chosen),
        *(FilterValue(value, words.get(value, value), n_of, value == chosen) for value, n_of in ranked),
    ]


def _documents(results: Results, queue: Queue, chosen: str) -> list[FilterValue]:
    wanted = [document for document, _ in queue.documents.most_common(DOCUMENTS_LISTED)]
    names = {id: _title(title, source) for id, (title, source) in named(results, [*wanted, chosen]).items()}
    n_more = len(queue.documents.keys() - names.keys())
    every = f"every article ({n_more:,} more in the overview)" if n_more else "every article"
    counts = {id: queue.documents[id] for id in names}
    return _choices(every, queue.any_document, counts, chosen if chosen in names else "", names)


def _title(title: str | None, source: str) -> str:
    return shown.one_line(title or "") or shown.one_line(source)


def _row(item: Item) -> Row:
    return Row(
        item.id,
        item.pair,
        level_words(item.confidence, calibrated=item.calibrated),
        round(100 * item.confidence),
        kind_name(item.kind),
        shown.one_line(item.a),
        shown.one_line(item.b),
        (tongue_of(item.language), tongue_of(item.language_b)),
        (_title(item.title, item.source), *([_title(item.title_b, item.source_b)] if item.source_b else [])),
        item.verdict.verdict if item.verdict else "",
        _verdict_words(item.verdict),
    )


def _verdict_words(verdict: Verdict | None) -> str:
    """A verdict without its note, as "confirmed by Ana"."""
    return f"{shown.VERDICT_WORDS[verdict.verdict]} by {shown.one_line(verdict.reviewer)}" if verdict else ""


def level_words(confidence: float, *, calibrated: bool) -> str:
    """A confidence as "7 %", or as "0.07" where it is not calibrated."""
    return shown.level_words(confidence, calibrated=calibrated).replace(" ", "\u00a0")


def kind_name(kind: str) -> str:
    """What a kind means."""
    return KINDS.get(kind) or shown.one_line(kind.replace("_", " "))


@cache
def language_name(code: str) -> str:
    """The English name of a language, as in "Spanish"."""
    from babel import Locale

    if code == shown.UNKNOWN_LANGUAGE:
        return "unknown language"
    return str(Locale("en").languages.get(code, shown.one_line(code)))


# --- a finding --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """Another finding in the margin of an article."""

    id: int
    name: str
    """Of its statement in the text."""
    level: str
    kind: str
    state: str


@dataclass(frozen=True)
class ArticleView:
    """An article with the statements of the current finding and of others in it."""

    head: Head
    document: str
    facts: tuple[str, ...]
    letters: str
    """Which of the statements of the current finding it has: "ab", or of two articles "a" or "b"."""
    paragraphs: list[tuple[list[Piece], list[Mark]]]


@dataclass(frozen=True, slots=True)
class Past:
    """A decision of before."""

    words: str
    note: str
    given: str
    """When, for a machine."""
    day: str
    """When, for a person."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What was decided on a pair, as one of its reviewers is told."""

    seen: int
    """The number of the last decision; 0 without one."""
    state: str
    """Its verdict; empty without one."""
    words: str
    """The same in words, with who gave it."""
    own: bool
    """Whether this reviewer gave it."""
    last: str
    """What was done last, in words."""
    note: str
    """Of this reviewer."""
    notes: tuple[tuple[str, str], ...]
    """Of others, each with the name."""
    history: tuple[Past, ...]


def stand_of(decisions: Sequence[Decision], reviewer: str) -> Stand:
    """What a reviewer is told of the decisions on a pair, the first first."""
    verdict = standing(decisions)
    notes = {decision.reviewer: decision.note for decision in decisions}
    before = [None, *(decision.verdict for decision in decisions)]
    history = tuple(map(_past, decisions, before))
    goes_on = [
        one.reviewer == other.reviewer and one.verdict == other.verdict == stood
        for one, other, stood in zip(decisions, decisions[1:], before, strict=False)
    ]  # a note that was saved while it was written
    return Stand(
        decisions[-1].number if decisions else 0,
        verdict.verdict if verdict else "",
        _verdict_words(verdict),
        verdict is not None and verdict.reviewer == reviewer,
        history[-1].words if history else "",
        notes.pop(reviewer, ""),
        tuple((shown.one_line(name), shown.one_line(note)) for name, note in notes.items() if note),
        tuple(past for past, is_part in zip(history, [*goes_on, False], strict=False) if not is_part),
    )


def _past(decision: Decision, before: str | None) -> Past:
    """A decision in words; `before`: the verdict that stood before it."""
    if decision.verdict == before and decision.note:
        words = "note"
    elif decision.verdict is None:
        words = "note removed" if before is None else "taken back"
    else:
        words = shown.VERDICT_WORDS[decision.verdict]
    try:
        at = datetime.fromisoformat(decision.given)
        day = f"{at.day} {at:%b %Y, %H:%M} UTC"
    except ValueError:
        day = shown.one_line(decision.given)
    who = shown.one_line(decision.reviewer)
    return Past(f"{words} by {who}", shown.one_line(decision.note), decision.given, day)


@dataclass(frozen=True)
class FindingView:
    """The current finding."""

    id: int
    pair: str
    stand: Stand
    card: Card
    reasons: tuple[str, ...]
    calibrated: bool
    articles: list[ArticleView]
    is_long: tuple[bool, bool]
    around: tuple[tuple[str, str], tuple[str, str]]
    """What stands before and behind each statement."""

    @property
    def is_across(self) -> bool:
        """Whether its statements stand in two articles."""
        return len(self.articles) > 1


def finding_view(results: Results, id: int, reviewer: str) -> FindingView | None:
    """The finding in a row as a reviewer sees it; None when it is gone, as after its article was scored again."""
    document = document_of(results, id)
    if document is None:
        return None
    kept = results.kept(document)
    current = next(each for each in kept if each.id == id)
    report = results.report(document)
    other = results.report(current.other) if current.other else None
    finding, document_a = current.finding, report.document
    articles = [_article(report, kept, current, "a" if other else "ab")]
    if other:
        articles.append(_article(other, results.kept(other.document.id), current, "b"))
    return FindingView(
        id,
        current.pair,
        stand_of(results.decisions(current.pair), reviewer),
        card_of(report, finding, other=other),
        tuple(map(shown.one_line, finding.reasons)),
        report.calibrated,
        articles,
        (len(finding.a.text) > LONG, len(finding.b.text) > LONG),
        (shown.around(document_a, finding.a), shown.around(other.document if other else document_a, finding.b)),
    )


def _article(report: Report, kept: Sequence[Kept], current: Kept, letters: str) -> ArticleView:
    """An article with the sides of the current finding that it has, and of the others in it."""
    id = report.document.id
    sides = {"a": current.finding.a, "b": current.finding.b}
    spans = [(sides[letter].start, sides[letter].end, letter) for letter in letters]
    others = [
        each
        for each in kept
        if each.id != current.id and (each.finding.confidence >= report.threshold or each.finding.verdict)
    ]
    marks = {}
    for each in others:
        for letter, side in (("a", each.finding.a), ("b", each.finding.b)):
            if (each.other or id) == id if letter == "b" else each.document == id:
                name = f"o{each.id}{letter}"
                spans.append((side.start, side.end, name))
                verdict = each.finding.verdict
                level = level_words(each.finding.confidence, calibrated=report.calibrated)
                marks[name] = Mark(
                    each.id, name, level, shown.kind_words(each.finding), verdict.verdict if verdict else ""
                )
    return ArticleView(
        Head(f"article-{letters}", report.document),
        id,
        (*shown.origin(report.document), *shown.unread_words(report.document.skipped_chars)),
        letters,
        [
            (
                pieces,
                list(
                    {marks[name].id: marks[name] for piece in pieces for name in piece.begins if name in marks}.values()
                ),
            )
            for pieces in paragraphs(report.document.text, spans)
        ],
    )


# --- the overview -----------------------------------------------------------------------------------------------------

BINS = 20  # of the histogram
RELIABILITY = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.01)  # edges: most findings have a low confidence
CHART = 300  # height and width of the reliability curve, in its own units
HISTOGRAM = (600, 180)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some reviewed findings are right."""

    name: str
    n: int
    right: int
    low: float
    high: float
    """Between which shares the true one lies, 95 times in 100."""

    @property
    def words(self) -> str:
        """The share in percent."""
        return f"{100 * self.right / self.n:.0f}\u00a0%"

    @property
    def range(self) -> str:
        """The interval in words."""
        return f"{100 * self.low:.0f} to {100 * self.high:.0f}\u00a0%"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the histogram."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the reliability curve."""

    x: float
    y: float
    radius: float
    words: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """All of a results file at a glance."""

    words: str
    """What titles or sources of the documents have; empty for all."""
    documents: list[DocumentCounts]
    n_more: int
    """Documents with findings that are not among these."""
    titles: dict[str, str]
    levels: dict[str, str]
    n_documents: int
    n_findings: int
    n_reviewed: int
    overall: Share | None
    by_kind: list[Share]
    by_language: list[Share]
    columns: list[Column]
    highest: int
    """Findings in the highest column."""
    points: list[Point]
    calibration_error: str
    n_failures: int


def overview(results: Results, words: str = "", n_documents: int = 200) -> Overview:
    """What the overview page shows; of the documents with all words in title or source those with most findings."""
    looked_for = words.casefold().split()
    documents = [
        each
        for each in document_counts(results)
        if all(word in f"{each.title or ''} {each.source}".casefold() for word in looked_for)
    ]
    found, decided, totals = confidences(results), reviewed(results), results.totals()
    listed = documents[:n_documents]
    points, error = _reliability([each for each in decided if each.calibrated])
    columns, highest = _histogram(found)
    return Overview(
        words,
        listed,
        len(documents) - len(listed),
        {each.id: _title(each.title, each.source) for each in listed},
        {each.id: level_words(each.highest, calibrated=each.calibrated) for each in listed},
        totals.documents,
        len(found),
        queue_of(results, Filter()).verdicts[REVIEWED],
        share("all", decided) if decided else None,
        _shares(decided, {each.kind: kind_name(each.kind) for each in decided}, "kind"),
        _shares(decided, {each.language: language_name(each.language) for each in decided}, "language"),
        columns,
        highest,
        points,
        error,
        totals.failures,
    )


def share(name: str, decided: Sequence[Reviewed]) -> Share:
    """The right ones of some reviewed findings, with Wilson's interval.

    Source: Wilson 1927, Probable Inference.
    """
    n, right, z = len(decided), sum(each.right for each in decided), 1.96
    middle = (right + z * z / 2) / (n + z * z)
    reach = z * sqrt(right * (n - right) / n + z * z / 4) / (n + z * z)
    return Share(name, n, right, max(0.0, middle - reach), min(1.0, middle + reach))


def _shares(decided: Sequence[Reviewed], names: Mapping[str, str], group: str) -> list[Share]:
    groups: dict[str, list[Reviewed]] = {}
    for each in decided:
        groups.setdefault(getattr(each, group), []).append(each)
    return sorted((share(names[key], of) for key, of in groups.items()), key=lambda one: (-one.n, one.name))


def _histogram(found: Sequence[float]) -> tuple[list[Column], int]:
    counts = [0] * BINS
    for confidence in found:
        counts[min(int(confidence * BINS), BINS - 1)] += 1
    highest = max(counts)
    width, height = HISTOGRAM
    columns = []
    for number, n in enumerate(counts):
        if not n:
            continue
        tall = max(2.0, height * n / highest)
        span = f"{100 * number // BINS} to {100 * (number + 1) // BINS}\u00a0%"
        step = width / BINS
        columns.append(
            Column(number * step + 1, height - tall, step - 2, tall, f"{shown.counted(n, 'finding')} of {span}")
        )
    return columns, highest


def _reliability(decided: Sequence[Reviewed]) -> tuple[list[Point], str]:
    """A point for each bin of confidence, and the mean distance from the diagonal, each pair counting once."""
    points, distance = [], 0.0
    for low, high in pairwise(RELIABILITY):
        of_bin = [each for each in decided if low <= each.confidence < high]
        if not of_bin:
            continue
        mean = sum(each.confidence for each in of_bin) / len(of_bin)
        one = share("", of_bin)
        words = f"{len(of_bin)} reviewed with a confidence of {100 * mean:.0f}\u00a0% on average: {one.words} right"
        cells = (f"{100 * mean:.0f}\u00a0%", one.words, one.range, f"{len(of_bin):,}")
        right = one.right / one.n
        distance += one.n * abs(mean - right)
        points.append(Point(CHART * mean, CHART * (1 - right), min(14.0, 3 + sqrt(len(of_bin))), words, cells))
    return points, f"{distance / len(decided):.3f}" if decided else ""


def names_of(filter: Filter, least: float | None = None) -> dict[str, str]:
    """The filter as an address asks for it, without what is as it is anyway; `least`: as for `filter_of`."""
    asked = {"verdict": filter.verdict, "kind": filter.kind, "language": filter.language, "document": filter.document}
    asked |= {"words": filter.words, "sort": filter.sort}
    usual = {each.name: each.default for each in fields(Filter)}
    told = {name: value for name, value in asked.items() if value and value != usual.get(name)}
    if filter.least != least:
        told["from"] = "" if filter.least is None else _percent(filter.least)
    if filter.most is not None:
        told["to"] = _percent(filter.most)
    return told
