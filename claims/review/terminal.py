"""The review in a terminal, for people on a server: the same queue, keys and verdicts as the page.

One key, one decision; no key needs Enter. Shows one finding at a time with the sentences around its statements. Knows
rich and the terminal; what an article says is cleaned before it is shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from claims.document import Document
from claims.errors import ClaimsError
from claims.findings import Finding
from claims.queue import ALL, UNREVIEWED, Filter, document_of, queue_of
from claims.render import shown
from claims.render.difference import differing
from claims.results import Kept, Results
from claims.statements import Statement

VERDICTS = {"c": "confirmed", "f": "false_alarm", "d": "dismissed"}
HELP = (
    "c confirmed   f false alarm   d dismissed   u undo   n note\n"
    "j next   k previous   o open the article   / search   a all or unreviewed   ? help   q quit"
)
AROUND = 160  # characters of the article before and behind a statement
SIDES = {"A": "cyan", "B": "magenta"}
_ESCAPE, _INTERRUPT, _END = "\x1b", "\x03", "\x04"


def review(results: Results, reviewer: str, filter: Filter) -> int:
    """Show findings and note decisions until the reviewer quits; the number of decisions made.

    Raises: ClaimsError where there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ClaimsError("--terminal: this is no terminal; leave it out for the page in a browser")
    with _single_keys(sys.stdin) as key:
        return _Review(results, reviewer, filter, Console(highlight=False), key).run()


