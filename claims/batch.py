"""Many articles into a results file, so that nothing is lost, scored twice or stopped by one that fails.

Sources come in from `claims.folder`, documents go in groups to an engine, reports are written one by one. An engine
only scores: `Here` in this process, `Processes` in several, which a document that kills its process does not stop.
Knows neither the command line nor how a document is scored.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from typing import Protocol

import numpy as np

import claims
from claims.detect import Detector
from claims.document import Document
from claims.errors import ClaimsError, DocumentError
from claims.findings import Report
from claims.folder import Source
from claims.nli import LABELS, NLI, Prediction, Progress
from claims.results import Results, Run

# Documents of a group share the model's batches: enough to fill them, few enough to lose little when interrupted.
CHARS_PER_GROUP = 6_000
DOCUMENTS_PER_GROUP = 32
# Pairs whose answers are kept of each model: those of some hundred articles, 60 MB. Copies of one wire story mostly
# stand close by.
PAIRS_REMEMBERED = 250_000

Scored = tuple[Document, Report | str]
"""A document with its report, or with why there is none."""


class Engine(Protocol):
    """What scores groups of documents."""

    def score(self, groups: Iterable[Sequence[Document]]) -> Iterator[Scored]:
        """Each document scored, in any order; groups are taken as they are needed."""
        ...


@dataclass
class Progressed:
    """How far a batch is; what it says of all its sources at the end."""

    scored: int = 0
    """Documents that were scored."""
    pairs: int = 0
    """Pairs that were read for them."""
    unchanged: int = 0
    """Sources left alone, since they had been scored before."""
    repeated: int = 0
    """Sources whose text another source has too; it was scored once."""
    elsewhere: int = 0
    """Sources that belong to another shard."""
    failed: int = 0
    """Sources that could not be read or scored."""
    cut: int = 0
    """Documents scored of which the end was not read, being too long."""
    seconds: float = 0.0
    stopped: bool = False
    """Whether it was asked to stop before the end."""

    @property
    def done(self) -> int:
        """Sources that are done with."""
        return self.scored + self.unchanged + self.repeated + self.elsewhere + self.failed


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of all documents, by the hash of the text: the same one wherever it is computed."""

    number: int = 1
    of: int = 1

    def __contains__(self, document: Document) -> bool:
        """Whether a document belongs here."""
        return int(document.id[:16], 16) % self.of == self.number - 1


def run_of(detector: Detector, *, threshold: float | None = None, language: str | None = None) -> Run:
    """What tells whether two runs of a detector come to the same reports."""
    calibration = asdict(detector.calibration) if detector.calibration else {}
    models = calibration.pop("threshold", 0.5)
    options = {
        "claims": claims.__version__,
        "calibration": calibration,
        "second": [detector.second.name, detector.second.version] if detector.second else None,
        "max_pairs": detector.max_pairs,
        "claims_only": detector.claims_only,
        "language": language,
    }
    name, version = detector.model.name, detector.model.version
    return Run(name, version, bool(calibration), models if threshold is None else threshold, options)


