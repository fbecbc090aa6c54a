"""The review in a terminal, for people on a server: the same queue, keys and verdicts as the page.

One key, one decision; no key needs Enter. Shows one finding at a time with the sentences around its statements. Knows
rich and the terminal; what an article says is cleaned before it is shown.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from claims.document import Document
from claims.errors import ClaimsError
from claims.findings import Finding
from claims.queue import ALL, UNREVIEWED, Filter, document_of, less_sure, queue_of
from claims.render import shown
from claims.render.difference import differing
from claims.results import Kept, Results
from claims.review.screen import Stand, stand_of
from claims.statements import Statement

VERDICTS = {"c": "confirmed", "f": "false_alarm", "d": "dismissed"}
HELP = (
    "c confirmed   f false alarm   d dismissed   u undo   n note\n"
    "j next   k previous   o open the article   / search   a all or unreviewed   ? help   q quit"
)
SIDES = {"A": "cyan", "B": "magenta"}
_ESCAPE, _END = "\x1b", "\x04"
_OTHER = "\0"  # a key that means nothing here, as an arrow
_PASTED, _PASTED_TO = "\x1b[200~", "\x1b[201~"  # around what is pasted
_PASTE_APART, _PASTE_AS_TYPED = "\x1b[?2004h", "\x1b[?2004l"  # whether a terminal is to say so
SECONDS_OF_A_KEY = 0.05  # within which the rest of a key comes that begins as Escape does


def review(results: Results, reviewer: str, filter: Filter) -> int:
    """Show findings and note decisions until the reviewer quits; the number of decisions made.

    Raises: ClaimsError where there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ClaimsError("--terminal: this is no terminal; leave it out for the page in a browser")
    with _single_keys(sys.stdin) as keys:
        return _Review(results, reviewer, filter, Console(highlight=False), keys).run()


@contextmanager
def _single_keys(stdin: TextIO) -> Iterator[_Keys]:
    """The keys as they are pressed; the terminal is as before afterwards."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        raise ClaimsError("--terminal: needs a Unix terminal; leave it out for the page in a browser") from None
    number = stdin.fileno()
    before = termios.tcgetattr(number)
    keys = _Keys(number)
    handler = signal.signal(signal.SIGINT, keys.interrupt)
    try:
        tty.setcbreak(number)
        print(_PASTE_APART, end="", flush=True)
        yield keys
    finally:
        signal.signal(signal.SIGINT, handler)
        print(_PASTE_AS_TYPED, end="", flush=True)
        termios.tcsetattr(number, termios.TCSADRAIN, before)


class _Keys:
    """The keys of a terminal, one after the other."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._interrupted = False

    def interrupt(self, *_: object) -> None:
        """Hear of Ctrl-C; where the error is lost, as in code that cleans up, the next key is it."""
        self._interrupted = True
        raise KeyboardInterrupt

    def read(self) -> str:
        """The next key: a letter, `_ESCAPE`, `_OTHER`, or what is pasted, behind `_PASTED`; nothing at the end."""
        pressed = self._character()
        if pressed != _ESCAPE or not self._is_more():
            return pressed
        if self._character() not in ("[", "O"):  # a key with Alt
            return _OTHER
        sequence = ""
        while self._is_more() and (character := self._character()):
            sequence += character
            if "@" <= character <= "~":
                break
        return _PASTED + self._pasted() if sequence == "200~" else _OTHER

    def drop(self) -> None:
        """Forget what was pressed before now."""
        import termios

        termios.tcflush(self._number, termios.TCIFLUSH)

    def _character(self) -> str:
        if self._interrupted:
            raise KeyboardInterrupt
        pressed = os.read(self._number, 1)
        while pressed and len(pressed) < 4:
            try:
                return pressed.decode()
            except UnicodeDecodeError:
                pressed += os.read(self._number, 1)
        return pressed.decode("utf-8", "replace")

    def _is_more(self) -> bool:
        return bool(select.select([self._number], [], [], SECONDS_OF_A_KEY)[0])

    def _pasted(self) -> str:
        text = ""
        while not text.endswith(_PASTED_TO) and (character := self._character()):
            text += character
        return text.removesuffix(_PASTED_TO)


@dataclass(frozen=True, slots=True)
class _Step:
    """A verdict of this session, which can be taken back."""

    id: int
    pair: str
    seen: int
    """The number of the last decision on the pair that is known to be of this session."""
    before: str | None
    """The verdict that stood before."""


