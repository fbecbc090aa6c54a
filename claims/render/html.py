"""Reports and extracts as one HTML file.

A report shows its findings as cards, the article beside them, and links between the two; an extract its statements,
sentence by sentence.

The file loads nothing and runs nothing: no script, one style element whose hash is all that the Content
Security Policy allows. A click on a link makes its finding the target of the page, and the style lights up
both statements. Every text is escaped in `_text`, nowhere else; an article adds no element and no attribute.
"""

from __future__ import annotations

import base64
import hashlib
import html
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from claims.document import Document
from claims.findings import Extract, Finding, Report
from claims.render import shown
from claims.render.shown import Options
from claims.statements import Statement

HEADING = "Possible contradictions"
FOOTER = "Each finding is a hint for an editor, not a verdict."

# Languages written from right to left; those with two scripts, as Kurdish, are left to dir="auto".
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})

# A Content Security Policy for a page that is read, not run.
_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --sheet: #ffffff; --ink: #1c1b19; --soft: #5c5951; --line: #dcd8cd; --link: #1a4f9c;
  --mark: #fdf0bd; --marked: #9a7400; --a: #cfe2ff; --a-ink: #123f85; --b: #ffdcbd; --b-ink: #823600;
  --bar: #b3261e; --track: #e7e3d8; --warn: #fff4d6; --warn-ink: #5f4500;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #161614; --sheet: #201f1d; --ink: #eceae4; --soft: #aba69a; --line: #3a3833; --link: #9cc2ff;
    --mark: #453b16; --marked: #d3b14a; --a: #173d70; --a-ink: #b5d2ff; --b: #6b3208; --b-ink: #ffcfa3;
    --bar: #ff8a80; --track: #3a3833; --warn: #3b3011; --warn-ink: #f5dc98;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
