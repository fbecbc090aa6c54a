"""The results file: what goes in comes out, nothing is half there, and other files are refused."""

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import claims.results
from claims import Detector, Document, Report, ResultsError
from claims.findings import Verdict
from claims.results import Decision, Results, Run, pair_key, standing
from tests.conftest import ByNegation

RUN = Run("by-negation", "1", True, 0.5, {"max_pairs": None})


def report_of(text: str, *, source: str = "a.txt", threshold: float = 0.5) -> Report:
    document = Document.from_text(text, source=source, language="en")
    return replace(Detector(ByNegation()).detect(document), calibrated=True, threshold=threshold)


BRIDGE = "The bridge is open. The bridge is not open. Trams run again."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


@pytest.fixture
def results(path: Path) -> Results:
    opened = Results.open(path, create=True)
    opened.begin_run(RUN)
    return opened


def test_a_report_comes_out_as_it_went_in(results: Results) -> None:
    report = report_of(BRIDGE)

    results.add_report(RUN, report, {"a.txt": "1"})

    [kept] = results.reports()
    assert kept.findings
    assert kept.to_json(statements=True, text=True) == report.to_json(statements=True, text=True)


@settings(deadline=None)  # it opens a file each time
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60), min_size=1, max_size=6)
)
def test_any_text_comes_out_as_it_went_in(sentences: list[str]) -> None:
    report = report_of(" ".join(f"{s}. Not so." for s in sentences))
    with TemporaryDirectory() as folder, Results.open(Path(folder) / "it", create=True) as results:
        results.begin_run(RUN)
        results.add_report(RUN, report, {"a.txt": "1"})

        [kept] = results.reports()

    assert kept.to_json(statements=True, text=True) == report.to_json(statements=True, text=True)


def test_pairs_below_the_threshold_are_kept_for_another_threshold(results: Results) -> None:
    report = report_of(BRIDGE, threshold=1)
    results.add_report(RUN, report, {"a.txt": "1"})

    results.begin_run(replace(RUN, threshold=0.02))

    [kept] = results.reports()
    assert (kept.threshold, len(kept.findings)) == (0.02, len(report.listed(0.02)))
    assert results.is_done("a.txt", "1", replace(RUN, threshold=0.3))


def test_another_model_scores_again(results: Results) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "1"})

    for other in (replace(RUN, model_version="2"), replace(RUN, options={"max_pairs": 3}), replace(RUN, threshold=0)):
        assert not results.is_done("a.txt", "1", other)
    assert not results.is_done("a.txt", "2", RUN)
    assert results.is_done("a.txt", "1", RUN)


def test_the_same_text_is_held_once_and_outlives_one_of_its_sources(results: Results) -> None:
    report = report_of(BRIDGE)
    results.add_report(RUN, report, {"a.txt": "1", "b.txt": "1"})
    other = report_of("Nothing happened here today.")

    results.add_report(RUN, other, {"a.txt": "2"})

    assert {kept.document.source for kept in results.reports()} == {"a.txt", "b.txt"}
    assert results.sources() == {"a.txt": ("2", other.document.id), "b.txt": ("1", report.document.id)}


def test_a_changed_article_replaces_what_was_there(results: Results) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "1"})

    results.add_report(RUN, report_of("The bridge is open. The bridge is not open."), {"a.txt": "2"})
    results.end_run(RUN)

    assert results.totals().documents == 1
    [kept] = results.reports()
    assert "Trams" not in kept.document.text


def test_a_verdict_stays_with_its_pair_when_the_article_changes(results: Results) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "1"})
    results.add_verdict(
        pair_key("the bridge is NOT open", "The bridge is open!"), "confirmed", reviewer="ana", note="!"
    )

    results.add_report(RUN, report_of(f"News of the day. {BRIDGE}"), {"a.txt": "2"})
    results.end_run(RUN)

    [report] = results.reports()
    [finding] = [finding for finding in report.findings if finding.verdict]
    assert finding.a.text == "The bridge is open."
    assert finding.verdict
    assert (finding.verdict.verdict, finding.verdict.reviewer, finding.verdict.note) == ("confirmed", "ana", "!")
    written = report.to_json(text=True)
    assert Report.from_json(json.loads(json.dumps(written))).findings == report.findings