class _Review:
    def __init__(self, results: Results, reviewer: str, filter: Filter, console: Console, keys: _Keys) -> None:
        self._results = results
        self._reviewer = reviewer
        self._filter = filter
        self._console = console
        self._keys = keys
        self._steps: list[_Step] = []
        self._asked: tuple[str, int, str | None] | None = None  # pair, last decision and verdict to be confirmed
        self._said = ""
        self._n_decisions = 0

    def run(self) -> int:
        at = next(iter(self._queue(None)), None)
        while True:
            ids = self._queue(at)
            kept = self._kept(at) if at is not None else None
            stand = self._stand(kept.pair) if kept else stand_of([], self._reviewer)
            self._show(kept, stand, ids)
            match self._keys.read():
                case "q" | "" | "\x04":
                    return self._n_decisions
                case "j" | " " if kept:
                    at = self._step(ids, kept.id, 1)
                case "k" if kept:
                    at = self._step(ids, kept.id, -1)
                case "c" | "f" | "d" as pressed if kept:
                    if self._decide(kept, stand, VERDICTS[pressed]):
                        at = self._onward(ids, kept.id)
                case "u":
                    at = self._undo(kept, stand, at)
                case "n" if kept:
                    self._note(kept, stand)
                case "o" if kept:
                    self._open(kept)
                case "/":
                    words = self._line("Search: ")
                    if words is not None:
                        self._filter = replace(self._filter, words=words)
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

    def _stand(self, pair: str) -> Stand:
        return stand_of(self._results.decisions(pair), self._reviewer)

    def _step(self, ids: tuple[int, ...], id: int, step: int) -> int:
        place = ids.index(id) + step if id in ids else 0
        if not 0 <= place < len(ids):
            self._said = "This is the last finding." if step > 0 else "This is the first finding."
            return id
        return ids[place]

    def _onward(self, ids: tuple[int, ...], id: int) -> int | None:
        """The finding after one that was decided on; at the end the first of those that were passed over."""
        place = ids.index(id) + 1 if id in ids else 0
        if place < len(ids):
            return ids[place]
        if self._filter.verdict != UNREVIEWED:
            self._said += " That was the last finding."
            return id
        left = self._queue(None)
        self._said += (
            f" {shown.counted(len(left), 'finding')} passed over before." if left else " That was the last one."
        )
        return next(iter(left), None)

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _decide(self, kept: Kept, stand: Stand, verdict: str | None) -> bool:
        """Note a decision unless it is over one of somebody else, which has to be asked for twice."""
        asked = kept.pair, stand.seen, verdict
        if stand.state and not stand.own and stand.state != verdict and self._asked != asked:
            self._asked = asked
            otherwise = "to decide otherwise" if verdict else "to take that back"
            self._said = f"Decided already: {stand.words}. Press the key again {otherwise}."
            return False
        number = self._results.add_verdict(
            kept.pair, verdict, reviewer=self._reviewer, note=stand.note, seen=stand.seen
        )
        if not number:
            now = self._stand(kept.pair)
            self._asked = kept.pair, now.seen, verdict
            self._said = f"Somebody decided in the meantime: {now.last}. Press the key again to decide otherwise."
            return False
        self._decided(kept.pair, stand.seen, number)
        if verdict:
            self._steps.append(_Step(kept.id, kept.pair, number, stand.state or None))
        self._said = f"{shown.VERDICT_WORDS[verdict].capitalize()}. u takes it back." if verdict else "Taken back."
        return True

    def _decided(self, pair: str, before: int, number: int) -> None:
        """Count a decision; what could be taken back before it still can."""
        self._n_decisions += 1
        self._steps = [
            replace(step, seen=number) if (step.pair, step.seen) == (pair, before) else step for step in self._steps
        ]

    def _undo(self, kept: Kept | None, stand: Stand, at: int | None) -> int | None:
        """Take the last verdict of this session back; without one, that of the finding shown."""
        if not self._steps:
            if kept and stand.state:
                self._decide(kept, stand, None)
            else:
                self._said = "Nothing to take back."
            return at
        step = self._steps.pop()
        before = self._stand(step.pair)
        number = self._results.add_verdict(
            step.pair, step.before, reviewer=self._reviewer, note=before.note, seen=step.seen
        )
        if not number:
            self._said = f"Since then: {self._stand(step.pair).last}. Nothing was taken back."
            return at
        self._decided(step.pair, step.seen, number)
        again = f": {self._stand(step.pair).words} again" if step.before else ""
        self._said = f"Taken back{again}."
        found = self._kept(step.id)
        return step.id if found and found.pair == step.pair else at

    def _note(self, kept: Kept, stand: Stand) -> None:
        note = self._line("Note: ", shown.one_line(stand.note))
        if note is None:
            self._said = "The note is left as it was."
            return
        number = self._results.add_note(kept.pair, shown.clean_note(note), reviewer=self._reviewer)
        if number:
            decisions = [decision.number for decision in self._results.decisions(kept.pair)]
            self._decided(kept.pair, max((each for each in decisions if each < number), default=0), number)
        self._said = "Note saved." if note else "No note."

    def _line(self, prompt: str, typed: str = "") -> str | None:
        """A line as it is typed, or changed; None with Escape."""
        self._console.print(Text(prompt, "bold"), end="")
        self._console.out(typed, end="", highlight=False)
        while (pressed := self._keys.read()) not in ("\n", "\r", "", _END):
            if pressed == _ESCAPE:
                return None
            if pressed in ("\x7f", "\b"):
                if typed:
                    typed = typed[:-1]
                    self._console.out("\b \b", end="")
                continue
            letters = shown.one_line(pressed.removeprefix(_PASTED)) if pressed.startswith(_PASTED) else pressed
            if letters.isprintable():
                typed += letters
                self._console.out(letters, end="", highlight=False)
        self._console.print()
        return typed.strip()

    # --- screen -------------------------------------------------------------------------------------------------------

    def _show(self, kept: Kept | None, stand: Stand, ids: tuple[int, ...]) -> None:
        if self._console.is_terminal:
            self._console.clear()
        counts = queue_of(self._results, self._filter).verdicts
        n_all, n_left = counts[ALL], counts[UNREVIEWED]
        place = f"{ids.index(kept.id) + 1} of {len(ids)}" if kept and kept.id in ids else f"{len(ids)} findings"
        looked_for = f" · search: {shown.one_line(self._filter.words)}" if self._filter.words else ""
        self._console.print(Text(f"{place} · {n_all - n_left} of {n_all} reviewed{looked_for}", "dim"))
        if kept is None:
            self._console.print(Text(f"\n{self._nothing(n_all)}", "bold"))
        else:
            self._console.print(self._finding(kept, stand))
        self._keys.drop()  # nobody decides on what was not on the screen yet
        if self._said:
            self._console.print(Text(self._said, "bold"))
            self._said = ""
        keys = "c f d verdict · u undo · n note · j k move · o article · / search · ? help · q quit"
        self._console.print(Text(keys, "dim"))

    def _nothing(self, n_all: int) -> str:
        """Why no finding is shown, and what can be done about it."""
        if n_all:
            return "No finding to show. a shows all, / searches, q quits."
        below = less_sure(self._results).n
        if self._filter == Filter(self._filter.verdict) and below:
            pairs = shown.counted(below, "less sure pair")
            return f"No finding to show. --min-confidence 0 shows {pairs}. q quits."
        return "No finding to show. / searches for something else, q quits."

    def _documents(self, kept: Kept) -> tuple[Document, Document]:
        one = self._results.document(kept.document)
        return one, self._results.document(kept.other) if kept.other else one

    def _finding(self, kept: Kept, stand: Stand) -> Group:
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
        if stand.words:
            parts.append(Text(f"Verdict: {stand.words}", "bold"))
        if stand.note:
            parts.append(Text(f"Your note: {shown.one_line(stand.note)}"))
        parts += [Text(f"Note of {name}: {note}") for name, note in stand.notes]
        return Group(*parts)

    def _marked(self, finding: Finding, documents: tuple[Document, Document]) -> Iterator[Text]:
        languages = [document.language for document in documents]
        for parts in differing(finding.a.text, finding.b.text, languages[0], languages[1]):
            yield Text.assemble(*((shown.clean(part.text), "bold underline" if part.differs else "") for part in parts))

    def _side(self, letter: str, document: Document, statement: Statement, marked: Text, *, named: bool) -> Panel:
        before, behind = shown.around(document, statement)
        text = Text.assemble((before, "dim"), marked, (behind, "dim"))
        who = shown.speaker_words(statement)
        article = f"{shown.title(document)} · " if named else ""
        title = Text(f"{letter} · {article}sentence {statement.sentence + 1} · {who}")
        return Panel(text, title=title, title_align="left", border_style=SIDES[letter])

    def _open(self, kept: Kept) -> None:
        """The article, a screen at a time from statement A on, until another key than those for it is pressed."""
        lines: list[Text] = []
        places: list[int] = []
        width, height = self._console.width, max(4, self._console.height - 2)
        for document in dict.fromkeys(self._documents(kept)):
            text = Text("\n".join(map(shown.clean, document.text.split("\n"))))
            lines += Text(shown.title(document), "bold").wrap(self._console, width)
            for letter, statement, owner in (
                ("A", kept.finding.a, kept.document),
                ("B", kept.finding.b, kept.other or kept.document),
            ):
                if owner == document.id:
                    text.stylize(f"bold {SIDES[letter]}", statement.start, statement.end)
                    places.append(len(lines) + len(text[: statement.start].wrap(self._console, width)) - 1)
            lines += text.wrap(self._console, width)
        lowest = max(0, len(lines) - height)
        words = (
            "space and b on and back, o other statement; any other key goes back." if lowest else "Any key goes back."
        )
        place = 0
        top = max(0, places[place] - 2)
        while True:
            top = min(max(0, top), lowest)
            if self._console.is_terminal:
                self._console.clear()
            for line in lines[top : top + height]:
                self._console.print(line, soft_wrap=True)
            self._console.print(Text(words, "dim"))
            match self._keys.read():
                case " " if lowest:
                    top += height
                case "b" if lowest:
                    top -= height
                case "o" if lowest:
                    place = 1 - place
                    top = places[place] - 2
                case _:
                    return