body > header, main, body > footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
body > header { padding-top: 1.25rem; }
h1 { margin: 0; font-size: 1rem; font-weight: 600; color: var(--soft); }
h2 { margin: 0; font: 700 1.9rem/1.25 Georgia, "Noto Serif", serif; overflow-wrap: anywhere; }
h3 { margin: 0 0 .75rem; font-size: 1.05rem; }
p, ol, ul, blockquote { margin: 0; padding: 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
nav ul { margin: .75rem 0 0; padding-left: 1.25rem; }
.report { padding: 1.25rem 0 2.5rem; }
.report + .report { border-top: 1px solid var(--line); }
.facts { margin-top: .4rem; font-size: .9rem; color: var(--soft); overflow-wrap: anywhere; }
.notes {
  margin-top: .9rem; padding: .6rem .9rem .6rem 1.9rem; border-radius: .5rem; font-size: .9rem;
  background: var(--warn); color: var(--warn-ink);
}
.columns {
  display: grid; grid-template-columns: minmax(20rem, 26rem) minmax(0, 1fr); gap: 1.75rem; margin-top: 1.5rem;
}
.findings {
  position: sticky; top: 0; max-height: 100vh; overflow-y: auto; align-self: start;
  margin: -.25rem; padding: .25rem;
}
.cards { list-style: none; }
.card {
  margin-bottom: .9rem; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--sheet); scroll-margin: 1rem;
}
.head { display: flex; align-items: center; gap: .6rem; }
.number { color: var(--soft); min-width: 1.2rem; }
.level { font-size: 1.3rem; white-space: nowrap; }
.bar { flex: 1; height: .5rem; border-radius: .25rem; }
.bar .track { fill: var(--track); }
.bar .full { fill: var(--bar); }
.kind { margin-top: .2rem; font-weight: 600; }
.kind::first-letter { text-transform: uppercase; }
.why { font-size: .9rem; color: var(--soft); }
.verdict { margin-top: .2rem; font-weight: 600; color: var(--link); overflow-wrap: anywhere; }
.verdict::first-letter { text-transform: uppercase; }
.side { margin-top: .75rem; padding-left: .75rem; border-left: .25rem solid; }
.side.a { border-color: var(--a-ink); }
.side.b { border-color: var(--b-ink); }
.place { display: flex; flex-wrap: wrap; column-gap: .6rem; font-size: .85rem; color: var(--soft); }
.letter { font-weight: 700; }
.a .letter { color: var(--a-ink); }
.b .letter { color: var(--b-ink); }
.show { margin-left: auto; }
.side blockquote { overflow-wrap: anywhere; }
.text {
  padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 2rem; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--sheet); align-self: start;
}
.text > * { max-width: 42rem; margin: 0 auto 1rem; overflow-wrap: anywhere; }
.text h3 { color: var(--soft); font-size: .9rem; font-weight: 600; }
.text p { font: 1.125rem/1.7 Georgia, "Noto Serif", "Noto Naskh Arabic", serif; }
mark { background: var(--mark); color: inherit; border-bottom: 2px solid var(--marked); padding: .1em 0; }
.at { scroll-margin-block: 30vh; }
sup { font: .72rem/1 system-ui, sans-serif; white-space: nowrap; margin: 0 .15em; }
sup a { padding: .15em .2em; text-decoration: none; border-radius: .2em; background: var(--track); }
details { margin-top: 1.5rem; }
summary { cursor: pointer; font-size: .9rem; }
.listed { margin-top: 1.5rem; }
.orders { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
.wide { overflow-x: auto; margin: .75rem 0 2rem; }
.index { width: 100%; border-collapse: collapse; background: var(--sheet); border: 1px solid var(--line); }
.index th, .index td { padding: .5rem .75rem; text-align: start; vertical-align: top; }
.index tr { border-top: 1px solid var(--line); }
.index tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 14rem; }
.index td { font-variant-numeric: tabular-nums; white-space: nowrap; }
.statements {
  max-width: 56rem; margin-top: 1rem; list-style: none;
  border: 1px solid var(--line); border-radius: .6rem; background: var(--sheet);
}
.statements > li { display: flex; gap: 1rem; padding: .75rem 1rem; }
.statements > li + li { border-top: 1px solid var(--line); }
.statements .number { flex: none; width: 2.2rem; text-align: right; font-variant-numeric: tabular-nums; }
.sentence { flex: 1; min-width: 0; }
.statement { padding-inline-start: .75rem; border-inline-start: .25rem solid var(--line); }
.statement + .statement { margin-top: .75rem; }
.statement.claim { border-color: var(--link); }
.statement > * { overflow-wrap: anywhere; }
.about { margin-top: .1rem; font-size: .85rem; color: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
body > footer { padding-bottom: 2rem; font-size: .85rem; color: var(--soft); }
@supports not selector(:has(a)) { .at:target + mark { outline: 2px solid var(--link); } }
@media (max-width: 56rem) {
  .columns { display: block; }
  .findings { position: static; max-height: none; margin: 0; padding: 0; }
  .text { margin-top: 1.25rem; }
  .statements > li { gap: .6rem; padding: .75rem; }
  .statements .number { width: 1.4rem; }
  h2 { font-size: 1.5rem; }
}
@media print {
  :root {
    color-scheme: light; --page: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000;
    --mark: #fdf0bd; --marked: #9a7400; --a-ink: #123f85; --b-ink: #823600; --bar: #b3261e; --track: #ddd;
    --warn: #fff4d6; --warn-ink: #5f4500;
  }
  body { font-size: 11pt; }
  mark, .bar { print-color-adjust: exact; }
  .columns { display: block; }
  .findings { position: static; max-height: none; overflow: visible; }
  .card, .side, .statement { break-inside: avoid; }
  .text { border: 0; padding: 1rem 0 0; }
  .text > * { max-width: none; }
  .text p { font-size: 11pt; line-height: 1.5; }
  .show, nav, .swap { display: none; }
  sup a { background: none; }
}
"""


def render_html(reports: Sequence[Report], options: Options) -> str:
    """One self-contained page with a section for each article."""
    sections = [_Section(f"r{number}", report, options) for number, report in enumerate(reports, start=1)]
    heads = [(section.head, shown.counted(len(section.names), "finding")) for section in sections]
    nav = _link_to_index(options) if options.index else _contents(heads)
    return _page(
        HEADING,
        _name(section.head.title for section in sections),
        nav,
        [line for section in sections for line in section.lines()],
        FOOTER,
        _target_style([name for section in sections for name in section.names]),
    )


def render_statements_html(extracts: Sequence[Extract], options: Options) -> str:
    """One self-contained page with the statements of each article."""
    heads = [_Head(f"r{number}", extract.document) for number, extract in enumerate(extracts, start=1)]
    counts = (shown.counted(extract.counts.claims, "claim") for extract in extracts)
    return _page(
        "Statements",
        _name(head.title for head in heads),
        _contents(list(zip(heads, counts, strict=True))),
        [line for each in zip(heads, extracts, strict=True) for line in _extract(*each, options)],
        "Who speaks and what is worth checking are guesses, not facts.",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list of articles says of one."""

    page: str
    """The page about the article, from the list."""
    document: Document
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


def render_index(entries: Sequence[Entry]) -> dict[str, str]:
    """The list of all articles in several orders, each a page of its own; links need no script. File name -> page."""
    return {file: _index(entries, file) for file in _ORDERS}


def _index(entries: Sequence[Entry], file: str) -> str:
    n_findings = sum(entry.n_findings for entry in entries)
    n_reviewed = sum(entry.n_reviewed for entry in entries)
    counts = [shown.counted(len(entries), "article"), shown.counted(n_findings, "finding"), f"{n_reviewed:,} reviewed"]
    links = (
        f"<li><b>{name}</b></li>" if other == file else f'<li><a href="{other}">{name}</a></li>'
        for other, (name, _) in _ORDERS.items()
    )
    nav = [f'<nav aria-label="Order"><ul class="orders">{"".join(links)}</ul></nav>']
    lines = [
        f'<p class="facts">{", ".join(counts)}</p>',
        '<div class="wide"><table class="index"><thead><tr><th scope="col">Article</th><th scope="col">Findings</th>',
        '<th scope="col">Surest</th><th scope="col">Reviewed</th><th scope="col">Language</th>',
        '<th scope="col">Date</th></tr></thead><tbody>',
    ]
    for entry in sorted(entries, key=_ORDERS[file][1]):
        head = _Head("", entry.document)
        source = shown.one_line(entry.document.source)
        under = f'<br><span class="facts"><bdi>{_text(source)}</bdi></span>' if source != head.title else ""
        cells = (
            *(f"{entry.n_findings:,}", entry.confidence if entry.n_findings else "", f"{entry.n_reviewed:,}"),
            *(entry.document.language, shown.one_line(entry.document.date or "")),
        )
        lines.append(
            f'<tr><th scope="row"><a href="{entry.page}"><bdi>{_text(head.title)}</bdi></a>{under}</th>'
            f"{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
        )
    lines.append("</tbody></table></div>")
    return _page(HEADING, counts[0], nav, lines, FOOTER)


def _latest_first(entry: Entry) -> tuple[int, ...]:
    """A key that puts late dates before early ones, and those before none."""
    return tuple(-ord(sign) for sign in entry.document.date or "") or (1,)


def _link_to_index(options: Options) -> Iterator[str]:
    yield f'<nav aria-label="Articles"><p><a href="{_text(options.index)}">all articles</a></p></nav>'


def _name(titles: Iterable[str]) -> str:
    """What a page is called: as its article, where there is only one."""
    named = list(titles)
    return named[0] if len(named) == 1 else shown.counted(len(named), "article")


def _page(heading: str, name: str, nav: Iterable[str], lines: Sequence[str], footer: str, more_style: str = "") -> str:
    style = _STYLE + more_style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(name)} – {heading.lower()}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<header>",
        f"<h1>{heading}</h1>",
        *nav,
        "</header>",
        "<main>",
        *lines,
        "</main>",
        f"<footer><p>{footer}</p></footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(page) + "\n"


