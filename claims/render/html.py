"""Reports and extracts as one HTML file.

A report shows its findings as cards, the article beside them, and links between the two; an extract its statements,
sentence by sentence. The templates are those of the review page, which is the same to be decided on.

The file loads nothing and runs nothing: no script, one style element whose hash is all that the Content
Security Policy allows. A click on a link makes its finding the target of the page, and the style lights up
both statements.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from claims.document import Document
from claims.findings import Extract, Finding, Report
from claims.render import shown
from claims.render.difference import Part, differing
from claims.render.pages import Piece, Tongue, asset, page_of, paragraphs, tongue_of, verbatim
from claims.render.shown import Options
from claims.statements import Statement

HEADING = "Possible contradictions"
FOOTER = "Each finding is a hint for an editor, not a verdict."

# A Content Security Policy for a page that is read, not run.
_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


def render_html(reports: Sequence[Report], options: Options) -> str:
    """One self-contained page with a section for each article."""
    sections = report_sections(reports, options)
    names = [finding.name for section in sections for finding in section.findings]
    return _page(
        "report.html",
        target_style(names),
        heading=HEADING,
        name=_name(section.head.title for section in sections),
        contents=[(section.head, shown.counted(len(section.findings), "finding")) for section in sections],
        sections=sections,
        footer=FOOTER,
        back=options.index,
        back_words="all articles",
    )


def render_statements_html(extracts: Sequence[Extract], options: Options) -> str:
    """One self-contained page with the statements of each article."""
    sections = [_extract_section(f"r{number}", extract, options) for number, extract in enumerate(extracts, start=1)]
    counts = (shown.counted(extract.counts.claims, "claim") for extract in extracts)
    return _page(
        "statements.html",
        heading="Statements",
        name=_name(section.head.title for section in sections),
        contents=[(section.head, count) for section, count in zip(sections, counts, strict=True)],
        sections=sections,
        footer="Who speaks and what is worth checking are guesses, not facts.",
        back="",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list of articles says of one."""

    page: str
    """The page about the article, from the list."""
    id: str
    """Of the document."""
    document: Document
    """The same without its text."""
    n_findings: int
    n_reviewed: int
    highest: float
    """Confidence of the surest finding, 0 where there is none."""
    confidence: str
    """The same in words."""


_ORDERS: dict[str, tuple[str, Callable[[Entry], tuple[object, ...]]]] = {
    "index.html": ("by findings", lambda entry: (-entry.n_findings, -entry.highest, entry.document.source)),
    "by-confidence.html": ("by confidence", lambda entry: (-entry.highest, -entry.n_findings, entry.document.source)),
    "by-source.html": ("by source", lambda entry: (entry.document.source,)),
    "by-title.html": ("by title", lambda entry: (shown.title(entry.document).casefold(), entry.document.source)),
    "by-date.html": ("by date, latest first", lambda entry: (_latest_first(entry), entry.document.source)),
}
"""The pages of the list: what each is called, and its order."""

_ACROSS = "between-articles.html"


def render_index(entries: Sequence[Entry], across: Iterable[tuple[Report, Report, Finding]] = ()) -> dict[str, str]:
    """The list of all articles in several orders, each a page of its own; links need no script. File name -> page.

    `across`: findings between two articles, which come on a page of their own.
    """
    pairs = _pairs(entries, across)
    pages = {file: _index(entries, file, len(pairs)) for file in _ORDERS}
    if pairs:
        pages[_ACROSS] = _page(
            "across.html",
            heading=f"{HEADING} between articles",
            name=shown.counted(len(pairs), "finding"),
            pairs=pairs,
            footer=FOOTER,
            back="index.html",
            back_words="all articles",
        )
    return pages


def _pairs(
    entries: Sequence[Entry], across: Iterable[tuple[Report, Report, Finding]]
) -> list[tuple[Card, list[dict[str, str]]]]:
    """Each finding between two articles, and what there is to say of those."""
    page_about = {entry.id: entry.page for entry in entries}

    def about(document: Document) -> dict[str, str]:
        title, day = shown.title(document), shown.one_line(document.date or "")
        return {"title": title, "date": day, "page": page_about.get(document.id, "")}

    return [
        (card_of(one, finding, number=number, other=other), [about(one.document), about(other.document)])
        for number, (one, other, finding) in enumerate(across, start=1)
    ]


def _index(entries: Sequence[Entry], file: str, n_across: int) -> str:
    n_findings = sum(entry.n_findings for entry in entries)
    n_reviewed = sum(entry.n_reviewed for entry in entries)
    counts = [shown.counted(len(entries), "article"), shown.counted(n_findings, "finding"), f"{n_reviewed:,} reviewed"]
    return _page(
        "index.html",
        heading=HEADING,
        name=counts[0],
        file=file,
        orders=[(order, words) for order, (words, _) in _ORDERS.items()],
        counts=", ".join(counts),
        across=(_ACROSS, shown.counted(n_across, "finding")) if n_across else None,
        rows=[_row(entry) for entry in sorted(entries, key=_ORDERS[file][1])],
        footer=FOOTER,
    )


def _row(entry: Entry) -> dict[str, Any]:
    title, source = shown.title(entry.document), shown.one_line(entry.document.source)
    cells = (
        *(f"{entry.n_findings:,}", entry.confidence if entry.n_findings else "", f"{entry.n_reviewed:,}"),
        *(entry.document.language, shown.one_line(entry.document.date or "")),
    )
    return {"page": entry.page, "title": title, "source": source if source != title else "", "cells": cells}


def _latest_first(entry: Entry) -> tuple[int, ...]:
    """A key that puts late dates before early ones, and those before none."""
    return tuple(-ord(sign) for sign in entry.document.date or "") or (1,)