def test_the_last_verdict_counts_and_can_be_taken_back(results: Results) -> None:
    pair = pair_key("a", "b")

    for verdict in ("confirmed", "false_alarm"):
        results.add_verdict(pair, verdict, reviewer="ana")
    assert results.verdicts()[pair].verdict == "false_alarm"
    results.add_verdict(pair, None, reviewer="ana")

    assert results.verdicts() == {}
    with pytest.raises(ValueError, match="not a verdict"):
        results.add_verdict(pair, "maybe", reviewer="ana")


def test_a_decision_after_one_that_was_not_seen_is_not_noted(results: Results) -> None:
    pair = pair_key("It is open.", "It is shut.")

    assert results.add_verdict(pair, "confirmed", reviewer="ana", seen=0)
    assert not results.add_verdict(pair, "false_alarm", reviewer="ben", seen=0)
    [first] = results.decisions(pair)
    assert results.add_verdict(pair, None, reviewer="ben", note="why?", seen=first.number) == 2

    assert (first.verdict, first.reviewer) == ("confirmed", "ana")
    last = results.decisions(pair)[-1]
    assert (last.verdict, last.reviewer, last.note) == (None, "ben", "why?")
    assert last.given
    assert results.last_decision() == 2


def decided(*told: tuple[str | None, str, str]) -> Verdict | None:
    return standing(
        Decision(number, verdict, reviewer, note, f"day {number}")
        for number, (verdict, reviewer, note) in enumerate(told, start=1)
    )


def test_a_verdict_is_of_who_gave_it_first_and_keeps_the_notes_of_others_apart() -> None:
    ben = ("false_alarm", "Ben", "old news")

    assert decided(ben, ("false_alarm", "Ana", "call him")) == Verdict(
        "false_alarm", "Ben", "old news\nAna: call him", "day 1"
    )
    assert decided(ben, ("false_alarm", "Ana", "")) == Verdict("false_alarm", "Ben", "old news", "day 1")
    assert decided(ben, ("confirmed", "Ana", "")) == Verdict("confirmed", "Ana", "Ben: old news", "day 2")
    assert decided(ben, ("false_alarm", "Ben", "news")) == Verdict("false_alarm", "Ben", "news", "day 1")
    assert decided(("confirmed", "Ana", "x"), (None, "Ana", "x")) is None
    assert decided((None, "Ana", "x"), ("dismissed", "Ben", "")) == Verdict("dismissed", "Ben", "Ana: x", "day 2")
    assert decided() is None


def test_a_verdict_that_was_overruled_stands_again_when_that_is_taken_back() -> None:
    ben, overruled = ("false_alarm", "Ben", "old news"), ("confirmed", "Ana", "")

    assert decided(ben, overruled, ("false_alarm", "Ana", "")) == Verdict("false_alarm", "Ben", "old news", "day 1")
    again = decided(ben, overruled, ("false_alarm", "Ana", ""), overruled)
    assert again == Verdict("confirmed", "Ana", "Ben: old news", "day 4")
    assert decided(ben, (None, "Ana", ""), ben) == Verdict("false_alarm", "Ben", "old news", "day 3")


def test_a_note_leaves_the_verdict_as_it_is_and_is_noted_once(results: Results) -> None:
    pair = pair_key("a", "b")
    results.add_verdict(pair, "confirmed", reviewer="ben")

    assert results.add_note(pair, "call him", reviewer="ana") == 2
    assert results.add_note(pair, "call him", reviewer="ana") == 0

    verdict = results.verdicts_on([pair])[pair]
    assert (verdict.verdict, verdict.reviewer, verdict.note) == ("confirmed", "ben", "ana: call him")
    assert results.add_note(pair_key("c", "d"), "?", reviewer="ana")
    assert results.verdicts() == {pair: verdict}
    assert results.decided_since(0, 9) == [pair, pair_key("c", "d")]
    assert results.decided_since(2, 9) == [pair_key("c", "d")]


