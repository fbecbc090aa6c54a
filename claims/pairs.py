"""Which pairs of statements are worth reading, most related first, and how many were left out.

Two statements can only contradict each other when they speak of the same thing, so pairs are ranked by what they
share: runs of characters, the rarer in the article the heavier, which needs no word list and survives inflection in
any script; and before others by what makes them comparable, the same speaker and the same place. Knows spelling, not
meaning: a paraphrase without common letters ranks low, and what the budget leaves out is counted, never hidden.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from claims.statements import Statement

# Pairs read for each statement unless the caller says otherwise: a longer article gets more, in proportion.
# On the development articles this keeps 97 % of the labelled pairs (tests/benchmarks/pairs.py).
PAIRS_PER_STATEMENT = 8
# Characters of a run: four tell topics apart where a word has several letters, two where a character is a word.
RUN, RUN_OF_IDEOGRAPHS = 4, 2
# A run in more statements than this tells nothing apart, and would make the work grow with the square.
MOST_COMMON = 60
# Rarity is counted as in an article of at least so many statements: of two statements, every shared run is common.
USUAL_SIZE = 30
# What makes two statements comparable beside their words, in shares of the median of what is shared: standing next to
# each other, standing in one sentence, and being reported of one named speaker.
NEIGHBOURS = 1.0
SAME_SENTENCE = 1.0
SAME_SPEAKER = 2.0

# The first letters of a word stand for it: "sanciones" and "sancionado" meet in "sanci", whatever the language.
STEM_LENGTH = 5
# Shorter words are articles, prepositions and pronouns in most alphabets; two ideographs are a word.
SHORTEST_WORD = 4

# Statements of fewer words beside little ones are alike only when all their words are.
FEWEST_WORDS = 3

_NO_RUN = "\0"
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

    told = [statements[i] for i in distinct]
    first, second, shared = _relatedness([_runs(statement.text) | _company(statement) for statement in told])
    sentence = np.array([statement.sentence for statement in told], np.int64)
    speakers = sorted({statement.speaker for statement in told if statement.speaker})
    speaker = np.array([speakers.index(s.speaker) if s.speaker else -1 - i for i, s in enumerate(told)], np.int64)
    bonus = (
        NEIGHBOURS * (second - first == 1)
        + SAME_SENTENCE * (sentence[first] == sentence[second])
        + SAME_SPEAKER * (speaker[first] == speaker[second])
    )
    typical = float(np.median(shared[shared > 0])) if (shared > 0).any() else 1.0
    score = shared + bonus * typical
    order = np.lexsort((second, first, -score))[:budget]
    chosen = [(int(first[k]), int(second[k])) for k in order]
    relatedness = list(shared[order])
    # Room left: neighbours first, since what stands together is about the same thing.
    taken = set(chosen)
    apart = ((i, i + distance) for distance in range(1, n) for i in range(n - distance))
    rest = list(islice((pair for pair in apart if pair not in taken), budget - len(chosen)))
    return Candidates(
        tuple((distinct[i], distinct[j]) for i, j in chosen + rest),
        np.array(relatedness + [0.0] * len(rest), np.float32),
        possible,
        usual,
    )


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


def _company(statement: Statement) -> set[str]:
    """Its sentence and its speaker, in the form of runs that no text holds: their pairs are looked at, whatever words
    they share."""
    company = {f"{_NO_RUN}{statement.sentence}"}
    return company | {f"{_NO_RUN}by {statement.speaker}"} if statement.speaker else company


def _relatedness(runs: Sequence[Set[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The pairs that share a run, as two arrays of indices, and how much they share.

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
    weight = {
        run: 0.0 if run.startswith(_NO_RUN) else math.log((1 + size) / len(where)) ** 2 for run, where in places.items()
    }
    norm = np.array([math.sqrt(sum(weight[run] for run in of_statement)) for of_statement in runs])

    codes = [np.empty(0, np.int64)]
    weights = [np.empty(0)]
    corners = {k: np.triu_indices(k, 1) for k in {len(where) for where in places.values()} if 1 < k <= MOST_COMMON}
    for run, where in places.items():
        if len(where) in corners:
            one, other = (np.array(where)[corner] for corner in corners[len(where)])
            codes.append(one * n + other)
            weights.append(np.full(len(one), weight[run]))
    pairs, which = np.unique(np.concatenate(codes), return_inverse=True)
    first, second = pairs // max(n, 1), pairs % max(n, 1)
    shared = np.bincount(which, np.concatenate(weights), len(pairs))
    # rounded, since the order of a set, and with it the last digit of a sum, differs from run to run
    return first, second, np.round(shared / np.maximum(np.sqrt(norm[first] * norm[second]), 1e-9), 6)


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