def run_batch(
    sources: Iterable[Source],
    results: Results,
    run: Run,
    engine: Engine,
    *,
    shard: Shard | None = None,
    told: Callable[[Progressed], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Progressed:
    """Score what is not scored yet and write it to a results file; says what was done with each source.

    `told` hears of every step. When `stop` says so no more is read, and what is being scored comes to its end.
    Raises: ResultsError when the results cannot be written; what was written stays.
    """
    batch = _Batch(results, run, shard or Shard(), told or (lambda _: None), stop or (lambda: False))
    results.begin_run(run)
    began = time.monotonic()
    for document, outcome in engine.score(batch.groups(sources)):
        batch.add(document, outcome)
    batch.progress.seconds = time.monotonic() - began
    if not batch.progress.stopped:
        results.end_run(run)
    return batch.progress


@dataclass
class _Batch:
    results: Results
    run: Run
    shard: Shard
    told: Callable[[Progressed], None]
    stop: Callable[[], bool]
    progress: Progressed = field(default_factory=Progressed)
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    """Document that is being scored -> its sources with their stamps."""
    readable: set[str] = field(default_factory=set)
    """Tables of which a row was read."""

    def groups(self, sources: Iterable[Source]) -> Iterator[list[Document]]:
        """Documents to score, in groups."""
        group: list[Document] = []
        n_chars = 0
        for source in sources:
            if self.stop():
                self.progress.stopped = True
                break
            document = self._to_score(source)
            self.told(self.progress)
            if document is None:
                continue
            group.append(document)
            n_chars += len(document.text)
            if n_chars >= CHARS_PER_GROUP or len(group) == DOCUMENTS_PER_GROUP:
                yield group
                group, n_chars = [], 0
        if group and not self.progress.stopped:
            yield group

    def _to_score(self, source: Source) -> Document | None:
        """The document of a source, unless there is nothing to score; then what there is to know is written down."""
        if source.table and source.table not in self.readable:
            self.readable.add(source.table)
            self.results.clear_failure(source.table)
        if self.results.is_done(source.key, source.stamp, self.run):
            self.results.clear_failure(source.key)
            self.progress.unchanged += 1
            return None
        try:
            document = replace(source.read(), source=source.name)
        except DocumentError as error:
            self._failed(source.key, source.stamp, str(error))
            return None
        except Exception as error:  # a file that breaks the code that reads it must not stop the others
            trouble = f"{type(error).__name__}: {error}"
            self._failed(
                source.key, source.stamp, f"{source.name}: cannot be read ({trouble}); report it or leave it out"
            )
            return None
        if document not in self.shard:
            self.results.forget_source(source.key)  # its text may have been of this shard before it changed
            self.progress.elsewhere += 1
            return None
        if document.id in self.waiting:
            self.waiting[document.id][source.key] = source.stamp
            return None
        if self.results.holds(document.id, self.run) and self._is_known(source, document):
            return None
        self.waiting[document.id] = {source.key: source.stamp}
        return document

    def _is_known(self, source: Source, document: Document) -> bool:
        """Whether the report of a text that was scored stands; it is noted that this source holds the text too."""
        if self.results.is_of(document.id, source.key):  # the file changed, its text did not
            before = self.results.document(document.id)
            if before.source == source.name:  # of several sources one says what the text is
                if before.language != document.language:
                    return False
                if (before.title, before.date) != (document.title, document.date):
                    self.results.add_about(document)
            self.progress.unchanged += 1
        else:
            self.progress.repeated += 1
        self.results.add_source(source.key, source.stamp, document.id)
        return True

    def add(self, document: Document, outcome: Report | str) -> None:
        """Write what came of a document."""
        sources = self.waiting.pop(document.id)
        if isinstance(outcome, str):
            for name, stamp in sources.items():
                self._failed(name, stamp, outcome)
        else:
            self.results.add_report(self.run, outcome, sources)
            self.progress.scored += 1
            self.progress.repeated += len(sources) - 1
            self.progress.pairs += outcome.counts.scored
            self.progress.cut += bool(outcome.document.skipped_chars)
        self.told(self.progress)

    def _failed(self, source: str, stamp: str, error: str) -> None:
        self.results.add_failure(source, stamp, error)
        self.progress.failed += 1


def score_group(detector: Detector, group: Sequence[Document]) -> list[Scored]:
    """Each document of a group with its report; one that fails is told apart from the others."""
    try:
        return list(zip(group, detector.detect_all(group), strict=True))
    except Exception as error:  # whatever is wrong with one document must not lose the others
        if len(group) == 1:
            trouble = str(error) if isinstance(error, ClaimsError) else f"{type(error).__name__}: {error}"
            return [(group[0], f"{group[0].source}: cannot be scored ({trouble}); report it or leave it out")]
    return [scored for document in group for scored in score_group(detector, [document])]


@dataclass(frozen=True)
class Here:
    """Scores in this process."""

    detector: Detector

    def score(self, groups: Iterable[Sequence[Document]]) -> Iterator[Scored]:
        """Each document scored, one group after the other."""
        for group in groups:
            yield from score_group(self.detector, group)


@dataclass(frozen=True)
class Processes:
    """Scores in several processes, each with a detector of its own; one that dies is replaced."""

    make: Callable[[], Detector]
    """Makes the detector of a process; must be importable there."""
    n_workers: int

    def score(self, groups: Iterable[Sequence[Document]]) -> Iterator[Scored]:
        """Each document scored, as they are done. A document that kills its process twice fails."""
        remaining, n_workers = iter(groups), self.n_workers
        while suspects := (yield from self._score(remaining, n_workers, n_ahead=2 * n_workers)):
            # Which of the documents that were being scored was it? One after the other tells.
            alone = iter([[document] for document in suspects])
            n_guilty = 0
            while lost := (yield from self._score(alone, 1, n_ahead=1)):
                guilty, *others = lost
                n_guilty += 1
                trouble = "the process that scored it died twice, perhaps for want of memory"
                yield guilty, f"{guilty.source}: cannot be scored ({trouble}); leave it out or split it"
                alone = chain([[document] for document in others], alone)
            if not n_guilty:  # each can be scored, so there were too many processes
                n_workers = max(1, n_workers // 2)

    def _score(
        self, groups: Iterator[Sequence[Document]], n_workers: int, n_ahead: int
    ) -> Generator[Scored, None, list[Document]]:
        """Each document scored; returns those that were being scored when a process died, if one did.

        Raises: ClaimsError when no process can start.
        """
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_begin, initargs=(self.make,))
        in_flight: dict[Future[list[Scored]], Sequence[Document]] = {}
        try:
            with _no_interrupt():
                first = pool.submit(_is_ready)
            try:
                first.result()
            except BrokenProcessPool:
                trouble = "the process that scores dies while it loads the model, perhaps for want of memory"
                raise ClaimsError(f"{trouble}; free some, or try `claims models`") from None
            group = next(groups, None)
            while group is not None or in_flight:
                while group is not None and len(in_flight) < n_ahead:
                    with _no_interrupt():
                        in_flight[pool.submit(_score_there, group)] = group
                    group = next(groups, None)
                for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                    scored = future.result()
                    del in_flight[future]
                    yield from scored
        except BrokenProcessPool:
            return [document for lost in (*in_flight.values(), group or ()) for document in lost]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return []


_detector: Detector | None = None


def _begin(make: Callable[[], Detector]) -> None:
    """Make the detector of a new process, and let the process end when the one that started it does."""
    global _detector
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch decides what an interruption stops
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _detector = make()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _is_ready() -> bool:
    return _detector is not None


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Keep an interruption until later: a process that starts meanwhile is not told of any."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _score_there(group: Sequence[Document]) -> list[Scored]:
    assert _detector is not None
    return score_group(_detector, group)


class Remembering:
    """A model that gives a pair it has been asked before the same answer, without reading it again."""

    def __init__(self, model: NLI, n_pairs: int = PAIRS_REMEMBERED) -> None:
        self.model, self.name, self.version = model, model.name, model.version
        self.n_pairs = n_pairs
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        """Logits of each (premise, hypothesis), in the order given."""
        keys = [blake2b(f"{len(a)} {a}{b}".encode("utf-8", "replace"), digest_size=16).digest() for a, b in pairs]
        new = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in self._answers}
        told = self.model.predict(list(new.values()), progress)
        answers = np.column_stack([told.logits, told.truncated.astype(np.float32)])
        self._answers.update(zip(new, (answer.tobytes() for answer in answers), strict=True))
        for key in keys:
            self._answers.move_to_end(key)
        found = np.frombuffer(b"".join(self._answers[key] for key in keys), np.float32).reshape(
            len(keys), len(LABELS) + 1
        )
        while len(self._answers) > self.n_pairs:
            self._answers.popitem(last=False)
        return Prediction(found[:, : len(LABELS)].copy(), found[:, len(LABELS)] > 0)


@dataclass(frozen=True)
class Make:
    """Makes the same detector in any process."""

    model: str | None = None
    device: str | None = None
    max_pairs: int | None = None
    claims_only: bool = False
    n_threads: int | None = None
    calibration: str | None = None

    def __call__(self) -> Detector:
        """A new detector that remembers what its model has answered."""
        detector = Detector.from_pretrained(**asdict(self))
        second = Remembering(detector.second) if detector.second else None
        return replace(detector, model=Remembering(detector.model), second=second)
