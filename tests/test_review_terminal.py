"""The review in a terminal, driven through a pseudo-terminal as a reviewer's fingers do."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from claims import Document
from claims.results import Results, pair_key
from tests.reviewing import ARABIC, PAIRS, add, add_across, fill

CLAIMS = [sys.executable, "-c", "from claims.cli import main; main()"]
BRIDGE_PAIR = pair_key(*PAIRS["bridge.txt"][1][0][:2])
SECOND_PAIR = pair_key(*PAIRS["bridge.txt"][1][1][:2])
PATIENCE = 20.0  # seconds until something is on the screen


class Terminal:
    """A person at a terminal: reads the screen, presses keys."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.raw = b""

    def press(self, keys: str) -> None:
        self.raw = b""
        os.write(self._master, keys.encode())

    @property
    def screen(self) -> str:
        """What came since the last key, without what moves and colours."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.raw.decode(errors="replace"))

    def shows(self, words: str) -> None:
        until = time.monotonic() + PATIENCE
        while words not in " ".join(self.screen.split()):
            ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{words!r} is not in {self.screen!r}"
            self.raw += os.read(self._master, 65536)

    def ends(self) -> int:
        while self.process.poll() is None:
            ready, _, _ = select.select([self._master], [], [], PATIENCE)
            assert ready
            try:
                self.raw += os.read(self._master, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
        return self.process.wait(PATIENCE)


@contextmanager
def terminal(path: Path, *more: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    command = [*CLAIMS, "review", str(path), "--terminal", "--reviewer", "Ana", *more]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True)
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "results.db")


def test_keys_decide_undo_and_go_on(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("1 of 6 · 0 of 6 reviewed")
        opened.shows("the bridge cost 12 million euros")
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed. u takes it back.")
        opened.shows("? help")
        opened.press("f")
        opened.shows("False alarm. u takes it back.")
        opened.shows("? help")
        opened.press("u")
        opened.shows("Taken back.")
        opened.shows("? help")
        opened.press("q")
        assert opened.ends() == 0
        assert "3 decisions saved" in opened.screen

    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].reviewer == "Ana"
        assert SECOND_PAIR not in results.verdicts()
        assert len(results.decisions(SECOND_PAIR)) == 2


def test_undo_takes_back_the_own_last_verdict_and_puts_back_what_stood_before(path: Path) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "false_alarm", reviewer="Ben", note="old news")
        results.add_verdict(SECOND_PAIR, "dismissed", reviewer="Ben")
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("a")
        opened.shows("of 6 · 2 of 6 reviewed")
        opened.shows("? help")
        opened.press("k")
        opened.shows("? help")
        opened.press("k")
        opened.shows("Verdict: false alarm by Ben")
        opened.shows("Note of Ben: old news")
        opened.shows("? help")
        opened.press("c")
        opened.shows("Decided already: false alarm by Ben. Press the key again to decide otherwise.")
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed. u takes it back.")
        opened.shows("? help")
        opened.press("u")
        opened.shows("Taken back: false alarm by Ben again.")
        opened.shows("1 of 6")
        opened.shows("? help")
        opened.press("u")
        opened.shows("Decided already: false alarm by Ben.")
    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].reviewer == "Ben"
        assert results.verdicts()[BRIDGE_PAIR].note == "old news"
        assert results.verdicts()[SECOND_PAIR].verdict == "dismissed"


def test_undo_leaves_what_somebody_decided_since(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed.")
        opened.shows("? help")
        with Results.open(path) as results:
            results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben")
        opened.press("u")
        opened.shows("Since then: dismissed by Ben. Nothing was taken back.")
    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].verdict == "dismissed"


def test_keys_that_begin_as_escape_does_leave_a_note_as_it_is_typed(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("n")
        opened.shows("Note:")
        opened.press("figures cmo\x1b[D\x1b[1;5C\x1bOcfirmed \x1b[200~by\r\nhand\x1b[201~\r")
        opened.shows("Note saved.")
        opened.shows("Your note: figures cmofirmed by hand")
        opened.shows("? help")
        opened.press("n")
        opened.shows("Note: figures cmofirmed by hand")
        opened.press("?\x1b")
        opened.shows("The note is left as it was.")
        opened.shows("? help")
        for keys in ("\x1b[d", "\x1bc", "\x1bOc", "\x1b[200~c\x1b[201~", "\x1b"):
            opened.press(keys)
            opened.shows("1 of 6 · 0 of 6 reviewed")
            opened.shows("? help")
    with Results.open(path) as results:
        assert results.verdicts() == {}
        assert [decision.note for decision in results.decisions(BRIDGE_PAIR)] == ["figures cmofirmed by hand"]


def test_keys_pressed_before_a_finding_is_shown_decide_nothing(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("cccccc")
        opened.shows("Confirmed. u takes it back.")
        opened.shows("? help")
        opened.press("q")
        assert opened.ends() == 0
        assert "1 decision saved" in opened.screen


def test_what_was_passed_over_comes_at_the_end(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("/")
        opened.shows("Search:")
        opened.press("river\r")
        opened.shows("1 of 1")
        opened.shows("? help")
        opened.press("/")
        opened.shows("Search:")
        opened.press("open\r")
        opened.shows("1 of 2")
        opened.shows("? help")
        opened.press("j")
        opened.shows("2 of 2")
        opened.shows("? help")
        opened.press("f")
        opened.shows("1 finding passed over before.")
        opened.shows("1 of 1")
        opened.shows("? help")
        opened.press("f")
        opened.shows("That was the last one.")
        opened.shows("No finding to show.")


def test_a_long_article_is_read_a_screen_at_a_time_from_the_statement_on(path: Path) -> None:
    filler = "\n".join(f"Line {n} of the market report." for n in range(200))
    text = f"{filler}\nThe market is open.\n{filler.replace('Line', 'Row')}\nThe market is not open."
    with Results.open(path) as results:
        document = Document(text, "market.txt", "en")
        add(results, document, [("The market is open.", "The market is not open.", 0.99, "narrative")])
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("o")
        opened.shows("any other key goes back.")
        assert "The market is open." in opened.screen
        assert "Line 5 of" not in opened.screen
        opened.press("o")
        opened.shows("The market is not open.")
        opened.shows("any other key goes back.")
        opened.press("b")
        opened.shows("Row 140 of")
        opened.shows("any other key goes back.")
        opened.press("x")
        opened.shows("? help")


def test_a_note_is_typed_and_saved(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("n")
        opened.shows("Note:")
        opened.press("prüfen!\x7f\r")
        opened.shows("Note saved.")
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed.")
    with Results.open(path) as results:
        verdict = results.verdicts()[BRIDGE_PAIR]
    assert (verdict.verdict, verdict.note) == ("confirmed", "prüfen")


def test_search_help_article_and_the_way_back(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("?")
        opened.shows("f false alarm")
        opened.shows("? help")
        opened.press("/")
        opened.shows("Search:")
        opened.press("sanciones\r")
        opened.shows("1 of 1")
        opened.shows("cumple las sanciones")
        opened.shows("? help")
        opened.press("o")
        opened.shows("dice el ministro de Madrid.")
        opened.shows("Any key goes back.")
        opened.press("x")
        opened.shows("? help")
        opened.press("j")
        opened.shows("This is the last finding.")


def test_reviewed_findings_are_shown_on_request(path: Path) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ben")
    with terminal(path) as opened:
        opened.shows("1 of 5 · 1 of 6 reviewed")
        opened.shows("? help")
        opened.press("a")
        opened.shows("of 6 · 1 of 6 reviewed")
        opened.shows("? help")
        opened.press("k")
        opened.shows("confirmed by Ben")


def test_a_decision_of_somebody_else_is_shown_and_not_overwritten(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        with Results.open(path) as results:
            results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben")
        opened.press("c")
        opened.shows("Somebody decided in the meantime: dismissed by Ben.")
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed.")
    with Results.open(path) as results:
        assert len(results.decisions(BRIDGE_PAIR)) == 2


def test_no_command_of_an_article_reaches_the_terminal(path: Path) -> None:
    a, b = "It is \x1b]0;owned\x07 open [red]now[/red].", "It is not \x1b[2J open."
    with Results.open(path) as results:
        add(results, Document(f"{a} {b}", "evil\x1b[31m.txt", "en"), [(a, b, 0.99, "narrative")])
    with terminal(path) as opened:
        opened.shows("[red]now[/red]")
        opened.shows("? help")
        opened.press("o")
        opened.shows("Any key goes back.")
        assert b"\x1b]0;owned" not in opened.raw
        assert b"not \x1b[2J" not in opened.raw


def test_arabic_is_shown_as_it_is(path: Path) -> None:
    with terminal(path, "--min-confidence", "0") as opened:
        opened.shows("? help")
        opened.press("/")
        opened.shows("Search:")
        opened.press("الجسر\r")
        opened.shows(ARABIC[:11])


def test_an_interrupt_ends_it_and_all_is_saved(path: Path) -> None:
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("c")
        opened.shows("Confirmed.")
        opened.process.send_signal(signal.SIGINT)
        assert opened.ends() == 0
        assert "every decision is saved" in opened.screen
        assert "Traceback" not in opened.screen


def test_an_empty_file_says_what_to_do(tmp_path: Path) -> None:
    with Results.open(tmp_path / "empty.db", create=True):
        pass
    with terminal(tmp_path / "empty.db") as opened:
        opened.shows("No finding to show.")
        opened.shows("? help")
        for key in "cjkno":
            opened.press(key)
            opened.shows("? help")
        opened.press("q")
        assert opened.ends() == 0


def test_a_finding_between_articles_names_both(path: Path) -> None:
    with Results.open(path) as results:
        add_across(results)
    with terminal(path) as opened:
        opened.shows("? help")
        opened.press("j")
        opened.shows("A · Bridge over the Alde · sentence 1")
        opened.shows("B · Las sanciones · sentence 2")