def _contents(contents: Sequence[tuple[_Head, str]]) -> Iterator[str]:
    """Links to the articles, where there are several."""
    if len(contents) == 1:
        return
    if not contents:
        yield "<p>No article was checked.</p>"
        return
    yield '<nav aria-label="Articles"><ul>'
    for head, count in contents:
        yield f'<li><a href="#{head.id}"><bdi>{_text(head.title)}</bdi></a> ({count})</li>'
    yield "</ul></nav>"


@dataclass
class _Head:
    """What the section about an article begins with."""

    id: str
    document: Document

    @property
    def title(self) -> str:
        return shown.title(self.document)

    @property
    def language(self) -> str:
        """The attributes of an element with text of the article."""
        code = "" if self.document.language == shown.UNKNOWN_LANGUAGE else self.document.language
        direction = "rtl" if self.document.language in RIGHT_TO_LEFT else "auto"
        return f'lang="{_text(code)}" dir="{direction}"'

    def lines(self, facts: Sequence[str], notes: Sequence[str]) -> Iterator[str]:
        yield f'<section class="report" id="{self.id}" aria-labelledby="{self.id}-title">'
        # the name of a file stays as it is in an Arabic article too
        language = self.language if shown.one_line(self.document.title or "") else 'dir="auto"'
        yield f'<h2 id="{self.id}-title" {language}>{_text(self.title)}</h2>'
        yield f'<p class="facts">{_parts((*shown.origin(self.document), *facts))}</p>'
        if notes:
            yield f'<ul class="notes">{"".join(f"<li>{_text(note)}</li>" for note in notes)}</ul>'


