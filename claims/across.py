"""Contradictions between articles: statements of different documents on the same subject, read in pairs.

What to compare is found by the encoder that is there anyway: the mean of its lower layers over a statement, in an
approximate index, then what the two statements and their articles share. Articles of two languages are not compared:
there the model takes too many translations for contradictions. The confidence is that of pairs within an article; how
far apart two statements stand means nothing here, and counts as far. Knows a results file, nothing of folders.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, islice
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.calibration import UNCALIBRATED, shared_content
from claims.detect import Detector, ask, features_of, findings_of, model_input
from claims.document import Document
from claims.errors import ClaimsError
from claims.findings import Finding, kind_across
from claims.nli import BundledModel, bundled_folder
from claims.pairs import PAIRS_PER_STATEMENT, Candidates, content, pair_relatedness
from claims.results import PairAcross, Results, Run, pair_key
from claims.statements import Statement

NEIGHBOURS = 20  # statements of other documents that are looked at for each
PAIRS_READ = 2  # of those, the ones that are read
LEAST_SHARED = 0.25  # share of the content of the shorter statement that the other has too
SAME_SUBJECT = 0.12  # least likeness of two articles on one subject; see models/EXPERIMENTS.md
MOST_DAYS = 45  # between two articles whose dates are known; what is older may simply have changed
SENTENCES_APART = 20  # two articles count as one in which the statements stand far apart
USUAL_PAIRS = PAIRS_PER_STATEMENT * 30  # each is taken to be as rarely a contradiction as those of a usual article
RANK = 5  # of each among those: no pair's confidence may depend on which others happen to be compared with it
SUSPECT = -3.0  # log-odds of contradiction in one direction from which the other is read too: of a tenth in articles
TEXTS_AT_A_TIME = 256
DOCUMENTS_AT_A_TIME = 16  # whose pairs are read together
LINKS = 32  # of each vector in the index


def detect_across(
    results: Results,
    detector: Detector,
    run: Run,
    told: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Put the pairs of statements of different documents that may contradict each other into a results file.

    Only documents scored by this run are compared, and a document that was compared before only with new ones. Each is
    written at once, so that after an interruption the rest is compared next time; when `stop` says so it ends early.
    Returns how many pairs were read. Raises: ClaimsError when faiss is missing.
    """
    ids = [document for document in results.document_ids() if results.holds(document, run)]
    todo = sorted(set(results.not_compared(run.key)) & set(ids))
    if not todo:
        return 0
    turn = {document: number for number, document in enumerate(todo)}
    pairs: list[list[PairAcross]] = [[] for _ in todo]
    encoder = detector.tagger.model if detector.tagger else BundledModel(bundled_folder())
    for pair in candidates_across(results, ids, encoder, claims_only=detector.claims_only):
        last = max(turn.get(pair.document_a, -1), turn.get(pair.document_b, -1))
        if last >= 0:  # it belongs to the document that is compared last, when the other one is there
            pairs[last].append(pair)
    n_read = 0
    for start in range(0, len(todo), DOCUMENTS_AT_A_TIME):
        if stop and stop():
            break
        of_chunk = pairs[start : start + DOCUMENTS_AT_A_TIME]
        found = iter(_findings(results, detector, list(chain.from_iterable(of_chunk))))
        for number, of_document in enumerate(of_chunk, start):
            kept = [each for each in islice(found, len(of_document)) if each[1].confidence >= run.kept_from]
            results.add_across(todo[number], kept, run.key)
            n_read += len(of_document)
            if told:
                told(number + 1, len(todo))
    return n_read


def candidates_across(
    results: Results, documents: Sequence[str], encoder: BundledModel, *, claims_only: bool = False
) -> list[PairAcross]:
    """The pairs worth reading, at most `PAIRS_READ` for each statement, or for each worth checking."""
    statements: list[Statement] = []
    owners: list[tuple[int, int]] = []  # number of the document, place in it
    dates, subjects = [], Subjects()
    for article in map(results.document, documents):
        dates.append(_date(article.date))
        subjects.add(article)
    for number, document in enumerate(documents):
        for place, statement in enumerate(results.statements_of(document)):
            if statement.is_claim or not claims_only:
                statements.append(statement)
                owners.append((number, place))
    if len(statements) < 2:
        return []
    vectors = embed(encoder, [statement.text for statement in statements])
    best: set[tuple[int, int]] = set()
    for i, near in enumerate(_neighbours(vectors)):
        told = []
        for j, similarity in near:
            one, other = owners[i][0], owners[j][0]
            if one == other or not _close(dates[one], dates[other]) or subjects.likeness(one, other) < SAME_SUBJECT:
                continue
            shared = shared_content(statements[i].text, statements[j].text)
            if shared >= LEAST_SHARED and not _alike(statements[i], statements[j]):
                told.append((similarity + shared, min(i, j), max(i, j)))
        best |= {(first, second) for _, first, second in sorted(told, reverse=True)[:PAIRS_READ]}
    found = []
    for i, j in best:
        (one, a), (other, b) = sorted((owners[i], owners[j]), key=lambda owner: documents[owner[0]])
        found.append(PairAcross(documents[one], a, documents[other], b))
    return sorted(found, key=lambda pair: (pair.document_a, pair.a, pair.document_b, pair.b))


