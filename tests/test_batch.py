"""Batches: nothing is lost, nothing is scored twice, and nothing stops the rest."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims import ClaimsError, Detector, Document, ResultsError
from claims.batch import Here, Processes, Progressed, Remembering, Shard, run_batch, run_of
from claims.folder import Listing
from claims.nli import Prediction, Progress
from claims.results import Results
from tests.conftest import ROOT, ByNegation

FAILING, DEADLY = "The old machine fails here again.", "The old machine kills here again."


class Fragile(ByNegation):
    """Fails on one statement and dies of another."""

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        if any(FAILING in pair for pair in pairs):
            raise RuntimeError("out of ideas")
        if any(DEADLY in pair for pair in pairs):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(pairs, progress)


def fragile() -> Detector:
    return Detector(Fragile())


def text(k: object) -> str:
    return f"The bridge over river {k} is open. The bridge over river {k} is not open. Trams run to place {k} again."


def fill(folder: Path, keys: Iterable[object]) -> Path:
    folder.mkdir(exist_ok=True)
    for k in keys:
        (folder / f"{k}.txt").write_text(text(k))
    return folder


def scored(
    folder: Path, path: Path, detector: Detector | None = None, stop: Callable[[], bool] | None = None, **how: object
) -> Progressed:
    detector = detector or fragile()
    with Results.open(path, create=True) as results:
        engine = how.pop("engine", Here(detector))
        return run_batch(Listing([folder]), results, run_of(detector), engine, stop=stop, **how)  # type: ignore[arg-type]


def contents(path: Path) -> dict[str, str]:
    """What is in a results file, without the times at which it was written."""
    with Results.open(path) as results:
        reports = {
            r.document.source: json.dumps(r.to_json(statements=True, min_confidence=0)) for r in results.reports()
        }
        return reports | {f"failed {source}": error for source, error in results.failures().items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


def test_a_batch_says_of_every_article_what_a_check_says(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(70))

    done = scored(folder, path)

    assert (done.scored, done.done, done.pairs) == (70, 70, 210)
    with Results.open(path) as results:
        for report in results.reports():
            alone = fragile().detect(Document.read(report.document.source))
            assert report.to_json(statements=True, text=True) == alone.to_json(statements=True, text=True)


def test_a_second_run_scores_only_what_is_new_or_changed(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(3))
    scored(folder, path)
    (folder / "1.txt").write_text(text("changed"))
    fill(folder, ["new"])

    done = scored(folder, path)

    assert (done.scored, done.unchanged) == (2, 2)
    assert scored(folder, path).unchanged == 4
    assert len(contents(path)) == 4


def test_another_model_scores_all_again(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(3))
    scored(folder, path)

    assert scored(folder, path, Detector(Fragile(), max_pairs=1)).scored == 3
    assert len(contents(path)) == 3


def test_the_same_text_under_two_names_is_scored_once(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", ["a"])
    (folder / "b.txt").write_text(text("a"))
    model = Fragile()

    first = scored(folder, path, Detector(model))
    (folder / "c.txt").write_text(text("a"))
    second = scored(folder, path, Detector(model))

    assert (first.scored, first.repeated) == (1, 1)
    assert (second.scored, second.unchanged, second.repeated) == (0, 2, 1)
    assert len(model.asked) == 6
    with Results.open(path) as results:
        assert len(results.sources()) == 3


def test_what_fails_is_recorded_and_the_rest_goes_on(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(5))
    (folder / "2.txt").write_text(f"It is so here today. {FAILING}")
    (folder / "3.txt").write_bytes(b"")

    done = scored(folder, path)

    assert (done.scored, done.failed) == (3, 2)
    with Results.open(path) as results:
        assert list(results.failures().values()) == [
            f"{folder}/2.txt: cannot be scored (RuntimeError: out of ideas); report it or leave it out",
            f"{folder}/3.txt: empty; give a file with an article in it",
        ]
    (folder / "3.txt").write_text(text(3))
    again = scored(folder, path)
    assert (again.scored, again.failed, again.unchanged) == (1, 1, 3)


def test_a_file_that_breaks_its_reader_does_not_stop_the_rest(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "in", range(3))
    (folder / "1.html").write_text("<p>It is so.")

    def too_deep(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("claims.document.read_html", too_deep)
    done = scored(folder, path)

    assert (done.scored, done.failed) == (3, 1)
    with Results.open(path) as results:
        assert list(results.failures().values()) == [
            f"{folder}/1.html: cannot be read (RecursionError: too deep); report it or leave it out"
        ]


def test_several_processes_come_to_the_same_results(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(200))

    done = scored(folder, path, engine=Processes(fragile, 2))

    assert done.scored == 200
    scored(folder, tmp_path / "here.db")
    assert contents(path) == contents(tmp_path / "here.db")


def test_an_article_that_kills_its_process_fails_and_the_rest_goes_on(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(80))
    (folder / "5.txt").write_text(f"It is so here today. {DEADLY}")

    done = scored(folder, path, engine=Processes(fragile, 2))

    assert (done.scored, done.failed) == (79, 1)
    with Results.open(path) as results:
        [error] = results.failures().values()
    assert "5.txt: cannot be scored (the process that scored it died twice" in error


def test_articles_that_failed_keep_what_was_found_in_them_before(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(3))
    scored(folder, path)
    before = contents(path)
    (folder / "1.txt").unlink()
    (folder / "1.txt").mkdir()
    (folder / "1.txt").rmdir()
    (folder / "1.txt").symlink_to(folder / "1.txt")

    done = scored(folder, path)

    assert (done.unchanged, done.failed) == (2, 1)
    after = contents(path)
    assert "cannot be read" in after.pop("failed " + str(folder / "1.txt"))
    assert after == before
    (folder / "1.txt").unlink()
    (folder / "1.txt").write_text(text(1))
    assert scored(folder, path).unchanged == 3
    assert contents(path) == before


def test_a_file_touched_or_dated_anew_is_not_scored_again(tmp_path: Path, path: Path) -> None:
    table = tmp_path / "in.jsonl"
    table.write_text(json.dumps({"id": 1, "text": text(1)}))
    scored(table, path)
    table.write_text(json.dumps({"id": 1, "text": text(1), "date": "2026-03-01"}))

    done = scored(table, path)

    assert (done.scored, done.unchanged, done.repeated) == (0, 1, 0)
    with Results.open(path) as results:
        [report] = results.reports()
    assert report.document.date == "2026-03-01"


def test_a_file_is_the_same_one_from_another_folder(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "in", range(2))
    scored(folder, path)
    for file in folder.iterdir():
        os.utime(file, (1, 1))
    monkeypatch.chdir(folder)

    done = scored(Path(), path)

    assert (done.scored, done.unchanged, done.repeated) == (0, 2, 0)


def test_an_article_in_another_language_than_before_is_scored_again(tmp_path: Path, path: Path) -> None:
    table = tmp_path / "in.jsonl"
    for language in ("en", "de"):
        table.write_text(json.dumps({"id": 1, "text": text(1), "language": language}))
        assert scored(table, path).scored == 1

    with Results.open(path) as results:
        [report] = results.reports()
    assert report.document.language == "de"


def test_of_a_text_in_two_sources_the_first_one_says_what_it_is(tmp_path: Path, path: Path) -> None:
    first, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    rows = {first: {"text": text(1), "date": "2026-03-01", "language": "en"}}
    rows[other] = {"text": text(1), "date": "2024-08-09", "language": "de"}
    for table, row in rows.items():
        table.write_text(json.dumps(row))
    scored(tmp_path, path)
    before = contents(path)

    for n in range(2):
        for table, row in rows.items():
            table.write_text(json.dumps(row) + "\n" * (n + 1))
            done = scored(tmp_path, path)
            assert (done.scored, done.unchanged, done.repeated) == (0, 2, 0)

    assert contents(path) == before
    with Results.open(path) as results:
        assert results.document(results.document_ids()[0]).date == "2026-03-01"


def test_rows_that_move_in_a_table_are_not_scored_again(tmp_path: Path, path: Path) -> None:
    table = tmp_path / "in.jsonl"
    rows = [json.dumps({"text": text(k)}) for k in range(5)]
    table.write_text("\n".join(rows))
    scored(table, path)
    table.write_text("\n".join([json.dumps({"text": text("new")}), *rows]))

    done = scored(table, path)

    assert (done.scored, done.repeated + done.unchanged) == (1, 5)
    with Results.open(path) as results:
        assert results.totals().documents == 6


def test_a_table_that_is_mended_fails_no_more(tmp_path: Path, path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text(f"id,words\n1,{text(1)}\n")
    assert scored(table, path).failed == 1
    table.write_text(f"id,text\n1,{text(1)}\n")

    assert scored(table, path).scored == 1
    with Results.open(path) as results:
        assert results.failures() == {}


def test_an_article_that_changed_into_another_shard_leaves_its_own(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(8))
    parts = [tmp_path / f"{k}.db" for k in (1, 2)]
    for _ in range(2):
        for number, part in enumerate(parts, start=1):
            scored(folder, part, shard=Shard(number, 2))
        for k in range(8):
            (folder / f"{k}.txt").write_text(text(f"changed {k}"))
    for number, part in enumerate(parts, start=1):
        scored(folder, part, shard=Shard(number, 2))

    for part in reversed(parts):
        with Results.open(path, create=True) as merged, Results.open(part, read_only=True) as other:
            merged.merge(other)

    scored(folder, tmp_path / "whole.db")
    assert contents(path) == contents(tmp_path / "whole.db")


def test_processes_that_cannot_start_end_the_batch_with_one_error(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(3))

    with pytest.raises(ClaimsError, match="dies while it loads the model"):
        scored(folder, path, engine=Processes(_dies, 2))

    with Results.open(path) as results:
        assert results.failures() == {}


def _dies() -> Detector:
    os._exit(1)


def test_the_processes_of_a_killed_batch_end_too(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", range(300))

    batch = start(folder, tmp_path / "results.db", "Processes(fragile, 2)")
    assert batch.stdout
    batch.stdout.readline()
    batch.kill()

    batch.stdout.read()  # ends when the last process that could write there has
    batch.stdout.close()
    assert batch.wait() == -signal.SIGKILL


def start(folder: Path, path: Path, engine: str = "Here(fragile())") -> "subprocess.Popen[str]":
    """A batch in a process of its own, which prints a line whenever something was done."""
    program = f"""
