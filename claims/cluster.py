"""Scores documents on the machines of a Ray cluster; the results are those of one machine.

One process reads the articles and writes the results file, so that resuming, shards and equal texts work as they do
locally; Ray Data hands groups of documents to actors, each of which loads the model once.
"""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from claims.batch import Scored, score_group
from claims.detect import Detector
from claims.document import Document
from claims.errors import ClaimsError

# Groups of documents that each actor is handed at a time: enough that starting it does not count, few enough that an
# interruption is heard within minutes.
GROUPS_OF_AN_ACTOR = 16
RESTARTS = 8  # of an actor, and tries of a group, before what it was scoring is told apart


class Scorer:
    """An actor: makes its detector once and scores groups of documents with it."""

    def __init__(self, make: Callable[[], Detector]) -> None:
        self._detector = make()

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """What `score_group` says of each group, both pickled."""
        groups = (pickle.loads(group) for group in batch["group"])
        return {"scored": [pickle.dumps(score_group(self._detector, group)) for group in groups]}


@dataclass(frozen=True)
class RayCluster:
    """Scores in the actors of Ray Data, on the cluster of RAY_ADDRESS or, without one, on this machine."""

    make: Callable[[], Detector]
    """Makes the detector of an actor; must be importable there."""
    n_workers: int | None = None
    """Actors; None: as many as the cluster has cores, or GPUs with `on_gpu`."""
    on_gpu: bool = False

    def score(self, groups: Iterable[Sequence[Document]]) -> Iterator[Scored]:
        """Each document scored, as they are done; those whose actor died again and again fail.

        Raises: ClaimsError when Ray is not installed, cannot be reached or breaks.
        """
        ray = _ray()
        resource = "GPU" if self.on_gpu else "CPU"
        n_workers = self.n_workers or max(1, int(ray.cluster_resources().get(resource, 1)))
        remaining = iter(groups)
        while window := list(islice(remaining, GROUPS_OF_AN_ACTOR * n_workers)):
            try:
                lost = yield from self._score(window, n_workers)
                if lost:  # which documents of their groups was it?
                    lost = yield from self._score([[document] for document in lost], n_workers)
            except ray.exceptions.RayError as error:
                raise ClaimsError(
                    f"--engine ray: {str(error).strip().splitlines()[0]}; what was finished is kept, run it again"
                ) from error
            for document in lost:
                trouble = "the process that scored it died again and again, perhaps for want of memory"
                yield document, f"{document.source}: cannot be scored ({trouble}); leave it out or split it"

    def _score(self, groups: Sequence[Sequence[Document]], n_workers: int) -> Generator[Scored, None, list[Document]]:
        """Each document scored; returns those whose actor died again and again."""
        from ray import data

        missing = {document.id: document for group in groups for document in group}
        items = [{"group": pickle.dumps(group)} for group in groups]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that later versions will not have, which pyproject.toml excludes
            scored = data.from_items(items, override_num_blocks=len(items)).map_batches(
                Scorer,
                fn_constructor_args=(self.make,),
                batch_size=None,
                batch_format="pandas",
                compute=data.ActorPoolStrategy(size=min(n_workers, len(items))),
                num_cpus=1,
                num_gpus=1 if self.on_gpu else 0,
                max_restarts=RESTARTS,
                max_task_retries=RESTARTS,
            )
        for row in scored.iter_rows():
            for document, outcome in pickle.loads(row["scored"]):
                if missing.pop(document.id, None):
                    yield document, outcome
        return list(missing.values())


def _ray() -> Any:
    """Ray, connected. Raises: ClaimsError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # which it would report to its makers
    try:
        import ray
        from ray import data
    except ImportError as error:
        raise ClaimsError(f"--engine ray: Ray cannot be loaded ({error}); install claims[ray]") from None
    if not ray.is_initialized():
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            address = os.environ.get("RAY_ADDRESS", "this machine")
            raise ClaimsError(
                f"--engine ray: no cluster at {address} ({error}); start one, or set RAY_ADDRESS"
            ) from error
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # their documents fail, the others go on
    return ray
