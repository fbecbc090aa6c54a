"""A local Ray cluster comes to the results of one process, whatever happens to its workers."""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from claims import Detector
from claims.cluster import RayCluster
from claims.nli import Prediction, Progress
from tests.conftest import ROOT
from tests.test_batch import DEADLY, Fragile, contents, fill, fragile, scored

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    os.environ["PYTHONPATH"] = f"{ROOT}:{ROOT}/tests"  # the workers import the model of the tests
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


class DiesOnce(Fragile):
    """Kills the first process that asks."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self.mark = mark

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        try:
            self.mark.rmdir()
        except FileNotFoundError:
            return super().predict(pairs, progress)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class MakeDiesOnce:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self) -> Detector:
        return Detector(DiesOnce(self.mark))


def test_two_workers_come_to_the_results_of_one_process_though_one_is_killed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", range(200))
    (folder / "3.txt").write_bytes(b"")
    (tmp_path / "mark").mkdir()

    done = scored(folder, tmp_path / "ray.db", engine=RayCluster(MakeDiesOnce(tmp_path / "mark"), 2))

    assert not (tmp_path / "mark").exists()
    assert (done.scored, done.failed) == (199, 1)
    scored(folder, tmp_path / "here.db")
    assert contents(tmp_path / "ray.db") == contents(tmp_path / "here.db")
    assert scored(folder, tmp_path / "ray.db", engine=RayCluster(fragile, 2)).unchanged == 199


def test_an_article_that_kills_every_worker_fails_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claims.cluster.RESTARTS", 1)
    folder = fill(tmp_path / "in", range(100))
    (folder / "zz.txt").write_text(f"It is so here today. {DEADLY}")

    done = scored(folder, tmp_path / "ray.db", engine=RayCluster(fragile, 2))

    assert (done.scored, done.failed) == (100, 1)