def _extract(head: _Head, extract: Extract, options: Options) -> Iterator[str]:
    listed = extract.listed(claims_only=options.claims_only)
    yield from head.lines([shown.extract_counts_words(extract)], shown.extract_notes(extract))
    yield f'<h3 class="listed">{_text(shown.statements_headline(extract, options))}</h3>'
    yield from _statements(head, listed)
    yield "</section>"


def _statements(head: _Head, statements: Sequence[Statement]) -> Iterator[str]:
    """The statements, an item for each sentence that has any."""
    if not statements:
        return
    yield '<ol class="statements">'
    for sentence, of_sentence in groupby(statements, lambda statement: statement.sentence):
        number = f'<span class="hidden">sentence </span>{sentence + 1}'
        yield f'<li><p class="number">{number}</p><div class="sentence">'
        for statement in of_sentence:
            yield f'<div class="statement{" claim" if statement.is_claim else ""}">'
            yield f"<blockquote {head.language}>{_text(statement.text)}</blockquote>"
            yield f'<p class="about">{_parts(shown.statement_words(head.document, statement))}</p>'
            yield "</div>"
        yield "</div></li>"
    yield "</ol>"


def _target_style(names: Sequence[str]) -> str:
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


@dataclass
class _Place:
    """What happens at one offset of the text: statements that begin there, and those that end there."""

    begins: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