from pathlib import Path
from tests.test_batch import *

if __name__ == "__main__":
    told = lambda progress: print(progress.scored, flush=True)
    scored(Path({str(folder)!r}), Path({str(path)!r}), engine={engine}, told=told)
"""
    script = path.with_suffix(".py")
    script.write_text(program)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment)


def test_a_batch_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(1000))
    (folder / "7.txt").write_bytes(b"")
    chance = random.Random(6)
    done = []

    for _ in range(20):
        with start(folder, path) as batch:
            assert batch.stdout
            for _ in range(sum(done[-1:]) + chance.randrange(1, 90)):
                batch.stdout.readline()
            batch.kill()
            assert batch.wait() == -signal.SIGKILL
        with Results.open(path, create=True) as results:
            done.append(results.totals().documents)

    undisturbed = tmp_path / "undisturbed.db"
    assert scored(folder, undisturbed).scored == 999
    assert scored(folder, path).scored == 999 - done[-1]
    assert contents(path) == contents(undisturbed)
    assert done == sorted(done)
    assert len(set(done)) > 10


def test_asked_to_stop_it_ends_with_what_is_being_scored(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(200))
    heard: list[int] = []

    done = scored(folder, path, told=lambda progress: heard.append(progress.scored), stop=lambda: len(heard) > 40)

    assert done.stopped
    assert 0 < done.scored < 100
    assert scored(folder, path).scored == 200 - done.scored


def test_two_batches_on_one_file_do_no_harm(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(150))

    both = [start(folder, path) for _ in range(2)]
    for batch in both:
        batch.communicate()

    assert [batch.returncode for batch in both] == [0, 0]
    scored(folder, tmp_path / "alone.db")
    assert contents(path) == contents(tmp_path / "alone.db")


def test_shards_are_disjoint_and_join_to_the_whole(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(60))
    (folder / "empty.txt").write_bytes(b"")
    parts = [tmp_path / f"{k}.db" for k in (1, 2, 3)]

    done = [scored(folder, part, shard=Shard(k, 3)) for k, part in enumerate(parts, start=1)]

    assert sum(one.scored for one in done) == 60
    assert all(10 < one.scored < 30 and one.elsewhere == 60 - one.scored for one in done)
    scored(folder, tmp_path / "whole.db")
    for _ in range(2):  # joining again adds nothing
        with Results.open(path, create=True) as results:
            for part in parts:
                with Results.open(part, read_only=True) as other:
                    results.merge(other)
        assert contents(path) == contents(tmp_path / "whole.db")


def test_verdicts_are_merged_once(tmp_path: Path, path: Path) -> None:
    part = tmp_path / "part.db"
    scored(fill(tmp_path / "in", range(2)), part)
    with Results.open(part) as results:
        results.add_verdict("p", "confirmed", reviewer="ana", note="n")
        results.add_verdict("p", None, reviewer="ana")
        results.add_verdict("q", "dismissed", reviewer="ben")

    for _ in range(2):
        with Results.open(path, create=True) as results, Results.open(part) as other:
            results.merge(other)

    with Results.open(path) as results, Results.open(part) as other:
        assert results.verdicts() == other.verdicts()
        assert len(results._ask("SELECT 1 FROM verdicts")) == 3


def test_a_model_that_remembers_answers_alike_and_reads_once() -> None:
    model = ByNegation()
    pairs = [("It is.", "It is not."), ("It is.", "It was."), ("It is.", "It is not.")]
    remembering = Remembering(model, n_pairs=3)

    first, second = remembering.predict(pairs), remembering.predict(pairs[::-1])

    np.testing.assert_array_equal(first.logits, model.predict(pairs).logits)
    np.testing.assert_array_equal(second.logits, first.logits[::-1])
    assert first.truncated.tolist() == [False] * 3
    remembering.predict([(str(k), "x") for k in range(9)])
    assert len(model.asked) == 2 + 3 + 9
    assert remembering.predict([]).logits.shape == (0, 3)


def test_shared_batches_and_memory_do_not_change_the_bundled_model(detector: Detector) -> None:
    documents = [Document.from_text(f"{text(k)} Everyone is pleased.", language="en") for k in range(3)]
    assert detector.second
    remembering = replace(detector, model=Remembering(detector.model), second=Remembering(detector.second))

    for together in (
        detector.detect_all(documents),
        remembering.detect_all(documents),
        remembering.detect_all(documents),
    ):
        for report, document in zip(together, documents, strict=True):
            alone = detector.detect(document)
            assert report.counts == alone.counts
            for a, b in zip(report.scored, alone.scored, strict=True):
                assert (a.a, a.b, a.kind, a.reasons) == (b.a, b.b, b.kind, b.reasons)
                assert a.confidence == pytest.approx(b.confidence, abs=1e-5)


def test_a_full_disk_ends_a_batch_and_loses_nothing(tmp_path: Path, path: Path) -> None:
    folder = fill(tmp_path / "in", range(200))
    detector = fragile()

    with Results.open(path, create=True) as results:
        results._ask("PRAGMA max_page_count = 80")
        with pytest.raises(ResultsError, match="the disk is full; what was finished is kept, make room and run again"):
            run_batch(Listing([folder]), results, run_of(detector), Here(detector))
        n_kept = results.totals().documents

    assert 0 < n_kept < 200
    assert scored(folder, path).scored == 200 - n_kept