def test_findings_are_kept_with_their_rows_and_what_verdicts_belong_to(results: Results) -> None:
    report = report_of(BRIDGE)
    results.add_report(RUN, report, {"a.txt": "1"})

    kept = results.kept(report.document.id)

    assert tuple(each.finding for each in kept) == report.listed(0.01)
    assert all(each.pair == pair_key(each.finding.a.text, each.finding.b.text) for each in kept)
    assert all(results.knows(each.pair) for each in kept)
    assert not results.knows("another")


def test_a_failure_is_kept_until_the_source_can_be_read(results: Results) -> None:
    results.add_failure("a.txt", "1", "a.txt: empty")
    assert results.failures() == {"a.txt": "a.txt: empty"}

    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "2"})

    assert results.failures() == {}


def test_a_failure_leaves_what_was_read_before(results: Results) -> None:
    report = report_of(BRIDGE)
    results.add_report(RUN, report, {"a.txt": "1"})

    results.add_failure("a.txt", "", "a.txt: cannot be read (Input/output error)")
    results.end_run(RUN)

    [kept] = results.reports()
    assert kept.findings == report.findings
    assert results.is_done("a.txt", "1", RUN)
    assert results.totals().failures == 1
    results.clear_failure("a.txt")
    assert results.failures() == {}


def test_texts_that_change_places_are_kept(results: Results) -> None:
    one, other = report_of(BRIDGE), report_of(f"News of the day. {BRIDGE}")
    results.add_report(RUN, one, {"t#1": "1"})
    results.add_report(RUN, other, {"t#2": "1"})

    results.add_source("t#1", "2", other.document.id)
    results.add_source("t#2", "2", one.document.id)
    results.end_run(RUN)

    assert results.sources() == {"t#1": ("2", other.document.id), "t#2": ("2", one.document.id)}
    assert len(list(results.reports())) == 2


def test_what_another_process_has_written_is_left_as_it_is(results: Results) -> None:
    report = report_of(BRIDGE)
    results.add_report(RUN, report, {"a.txt": "1"})
    before = results.kept(report.document.id)

    results.add_report(RUN, report, {"b.txt": "1"})

    assert results.kept(report.document.id) == before
    assert set(results.sources()) == {"a.txt", "b.txt"}


def test_two_articles_of_one_name_are_both_merged(results: Results, tmp_path: Path) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"/news/1.txt": "1"})
    with Results.open(tmp_path / "other.db", create=True) as other:
        other.begin_run(RUN)
        other.add_report(RUN, report_of(f"News of the day. {BRIDGE}"), {"/news/1.txt": "1"})

        results.merge(other)
        results.merge(other)

    assert results.totals().documents == len(results.sources()) == 2


@pytest.mark.parametrize(
    ("here", "there", "stays"), [("2026-01-01", "2026-01-02", 0.9), ("2026-01-02", "2026-01-01", 0.5)]
)
def test_of_two_runs_that_are_merged_the_later_one_counts(
    results: Results, tmp_path: Path, here: str, there: str, stays: float
) -> None:
    report, later = report_of(BRIDGE), replace(RUN, model_version="2", threshold=0.9)
    results.add_report(RUN, report, {"a.txt": "1"}, scored=here)
    with Results.open(tmp_path / "other.db", create=True) as other:
        other.begin_run(later)
        other.add_report(later, report, {"a.txt": "1"}, scored=there)
        results.merge(other)

    [kept] = results.reports()
    assert kept.threshold == stays


def test_a_file_of_version_1_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("claims.results._MIGRATIONS", claims.results._MIGRATIONS[:1])
        Results.open(path, create=True).close()
    with sqlite3.connect(path) as old:
        old.execute("INSERT INTO runs VALUES (1, 'k', 'm', '1', 1, 0.5, '{}', '', NULL)")
        old.execute("INSERT INTO documents VALUES ('d', 'a.txt', 'en', NULL, NULL, 'It is.', 0, 1, '', '{}', NULL)")
        old.execute("INSERT INTO sources VALUES ('a.txt', '1', 'd', NULL), ('b.txt', '1', NULL, 'b.txt: empty')")

    assert "claims review" in refusal(path, read_only=True)
    with Results.open(path) as results:
        assert results.sources() == {"a.txt": ("1", "d")}
        assert results.failures() == {"b.txt": "b.txt: empty"}
        assert results.document("d").text == "It is."