class _Section:
    """The part of the page about one article; its findings are named r1f1, their statements r1f1a, r1f1b."""

    def __init__(self, id: str, report: Report, options: Options) -> None:
        self.head = _Head(id, report.document)
        self.report = report
        self._options = options
        self._findings = report.listed(options.min_confidence)
        self.names = [f"{id}f{number}" for number in range(1, len(self._findings) + 1)]

    def lines(self) -> Iterator[str]:
        facts = (shown.counts_words(self.report), f"model {shown.model_words(self.report)}")
        yield from self.head.lines(facts, shown.notes(self.report))
        yield '<div class="columns">'
        yield from self._cards()
        yield from self._article()
        yield "</div>"
        if self._options.statements and self.report.statements:
            yield f"<details><summary>{shown.counted(len(self.report.statements), 'statement')}</summary>"
            yield from _statements(self.head, self.report.statements)
            yield "</details>"
        yield "</section>"

    def _cards(self) -> Iterator[str]:
        yield f'<section class="findings" aria-labelledby="{self.head.id}-findings">'
        yield f'<h3 id="{self.head.id}-findings">{_text(shown.headline(self.report, self._options))}</h3>'
        if self._findings:
            yield '<ol class="cards">'
            for number, (name, finding) in enumerate(zip(self.names, self._findings, strict=True), start=1):
                yield f'<li class="card {name}" id="{name}">'
                yield from self._card(finding, str(number), name)
                yield "</li>"
            yield "</ol>"
        elif self.report.scored:
            yield '<div class="card">'
            yield from self._card(self.report.scored[0])
            yield "</div>"
        yield "</section>"

    def _card(self, finding: Finding, number: str = "", name: str = "") -> Iterator[str]:
        width = round(min(max(finding.confidence, 0), 1) * 100)
        level = shown.confidence_words(self.report, finding.confidence).replace(" ", "\u00a0")
        yield '<p class="head">'
        if number:
            yield f'<span class="number">{number}</span>'
        yield f'<b class="level">{_text(level)}</b>'
        yield (
            '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
            '<rect class="track" width="100" height="1"></rect>'
            f'<rect class="full" width="{width}" height="1"></rect></svg>'
        )
        yield "</p>"
        yield f'<p class="kind">{_text(shown.kind_words(finding))}</p>'
        if why := shown.reasons_words(finding):
            yield f'<p class="why">{_text(why)}</p>'
        if verdict := shown.verdict_words(finding):
            yield f'<p class="verdict">{_text(verdict)}</p>'
        for side, statement in (("a", finding.a), ("b", finding.b)):
            yield f'<div class="side {side}">'
            yield f'<p class="place"><span class="letter">{side.upper()}</span>'
            yield _parts(shown.place_words(self.report, statement))
            if name:
                label = f"show statement {side.upper()} of finding {number} in the text"
                yield f'<a class="show" href="#{name}{side}" aria-label="{label}">show in text</a>'
            yield "</p>"
            yield f"<blockquote {self.head.language}>{_text(statement.text)}</blockquote>"
            yield "</div>"

    def _article(self) -> Iterator[str]:
        yield f'<article class="text" aria-labelledby="{self.head.id}-text">'
        yield f'<h3 id="{self.head.id}-text">The article</h3>'
        yield from self._paragraphs()
        yield "</article>"

    def _paragraphs(self) -> Iterator[str]:
        """The text, a paragraph for each line, cut at every edge of a listed statement.

        Statements of several findings may overlap, and elements may not: each piece is a mark of its own that
        carries the names of all statements it belongs to.
        """
        places = self._places()
        edges = list(places)
        active: dict[str, None] = {}  # in order of their beginning
        for start, end in _lines(self.report.document.text):
            cuts = edges[bisect_right(edges, start) : bisect_left(edges, end)]
            pieces = [self._piece(*span, places, active) for span in pairwise([start, *cuts, end])]
            yield f"<p {self.head.language}>{''.join(pieces).strip()}</p>"

    def _places(self) -> dict[int, _Place]:
        places: dict[int, _Place] = defaultdict(_Place)
        for name, finding in zip(self.names, self._findings, strict=True):
            for side, statement in (("a", finding.a), ("b", finding.b)):
                places[statement.start].begins.append(name + side)
                places[statement.end].ends.append(name + side)
        return dict(sorted(places.items()))

    def _piece(self, start: int, end: int, places: dict[int, _Place], active: dict[str, None]) -> str:
        """One piece of the text with the targets of links before it and the links themselves behind it."""
        begins = places.get(start, _Place()).begins
        ends = places.get(end, _Place()).ends
        active.update(dict.fromkeys(begins))
        piece = _text(self.report.document.text[start:end])
        if active:
            piece = f'<mark class="{" ".join(active)}">{piece}</mark>'
        for name in ends:
            active.pop(name, None)
        targets = "".join(f'<span class="at" id="{name}"></span>' for name in begins)
        return targets + piece + "".join(_link(name) for name in ends)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines of a text; blank lines belong to the line before them, so nothing is left over."""
    starts, offset = [], 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            starts.append(offset)
        offset += len(line)
    return pairwise([0, *starts[1:], len(text)])


def _link(name: str) -> str:
    """From the end of a statement in the text to its card, and to the other statement."""
    finding, side = name[:-1], name[-1]
    other = "b" if side == "a" else "a"
    number = finding.rpartition("f")[2]
    letter = side.upper()
    return (
        f'<sup dir="ltr"><a href="#{finding}" aria-label="finding {number}, statement {letter}">'
        f"{number}{letter}</a>"
        f'<a class="swap" href="#{finding}{other}" aria-label="to statement {other.upper()}">⇄</a></sup>'
    )


def _parts(words: Sequence[str]) -> str:
    """Words side by side, none of which changes the direction of the others."""
    return " · ".join(f"<bdi>{_text(part)}</bdi>" for part in words)


def _text(text: str) -> str:
    """A text that is text anywhere on the page, in an attribute too.

    A combining mark at its start is written as a number: one that overlays the ">" before it would become one
    character with it, ≯, in any program that normalizes the page.
    """
    escaped = html.escape(shown.clean(text))
    if escaped and unicodedata.combining(escaped[0]):
        return f"&#{ord(escaped[0])};{escaped[1:]}"
    return escaped
