"""Reports as text for a terminal, a mail or a log.

Statements stand on lines of their own, without frames beside them: an Arabic line inside a frame tears the
frame apart. Knows rich, and that what an article says may be hostile: nothing of it is taken for markup or a
terminal command.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from claims.findings import Finding, Report
from claims.render import shown
from claims.render.shown import Options
from claims.statements import Statement

WIDEST = 110  # longer lines are hard to read, however wide the terminal is
NARROWEST = 30  # below, an indented line would hold a word or less
BAR = 10
SIDES = {"A": "bold cyan", "B": "bold magenta"}


def render_text(reports: Sequence[Report], options: Options) -> str:
    """The reports as plain text, `options.width` columns wide."""
    file = io.StringIO()
    console = Console(file=file, width=options.width, color_system=None, force_terminal=False)
    print_text(reports, options, console)
    return file.getvalue()


def print_text(reports: Sequence[Report], options: Options, console: Console) -> None:
    """Print the reports in the width of the terminal, else in that of the options; colour as the console."""
    width = min(console.width, WIDEST) if console.is_terminal else options.width
    page = _Page(console, max(width, NARROWEST))
    for index, report in enumerate(reports):
        lines = page.article(report, options)
        for line in [Text(), Text(), *lines] if index else lines:
            console.print(line, soft_wrap=True)


class _Page:
    """Lines of a given width."""

    def __init__(self, console: Console, width: int) -> None:
        self._console = console
        self._width = width
        self._full, self._empty = ("#", "-") if console.options.ascii_only else ("█", "░")

    def article(self, report: Report, options: Options) -> Iterator[Text]:
        findings = report.listed(options.min_confidence)
        yield from self._wrapped(shown.title(report), style="bold")
        yield from self._wrapped(" · ".join(shown.origin(report)), style="dim")
        yield from self._wrapped(shown.counts_words(report), style="dim")
        for note in shown.notes(report):
            yield from self._wrapped(f"Note: {note}", style="yellow")
        yield Text()
        yield from self._wrapped(shown.headline(report, options), style="bold red" if findings else "green")
        for number, finding in enumerate(findings, start=1):
            yield Text()
            yield from self._finding(report, finding, f"{number:>2}. ")
        if not findings and report.scored:
            yield Text()
            yield from self._finding(report, report.scored[0], "    ")
        if options.statements and report.statements:
            yield Text()
            yield Text(shown.counted(len(report.statements), "statement"), style="bold")
            for statement in report.statements:
                yield from self._statement(report, statement, "    ", "")

    def _finding(self, report: Report, finding: Finding, label: str) -> Iterator[Text]:
        indent = " " * len(label)
        full = round(min(max(finding.confidence, 0), 1) * BAR)
        bar = self._full * full + self._empty * (BAR - full)
        level = shown.confidence_words(report, finding.confidence)
        head = Text.assemble(label, (level, "bold"), f"  {bar}  ")
        yield from self._wrapped(shown.kind_words(finding), head)
        if why := shown.reasons_words(finding):
            yield from self._wrapped(f"Why: {why}", indent, "dim")
        yield from self._statement(report, finding.a, indent, "A")
        yield from self._statement(report, finding.b, indent, "B")

    def _statement(self, report: Report, statement: Statement, indent: str, side: str) -> Iterator[Text]:
        label = Text.assemble(indent, (f"{side:<3}", SIDES.get(side, "")))
        yield from self._wrapped(" · ".join(shown.place_words(report, statement)), label, "dim")
        yield from self._wrapped(shown.one_line(statement.text), f"{indent}   ")

    def _wrapped(self, text: str, label: Text | str = "", style: str = "") -> Iterator[Text]:
        """A text in lines of the page; the first starts with the label, the others as far in."""
        for line in Text(text, style=style).wrap(self._console, self._width - len(label)):
            line.rstrip()
            yield Text.assemble(label, line)
            label = " " * len(label)