def _name(titles: Iterable[str]) -> str:
    """What a page is called: as its article, where there is only one."""
    named = list(titles)
    return named[0] if len(named) == 1 else shown.counted(len(named), "article")


def _page(template: str, more_style: str = "", **values: object) -> str:
    style = asset("claims.render", "templates/page.css") + more_style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return page_of(template, style=verbatim(style), policy=verbatim(_POLICY.format(digest)), **values)


@dataclass(frozen=True)
class Head:
    """What the section about an article begins with."""

    id: str
    document: Document

    @property
    def title(self) -> str:
        """What the article is called."""
        return shown.title(self.document)

    @property
    def titled(self) -> bool:
        """Whether that is in the language of the article: the name of a file stays as it is in an Arabic one too."""
        return bool(shown.one_line(self.document.title or ""))

    @property
    def language(self) -> Tongue:
        """How text of the article is marked."""
        return tongue_of(self.document.language)


@dataclass(frozen=True)
class Side:
    """One of the two statements of a finding."""

    letter: str
    place: tuple[str, ...]
    parts: Sequence[Part]
    language: Tongue


@dataclass(frozen=True)
class Card:
    """A finding in words."""

    name: str
    """The same in the addresses of its parts; empty where it has none."""
    number: int
    level: str
    """Its confidence in words."""
    width: int
    """The same in percent, for a bar."""
    kind: str
    why: str
    verdict: str
    sides: tuple[Side, Side]


def card_of(report: Report, finding: Finding, name: str = "", number: int = 0, other: Report | None = None) -> Card:
    """A finding in words; `other`: the report of the document of its second statement, where that is another."""
    of_b = other or report
    parts = differing(finding.a.text, finding.b.text, report.document.language, of_b.document.language)
    return Card(
        name,
        number,
        shown.confidence_words(report, finding.confidence).replace(" ", "\u00a0"),
        round(min(max(finding.confidence, 0), 1) * 100),
        shown.kind_words(finding),
        shown.reasons_words(finding),
        shown.verdict_words(finding),
        (
            Side("A", shown.place_words(report, finding.a), parts[0], tongue_of(report.document.language)),
            Side("B", shown.place_words(of_b, finding.b), parts[1], tongue_of(of_b.document.language)),
        ),
    )


@dataclass(frozen=True)
class ReportSection:
    """The part of the page about one article; its findings are named r1f1, their statements r1f1a, r1f1b."""

    head: Head
    facts: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    headline: str
    findings: list[Card]
    closest: Card | None
    paragraphs: list[list[Piece]]
    n_statements: str
    sentences: list[tuple[int, list[dict[str, Any]]]]


def report_sections(reports: Sequence[Report], options: Options) -> list[ReportSection]:
    """A section for each report, as the templates have them."""
    return [_report_section(f"r{number}", report, options) for number, report in enumerate(reports, start=1)]


def _report_section(id: str, report: Report, options: Options) -> ReportSection:
    document, listed = report.document, report.listed(options.min_confidence)
    cards = [card_of(report, finding, f"{id}f{number}", number) for number, finding in enumerate(listed, start=1)]
    spans = [
        (side.start, side.end, card.name + letter)
        for card, finding in zip(cards, listed, strict=True)
        for letter, side in (("a", finding.a), ("b", finding.b))
    ]
    return ReportSection(
        Head(id, document),
        (*shown.origin(document), shown.counts_words(report), f"model {shown.model_words(report)}"),
        shown.left_out(report),
        shown.notes(report),
        shown.headline(report, options).replace(" %", "\u00a0%"),
        cards,
        card_of(report, report.scored[0]) if report.scored and not cards else None,
        paragraphs(document.text, spans),
        shown.counted(len(report.statements), "statement"),
        _sentences(document, report.statements) if options.statements else [],
    )


@dataclass(frozen=True)
class _ExtractSection:
    head: Head
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    headline: str
    sentences: list[tuple[int, list[dict[str, Any]]]]
    left_out: tuple[str, ...] = ()


def _extract_section(id: str, extract: Extract, options: Options) -> _ExtractSection:
    document = extract.document
    return _ExtractSection(
        Head(id, document),
        (*shown.origin(document), shown.extract_counts_words(extract)),
        shown.extract_notes(extract),
        shown.statements_headline(extract, options),
        _sentences(document, extract.listed(claims_only=options.claims_only)),
    )


def _sentences(document: Document, statements: Sequence[Statement]) -> list[tuple[int, list[dict[str, Any]]]]:
    """The statements of each sentence that has any, with its number."""
    return [
        (
            sentence + 1,
            [
                {"text": s.text, "is_claim": s.is_claim, "words": shown.statement_words(document, s)}
                for s in of_sentence
            ],
        )
        for sentence, of_sentence in groupby(statements, lambda statement: statement.sentence)
    ]


def target_style(names: Sequence[str]) -> str:
    """Rules that light up both statements and the card of the finding that a link went to."""
    if not names:
        return ""
    # :has() sees the target wherever it is, so a statement cut into many marks lights up as one.
    target = ":root:has(:is(#{0}, #{0}a, #{0}b):target)".format
    rules = (
        ("a", "background: var(--a); border-color: var(--a-ink);"),
        ("b", "background: var(--b); border-color: var(--b-ink);"),
        ("", "border-color: var(--link); box-shadow: 0 0 0 1px var(--link);"),
    )
    return "".join(
        ",\n".join(f"{target(name)} .{name}{side}" for name in names) + f" {{ {declarations} }}\n"
        for side, declarations in rules
    )
