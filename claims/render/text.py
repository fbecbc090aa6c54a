"""Reports and extracts as text for a terminal, a mail or a log.

Statements stand on lines of their own, without frames beside them: an Arabic line inside a frame tears the
frame apart. Knows rich, and that what an article says may be hostile: nothing of it is taken for markup or a
terminal command.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from claims.document import Document
from claims.findings import Extract, Finding, Report
from claims.render import shown
from claims.render.shown import Options
from claims.statements import Statement

WIDEST = 110  # longer lines are hard to read, however wide the terminal is
NARROWEST = 30  # below, an indented line would hold a word or less
BAR = 10
SIDES = {"A": "bold cyan", "B": "bold magenta"}


def render_text(results: Sequence[Report | Extract], options: Options) -> str:
    """The results as text, plain and `options.width` columns wide but where `options.terminal` finds a terminal."""
    plain = Console(file=io.StringIO(), width=options.width, color_system=None, force_terminal=False)
    console = Console() if options.terminal else plain
    with console.capture() as captured:
        print_text(results, options, console)
    return captured.get()


def print_text(results: Sequence[Report | Extract], options: Options, console: Console) -> None:
    """Print the results in the width of the terminal, else in that of the options; colour as the console."""
    width = min(console.width, WIDEST) if console.is_terminal else options.width
    page = _Page(console, max(width, NARROWEST))
    for index, result in enumerate(results):
        lines = page.extract(result, options) if isinstance(result, Extract) else page.report(result, options)
        for line in [Text(), Text(), *lines] if index else lines:
            console.print(line, soft_wrap=True)


class _Page:
    """Lines of a given width."""

    def __init__(self, console: Console, width: int) -> None:
        self._console = console
        self._width = width
        ascii_only = console.options.ascii_only
        self._full, self._empty = ("#", "-") if ascii_only else ("█", "░")
        self._claim, self._other = ("*", "-") if ascii_only else ("●", "○")

    def report(self, report: Report, options: Options) -> Iterator[Text]:
        findings = report.listed(options.min_confidence)
        left_out = "".join(f" {words}" for words in shown.left_out(report))
        counts = f"{shown.counts_words(report)}{'.' if left_out else ''}{left_out}"
        yield from self._head(report.document, counts, shown.notes(report))
        yield from self._wrapped(shown.headline(report, options), style="bold red" if findings else "green")
        for number, finding in enumerate(findings, start=1):
            yield Text()
            yield from self._finding(report, finding, f"{number:>2}. ")
        if not findings and report.scored:
            yield Text()
            yield from self._finding(report, report.scored[0], "    ")
        if options.statements and report.statements:
            yield Text()
            headline = shown.counted(len(report.statements), "statement")
            yield from self._statements(report.document, report.statements, headline)

    def extract(self, extract: Extract, options: Options) -> Iterator[Text]:
        yield from self._head(extract.document, shown.extract_counts_words(extract), shown.extract_notes(extract))
        listed, headline = extract.listed(claims_only=options.claims_only), shown.statements_headline(extract, options)
        yield from self._statements(extract.document, listed, headline)

    def _head(self, document: Document, counts: str, notes: Sequence[str]) -> Iterator[Text]:
        yield from self._wrapped(shown.title(document), style="bold")
        yield from self._wrapped(" · ".join(shown.origin(document)), style="dim")
        yield from self._wrapped(counts, style="dim")
        for note in notes:
            yield from self._wrapped(f"Note: {note}", style="yellow")
        yield Text()

    def _statements(self, document: Document, statements: Sequence[Statement], headline: str) -> Iterator[Text]:
        legend = f" ({self._claim} claim, {self._other} no claim)" if statements else ""
        yield from self._wrapped(f"{headline}{legend}", style="bold")
        for sentence, of_sentence in groupby(statements, lambda statement: statement.sentence):
            yield Text()
            label = f"{sentence + 1:>4}  "
            for statement in of_sentence:
                mark = (f"{self._claim} ", "bold cyan") if statement.is_claim else (f"{self._other} ", "")
                yield from self._wrapped(shown.one_line(statement.text), Text.assemble((label, "dim"), mark))
                label = " " * len(label)
                words = " · ".join(shown.statement_words(document, statement))
                yield from self._wrapped(words, f"{label}  ", "dim")

    def _finding(self, report: Report, finding: Finding, label: str) -> Iterator[Text]:
        indent = " " * len(label)
        full = round(min(max(finding.confidence, 0), 1) * BAR)
        bar = self._full * full + self._empty * (BAR - full)
        level = shown.confidence_words(report, finding.confidence)
        head = Text.assemble(label, (level, "bold"), f"  {bar}  ")
        yield from self._wrapped(shown.kind_words(finding), head)
        if why := shown.reasons_words(finding):
            yield from self._wrapped(f"Why: {why}", indent, "dim")
        if verdict := shown.verdict_words(finding):
            yield from self._wrapped(f"Verdict: {verdict}", indent, "bold")
        yield from self._statement(report, finding.a, indent, "A")
        yield from self._statement(report, finding.b, indent, "B")

    def _statement(self, report: Report, statement: Statement, indent: str, side: str) -> Iterator[Text]:
        label = Text.assemble(indent, (f"{side:<3}", SIDES[side]))
        yield from self._wrapped(" · ".join(shown.place_words(report, statement)), label, "dim")
        yield from self._wrapped(shown.one_line(statement.text), f"{indent}   ")

    def _wrapped(self, text: str, label: Text | str = "", style: str = "") -> Iterator[Text]:
        """A text in lines of the page; the first starts with the label, the others as far in."""
        for line in Text(text, style=style).wrap(self._console, self._width - len(label)):
            line.rstrip()
            yield Text.assemble(label, line)
            label = " " * len(label)