class Subjects:
    """What articles are about: their words and numbers, those rarer in their language heavier."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._found_in: Counter[int] = Counter()  # how many articles each word stands in
        self._n_articles: Counter[str] = Counter()
        self._languages: list[str] = []
        self._words: list[NDArray[np.int32]] = []  # of each article, sorted
        self._lengths: dict[int, float] = {}
        self._last: tuple[int, dict[int, float]] = -1, {}

    def add(self, document: Document) -> None:
        """Add an article; they are numbered as they come. None may come after the first question."""
        language = document.language
        words = [self._numbers.setdefault((language, word), len(self._numbers)) for word in content(document.text)]
        self._found_in.update(words)
        self._n_articles[language] += 1
        self._languages.append(language)
        self._words.append(np.sort(np.array(words, np.int32)))

    def likeness(self, one: int, other: int) -> float:
        """How much two articles have in common, 0 to 1: the cosine of their weighted words; 0 in two languages."""
        if self._languages[one] != self._languages[other]:
            return 0.0
        if self._last[0] != one:  # questions about one article come one after the other
            self._last = one, {}
        known = self._last[1]
        if other not in known:
            shared = np.intersect1d(self._words[one], self._words[other], assume_unique=True)
            lengths = self._length(one) * self._length(other)
            known[other] = self._weight(shared, self._languages[one]) / lengths if lengths else 0.0
        return known[other]

    def _length(self, number: int) -> float:
        if number not in self._lengths:
            self._lengths[number] = sqrt(self._weight(self._words[number], self._languages[number]))
        return self._lengths[number]

    def _weight(self, words: NDArray[np.int32], language: str) -> float:
        n = self._n_articles[language]
        return sum(log(1 + n / self._found_in[word]) ** 2 for word in words.tolist())


def load_faiss() -> Any:
    """The module of the index. Raises: ClaimsError when it is missing."""
    try:
        import faiss
    except ImportError:
        raise ClaimsError("--across: needs faiss; install claims[across]") from None
    return faiss


def embed(model: BundledModel, texts: Sequence[str]) -> NDArray[np.float32]:
    """A vector of each text: the mean of the lowest layer that is read, each part in deviations over all texts.

    Shape: (texts, hidden).
    """
    vectors = np.zeros((0, 0), np.float32)
    for start in range(0, len(texts), TEXTS_AT_A_TIME):
        for i, tokens in enumerate(model.read(texts[start : start + TEXTS_AT_A_TIME]), start):
            lowest = tokens.states[:, : tokens.states.shape[1] // len(model.layers_read)]
            if not vectors.size:
                vectors = np.zeros((len(texts), lowest.shape[1]), np.float32)
            vectors[i] = lowest.mean(axis=0) if len(lowest) else 0
    vectors -= vectors.mean(axis=0)
    vectors /= vectors.std(axis=0) + 1e-6
    return vectors


def _neighbours(vectors: NDArray[np.float32]) -> Iterator[list[tuple[int, float]]]:
    """Of each vector, which is made one long, the nearest others with their cosine, nearest first."""
    faiss = load_faiss()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.add(vectors)
    index.hnsw.efSearch = 4 * NEIGHBOURS
    for start in range(0, len(vectors), TEXTS_AT_A_TIME):
        similarities, found = index.search(vectors[start : start + TEXTS_AT_A_TIME], NEIGHBOURS + 1)
        for row, near in enumerate(zip(found.tolist(), similarities.tolist(), strict=True)):
            yield [(i, similarity) for i, similarity in zip(*near, strict=True) if i not in (-1, start + row)]


def _findings(results: Results, detector: Detector, pairs: Sequence[PairAcross]) -> list[tuple[PairAcross, Finding]]:
    """Pairs as findings, in the order given."""
    if not pairs:
        return []
    ids = {document for pair in pairs for document in (pair.document_a, pair.document_b)}
    held = {document: (results.document(document), results.statements_of(document)) for document in ids}
    sides, asked = [], []
    for pair in pairs:
        (document_a, of_a), (document_b, of_b) = held[pair.document_a], held[pair.document_b]
        sides.append((of_a[pair.a], of_b[pair.b]))
        asked.append(model_input(document_a, *sides[-1], document_b))
    [answers] = ask(detector.model, detector.second, [asked], suspects=_suspects)
    calibration = detector.calibration or UNCALIBRATED
    apart = [(a, replace(b, sentence=a.sentence + SENTENCES_APART)) for a, b in sides]
    candidates = Candidates((), _relatedness(held, pairs), len(pairs), USUAL_PAIRS)
    rank = np.full(len(pairs), np.log1p(RANK))
    features = features_of(apart, answers, candidates, calibration.temperature, rank)
    return list(zip(pairs, findings_of(sides, answers, features, calibration, kind_across), strict=True))


def _suspects(contradiction: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.flatnonzero(contradiction > SUSPECT)


def _relatedness(
    held: Mapping[str, tuple[Document, list[Statement]]], pairs: Sequence[PairAcross]
) -> NDArray[np.float32]:
    """What each pair shares, as rare as in the two articles together. Shape: (pairs,)."""
    by_documents: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        by_documents[pair.document_a, pair.document_b].append(number)
    related = np.zeros(len(pairs), np.float32)
    for (one, other), numbers in by_documents.items():
        texts = [statement.text for document in (one, other) for statement in held[document][1]]
        n_of_one = len(held[one][1])
        related[numbers] = pair_relatedness(texts, [(pairs[n].a, n_of_one + pairs[n].b) for n in numbers])
    return related


def _date(value: str | None) -> date | None:
    try:
        return date.fromisoformat((value or "")[:10])
    except ValueError:
        return None


def _close(one: date | None, other: date | None) -> bool:
    """Whether two articles are of about the same time, as far as is known."""
    return one is None or other is None or abs((one - other).days) <= MOST_DAYS


def _alike(a: Statement, b: Statement) -> bool:
    """Whether two statements are the same text, as in copies of one story."""
    return pair_key(a.text, "") == pair_key(b.text, "")
