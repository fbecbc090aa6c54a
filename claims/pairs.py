"""Which pairs of statements are worth reading, most related first, and how many were left out.

Two statements can only contradict each other when they speak of the same thing, so pairs are ranked by what they
share: runs of characters, the rarer in the article the heavier, which needs no word list and survives inflection in
any script. Added to that is what makes them comparable, the same speaker and the same place, and how much they say that
could be checked. Knows spelling, not meaning: a paraphrase without common letters ranks low, and what the budget leaves
out is counted, never hidden.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claims.statements import Statement

# Pairs read for each statement unless the caller says otherwise: a longer article gets more, in proportion.
# Keeps all labelled pairs of the development articles that lie in two statements (tests/benchmarks/pairs.py).
PAIRS_PER_STATEMENT = 8
# Characters of a run: four tell topics apart where a word has several letters, two where a character is a word.
RUN, RUN_OF_IDEOGRAPHS = 4, 2
# A run in more statements than this tells nothing apart, and would make the work grow with the square.
MOST_COMMON = 60
# Rarity is counted as in an article of at least so many statements: of two statements, every shared run is common.
USUAL_SIZE = 30
# What makes two statements comparable beside their words, in shares of the median of what is shared: standing next to
# each other, standing in one sentence, being reported of one named speaker, the sum of their claim scores, and the
# logarithm of the characters of the longer one.
NEIGHBOURS = 1.0
SAME_SENTENCE = 1.0
SAME_SPEAKER = 2.0
CLAIMS = 0.5
LENGTH = 0.25

# The first letters of a word stand for it: "sanciones" and "sancionado" meet in "sanci", whatever the language.
STEM_LENGTH = 5
# Shorter words are articles, prepositions and pronouns in most alphabets; two ideographs are a word.
SHORTEST_WORD = 4

# Statements of fewer words beside little ones are alike only when all their words are.
FEWEST_WORDS = 3

_WORDS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_LITTLE_WORD = re.compile(r"[^\W\d_\u0530-\uffff]{1,2}")  # Latin, Greek, Cyrillic: "a", "de", "el", "и"
_NO_WORD = re.compile(r"[\W_]+")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff]+")


@dataclass(frozen=True)
class Candidates:
    """Pairs to read, indices into the statements, the first before the second, most related first."""

    pairs: tuple[tuple[int, int], ...]
    relatedness: NDArray[np.float32]
    """What each pair shares, 0 for nothing; comparable within and across articles, no probability."""
    possible: int
    """Pairs that could be read were there no budget."""
    usual: int
    """Pairs that the default budget reads."""


def candidate_pairs(statements: Sequence[Statement], budget: int | None = None) -> Candidates:
    """The pairs worth reading within a budget; by default `PAIRS_PER_STATEMENT` for each statement.

    A statement repeated takes part once: a repetition does not contradict itself.
    """
    distinct = _distinct(statements)
    n = len(distinct)
    possible = n * (n - 1) // 2
    usual = min(possible, PAIRS_PER_STATEMENT * n)
    budget = usual if budget is None else min(possible, budget)

    if not possible:
        return Candidates((), np.zeros(0, np.float32), possible, usual)

    told = [statements[i] for i in distinct]
    shared = _relatedness([_runs(statement.text) for statement in told])
    typical = float(np.median(shared[shared > 0])) if (shared > 0).any() else 1.0
    order = np.argsort(-(shared + typical * _comparability(told)), kind="stable")[:budget]
    begins = _row_begins(n)
    first = np.searchsorted(begins, order, side="right") - 1
    second = order - begins[first] + first + 1
    pairs = tuple((distinct[i], distinct[j]) for i, j in zip(first.tolist(), second.tolist(), strict=True))
    return Candidates(pairs, shared[order], possible, usual)


def pair_relatedness(texts: Sequence[str], pairs: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """What pairs of the texts of an article share, as `Candidates.relatedness`; the first before the second.

    Shape: (pairs,).
    """
    begins = _row_begins(len(texts))
    shared = _relatedness([_runs(text) for text in texts])
    return shared[[begins[i] + j - i - 1 for i, j in pairs]]


def content(text: str) -> dict[str, str]:
    """The stems and numbers of a text, each with the word it stands for; of scripts without spaces, every two
    characters."""
    stems: dict[str, str] = {}
    for word in _WORDS.findall(text):
        folded = word.casefold()
        if word[0].isdigit():
            stems.setdefault(word, word)
        elif _IDEOGRAPHS.match(word):
            for i in range(len(word) - 1):
                stems.setdefault(word[i : i + 2], word[i : i + 2])
        elif len(word) >= SHORTEST_WORD:
            stems.setdefault(stem(folded), word)
    return stems


def stem(word: str) -> str:
    """What stands for a word in small letters when words are compared: its beginning."""
    return word[:STEM_LENGTH]


def _runs(text: str) -> set[str]:
    """Every run of a few characters of a text, in small letters, punctuation and spaces as one space."""
    plain = _NO_WORD.sub(" ", text.casefold())
    runs = {plain[i : i + RUN] for i in range(len(plain) - RUN + 1)}
    for word in _IDEOGRAPHS.findall(plain):
        runs |= {word[i : i + RUN_OF_IDEOGRAPHS] for i in range(len(word) - RUN_OF_IDEOGRAPHS + 1)}
    return runs


def _row_begins(n: int) -> NDArray[np.int64]:
    """Where the pairs of each of n statements with those behind it begin, all pairs laid one after the other."""
    return np.concatenate([[0], np.cumsum(np.arange(n - 1, 0, -1))])


def _relatedness(runs: Sequence[Set[str]]) -> NDArray[np.float32]:
    """How much each pair shares, all pairs in order.

    Each shared run counts the square of its rarity (inverse document frequency); the sum is divided by the square
    root of both lengths, halfway between the plain sum, which favours long statements, and the cosine, which
    favours short ones.
    """
    n = len(runs)
    places: dict[str, list[int]] = defaultdict(list)
    for i, of_statement in enumerate(runs):
        for run in of_statement:
            places[run].append(i)
    size = max(n, USUAL_SIZE)
    weight = {run: math.log((1 + size) / len(where)) ** 2 for run, where in places.items()}
    norm = np.array([math.sqrt(sum(weight[run] for run in of_statement)) for of_statement in runs])

    begins = _row_begins(n)
    codes, weights = [np.empty(0, np.int64)], [np.empty(0)]
    corners = {k: np.triu_indices(k, 1) for k in {len(where) for where in places.values()} if 1 < k <= MOST_COMMON}
    for run, where in places.items():
        if len(where) in corners:
            one, other = (np.array(where)[corner] for corner in corners[len(where)])
            codes.append(begins[one] + other - one - 1)
            weights.append(np.full(len(one), weight[run]))
    shared = np.bincount(np.concatenate(codes), np.concatenate(weights), n * (n - 1) // 2).astype(np.float64)
    for i in range(n - 1):
        shared[begins[i] : begins[i] + n - 1 - i] /= np.maximum(np.sqrt(norm[i] * norm[i + 1 :]), 1e-9)
    # rounded, since the order of a set, and with it the last digit of a sum, differs from run to run
    return np.round(shared, 6).astype(np.float32)


def _comparability(statements: Sequence[Statement]) -> NDArray[np.float32]:
    """What makes each pair comparable beside its words, all pairs in order."""
    sentence = np.array([statement.sentence for statement in statements])
    names = {name: number for number, name in enumerate({s.speaker for s in statements if s.speaker})}
    speaker = np.array([names[s.speaker] if s.speaker else -1 - i for i, s in enumerate(statements)])
    claim = np.array([statement.claim_score or 0.0 for statement in statements], np.float32)
    length = np.log1p([len(statement.text) for statement in statements]).astype(np.float32)
    rows = []
    for i in range(len(statements) - 1):
        row = CLAIMS * (claim[i] + claim[i + 1 :]) + LENGTH * np.maximum(length[i], length[i + 1 :])
        row += SAME_SENTENCE * (sentence[i] == sentence[i + 1 :]) + SAME_SPEAKER * (speaker[i] == speaker[i + 1 :])
        row[0] += NEIGHBOURS
        rows.append(row)
    return np.concatenate(rows)


def _distinct(statements: Sequence[Statement]) -> list[int]:
    """First occurrences of statements; those are alike that have the same words but for little ones, and are both
    negated or neither is."""
    first: dict[tuple[object, ...], int] = {}
    for i, statement in enumerate(statements):
        words = _WORDS.findall(statement.text.casefold())
        telling = [word for word in words if not _LITTLE_WORD.fullmatch(word)]
        key = telling if len(telling) >= FEWEST_WORDS else words
        first.setdefault((*key, "negated" in statement.cues), i)
    return list(first.values())