def test_a_reader_sees_the_file_as_it_was_when_it_was_opened(results: Results, path: Path) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "1"})
    with Results.open(path, read_only=True) as reading:
        results.add_report(RUN, report_of("Nothing happened here today."), {"a.txt": "2"})
        results.end_run(RUN)

        [report] = reading.reports()

    assert "Trams" in report.document.text


def test_statements_are_found_by_their_words(results: Results, path: Path) -> None:
    results.add_report(RUN, report_of("The café is open. Trams run again."), {"a.txt": "1"})
    results.add_report(RUN, report_of("Nothing happened. The cafe is shut."), {"a.txt": "2"})
    results.end_run(RUN)

    found = sqlite3.connect(path).execute("SELECT text FROM words WHERE words MATCH 'CAFE'").fetchall()

    assert found == [("The cafe is shut.",)]


def test_a_broken_report_leaves_nothing(results: Results) -> None:
    report = report_of(BRIDGE)
    broken = replace(report, scored=tuple(replace(f, a=replace(f.a, start=-1)) for f in report.scored))

    with pytest.raises(KeyError):
        results.add_report(RUN, broken, {"a.txt": "1"})

    assert results.totals().documents == 0
    assert results.sources() == {}


def test_two_writers_take_turns(path: Path) -> None:
    def write(name: str) -> None:
        with Results.open(path, create=True) as results:
            results.begin_run(RUN)
            for k in range(20):
                results.add_report(RUN, report_of(f"{BRIDGE} Number {name}{k}."), {f"{name}{k}": "1"})

    writers = [threading.Thread(target=write, args=(name,)) for name in "xy"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    with Results.open(path) as results:
        assert results.totals().documents == 40
        assert len(results.runs()) == 1
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@given(st.text(), st.text())
def test_the_key_of_a_pair_has_no_order(a: str, b: str) -> None:
    assert pair_key(a, b) == pair_key(b, a)


@pytest.mark.parametrize(("a", "b"), [("+ 5 %", "- 5 %"), ("It is open", "It isnt"), ("हिन्दी", "हन्द"), ("?", "!")])
def test_pairs_of_different_words_have_different_keys(a: str, b: str) -> None:
    assert (pair_key(a, "c") == pair_key(b, "c")) is (a == "+ 5 %")


def refusal(path: Path, **how: bool) -> str:
    with pytest.raises(ResultsError) as refused:
        Results.open(path, **how)
    return str(refused.value).removeprefix(f"{path}: ")


def test_what_is_no_results_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it"
    assert refusal(path).startswith("no such file; `claims batch FOLDER -o")
    assert refusal(tmp_path).startswith("a folder")
    assert refusal(tmp_path / "no" / "it", create=True).startswith("there is no folder")

    path.write_text("This is a letter, and no database at all." * 100)
    assert refusal(path, create=True) == "not a results file; name another file"

    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    assert refusal(path, create=True) == "an SQLite file, but no results file; name another file"


def test_a_file_of_a_newer_claims_is_refused(results: Results, path: Path) -> None:
    results.close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")

    assert refusal(path) == "of version 99, newer than 2; install a newer claims"


def test_a_truncated_file_is_refused_or_says_that_it_is_damaged(results: Results, path: Path) -> None:
    for k in range(30):
        results.add_report(RUN, report_of(f"{BRIDGE} Number {k}."), {f"{k}": "1"})
    results.close()
    whole = path.read_bytes()

    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ResultsError, match="damaged"), Results.open(path) as damaged:
            list(damaged.reports())


def test_a_file_that_is_only_read_is_left_as_it_is(results: Results, path: Path) -> None:
    results.add_report(RUN, report_of(BRIDGE), {"a.txt": "1"})
    results.close()
    before = path.read_bytes()

    with Results.open(path, read_only=True) as only_read:
        assert only_read.totals().documents == 1
        with pytest.raises(ResultsError, match="cannot be written"):
            only_read.add_failure("b.txt", "1", "empty")

    assert path.read_bytes() == before


def test_a_locked_file_is_waited_for_and_then_reported(
    results: Results, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claims.results.SECONDS_WAITED", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with Results.open(path) as waiting, pytest.raises(ResultsError, match="in use by another process"):
        waiting.add_failure("b.txt", "1", "empty")