@contextmanager
def _single_keys(stdin: TextIO) -> Iterator[Callable[[], str]]:
    """What gives the next key as it is pressed; the terminal is as before afterwards."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        raise ClaimsError("--terminal: needs a Unix terminal; leave it out for the page in a browser") from None
    number = stdin.fileno()
    before = termios.tcgetattr(number)

    def key() -> str:
        pressed = os.read(number, 1)
        while pressed and len(pressed) < 4:
            try:
                return pressed.decode()
            except UnicodeDecodeError:
                pressed += os.read(number, 1)
        return pressed.decode("utf-8", "replace")

    try:
        tty.setcbreak(number)
        yield key
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


class _Review:
    def __init__(
        self, results: Results, reviewer: str, filter: Filter, console: Console, key: Callable[[], str]
    ) -> None:
        self._results = results
        self._reviewer = reviewer
        self._filter = filter
        self._console = console
        self._key = key
        self._decided: list[int] = []
        self._said = ""
        self._n_decisions = 0

    def run(self) -> int:
        at = next(iter(self._queue(None)), None)
        while True:
            ids = self._queue(at)
            kept = self._kept(at) if at is not None else None
            self._show(kept, ids)
            match self._key():
                case "q" | "" | "\x04":
                    return self._n_decisions
                case "j" | " " if kept:
                    at = self._step(ids, kept.id, 1)
                case "k" if kept:
                    at = self._step(ids, kept.id, -1)
                case "c" | "f" | "d" as pressed if kept:
                    onward = self._step(ids, kept.id, 1)
                    if self._decide(kept, VERDICTS[pressed]):
                        self._decided.append(kept.id)
                        at = onward
                case "u":
                    at = self._undo(kept, at)
                case "n" if kept:
                    self._note(kept)
                case "o" if kept:
                    self._open(kept)
                case "/":
                    self._filter = replace(self._filter, words=self._line("Search: "))
                    at = next(iter(self._queue(None)), None)
                case "a":
                    self._filter = replace(
                        self._filter, verdict=ALL if self._filter.verdict == UNREVIEWED else UNREVIEWED
                    )
                    at = next(iter(self._queue(at)), None) if at is None else at
                case "?":
                    self._said = HELP

    def _queue(self, at: int | None) -> tuple[int, ...]:
        return queue_of(self._results, self._filter, at).ids

    def _kept(self, id: int) -> Kept | None:
        document = document_of(self._results, id)
        found = self._results.kept(document) if document else []
        return next((each for each in found if each.id == id), None)

    def _step(self, ids: tuple[int, ...], id: int, step: int) -> int:
        place = ids.index(id) + step if id in ids else 0
        if not 0 <= place < len(ids):
            self._said = "This is the last finding." if step > 0 else "This is the first finding."
            return id
        return ids[place]

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _decide(self, kept: Kept, verdict: str | None, note: str | None = None) -> bool:
        """Note a decision unless somebody decided since this finding was shown."""
        decisions = self._results.decisions(kept.pair)
        last = decisions[-1] if decisions else None
        if (last[1] if last else None) != kept.finding.verdict:
            words = shown.verdict_words(replace(kept.finding, verdict=last[1] if last else None)) or "taken back"
            self._said = f"Somebody decided in the meantime: {words}. Press the key again to decide otherwise."
            return False
        before = last[2] if last else ""
        self._results.add_verdict(
            kept.pair,
            verdict,
            reviewer=self._reviewer,
            note=before if note is None else shown.clean_note(note),
            seen=last[0] if last else 0,
        )
        self._n_decisions += 1
        self._said = f"{shown.VERDICT_WORDS[verdict].capitalize()}. u takes it back." if verdict else "Taken back."
        return True

    def _undo(self, kept: Kept | None, at: int | None) -> int | None:
        if kept and kept.finding.verdict:
            self._decide(kept, None)
            return at
        if not self._decided:
            self._said = "Nothing to take back."
            return at
        last = self._decided.pop()
        found = self._kept(last)
        if found and found.finding.verdict:
            self._decide(found, None)
        return last

    def _note(self, kept: Kept) -> None:
        note = self._line("Note: ")
        verdict = kept.finding.verdict.verdict if kept.finding.verdict else None
        if note and self._decide(kept, verdict, note):
            self._said = "Note saved."

    def _line(self, prompt: str) -> str:
        """A line as it is typed; Escape gives none."""
        typed = ""
        self._console.print(Text(prompt, "bold"), end="")
        while (pressed := self._key()) not in ("\n", "\r", "", _END):
            if pressed == _ESCAPE:
                return ""
            if pressed in ("\x7f", "\b"):
                if typed:
                    typed = typed[:-1]
                    self._console.out("\b \b", end="")
            elif pressed.isprintable():
                typed += pressed
                self._console.out(pressed, end="", highlight=False)
        self._console.print()
        return typed.strip()

    # --- screen -------------------------------------------------------------------------------------------------------

    def _show(self, kept: Kept | None, ids: tuple[int, ...]) -> None:
        if self._console.is_terminal:
            self._console.clear()
        counts = queue_of(self._results, self._filter).verdicts
        n_all, n_left = counts[ALL], counts[UNREVIEWED]
        place = f"{ids.index(kept.id) + 1} of {len(ids)}" if kept and kept.id in ids else f"{len(ids)} findings"
        looked_for = f" · search: {shown.one_line(self._filter.words)}" if self._filter.words else ""
        self._console.print(Text(f"{place} · {n_all - n_left} of {n_all} reviewed{looked_for}", "dim"))
        if kept is None:
            self._console.print(Text("\nNo finding to show. a shows all, / searches, q quits.", "bold"))
        else:
            self._console.print(self._finding(kept))
        if self._said:
            self._console.print(Text(self._said, "bold"))
            self._said = ""
        self._console.print(Text("c f d verdict · u undo · n note · j k next, previous · o article · ? help", "dim"))

    def _documents(self, kept: Kept) -> tuple[Document, Document]:
        one = self._results.document(kept.document)
        return one, self._results.document(kept.other) if kept.other else one

    def _finding(self, kept: Kept) -> Group:
        documents, finding = self._documents(kept), kept.finding
        calibrated = self._results.run_of(kept.document).calibrated
        level = shown.level_words(finding.confidence, calibrated=calibrated)
        parts: list[Text | Panel] = [
            Text(shown.title(documents[0]), "bold"),
            Text.assemble((level, "bold red"), f"  {shown.kind_words(finding)}"),
        ]
        if why := shown.reasons_words(finding):
            parts.append(Text(f"Why: {why}", "dim"))
        parts += [
            self._side(letter, document, statement, marked, named=kept.other is not None)
            for letter, document, statement, marked in zip(
                SIDES, documents, (finding.a, finding.b), self._marked(finding, documents), strict=True
            )
        ]
        if verdict := shown.verdict_words(finding):
            parts.append(Text(f"Verdict: {verdict}", "bold"))
        return Group(*parts)

    def _marked(self, finding: Finding, documents: tuple[Document, Document]) -> Iterator[Text]:
        languages = [document.language for document in documents]
        for parts in differing(finding.a.text, finding.b.text, languages[0], languages[1]):
            yield Text.assemble(*((shown.clean(part.text), "bold underline" if part.differs else "") for part in parts))

    def _side(self, letter: str, document: Document, statement: Statement, marked: Text, *, named: bool) -> Panel:
        before = document.text[max(0, statement.start - AROUND) : statement.start].rpartition("\n")[2]
        behind = document.text[statement.end : statement.end + AROUND].partition("\n")[0]
        text = Text.assemble((shown.clean(before), "dim"), marked, (shown.clean(behind), "dim"))
        who = shown.speaker_words(statement)
        article = f"{shown.title(document)} · " if named else ""
        title = Text(f"{letter} · {article}sentence {statement.sentence + 1} · {who}")
        return Panel(text, title=title, title_align="left", border_style=SIDES[letter])

    def _open(self, kept: Kept) -> None:
        """The whole article, until a key is pressed."""
        for document in dict.fromkeys(self._documents(kept)):
            text = Text("\n".join(map(shown.clean, document.text.split("\n"))))
            for letter, statement, owner in (
                ("A", kept.finding.a, kept.document),
                ("B", kept.finding.b, kept.other or kept.document),
            ):
                if owner == document.id:
                    text.stylize(f"bold {SIDES[letter]}", statement.start, statement.end)
            self._console.print(Text(shown.title(document), "bold"))
            self._console.print(text)
        self._console.print(Text("Any key goes back.", "dim"))
        self._key()
