"""Where clauses begin, what their subjects are, and which are worth checking: small heads on the bundled encoder.

The heads read what the lower layers of the NLI model make of each token, so a document is encoded once and nothing
is loaded twice. They are a few arrays in `heads.npz` of the model folder, fitted by `models/heads.py`, and run in
numpy. What the clause rules say of a token is one of their inputs.

They know sentences, one at a time; who speaks and what a statement is are for the modules behind this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from claims.clauses import IS_WIDE, find_boundaries
from claims.errors import ModelError
from claims.nli import BundledModel, Tokens, bundled_folder

FILE = "heads.npz"
SENTENCES_AT_A_TIME = 64  # the states of more would fill the memory
BOUNDARY, SUBJECT = range(2)  # columns of what the tagging head answers

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Tags:
    """What the heads say of one sentence."""

    boundaries: tuple[int, ...]
    """Where a new clause begins, in code points of the sentence; the beginning of the sentence is none."""
    subjects: tuple[tuple[int, int], ...]
    """The subjects named in the sentence, in order."""
    starts: NDArray[np.intp]
    """Where each token begins. Shape: (tokens,)."""
    worth: Array
    """What each token adds to the claim score of a span. Shape: (tokens,)."""


class Tagger:
    """The heads of a model folder, on its encoder."""

    def __init__(self, model: BundledModel, heads: Mapping[str, Array]) -> None:
        self._model, self._heads = model, heads
        self._thresholds = heads["tag.thresholds"]

    @classmethod
    def from_pretrained(cls, *, n_threads: int | None = None) -> Self:
        """The heads of the bundled model. Raises: ModelError when it cannot be used or has none."""
        folder = bundled_folder()
        tagger = cls.open(BundledModel(folder, n_threads=n_threads))
        if tagger is None:
            raise ModelError(f"{folder}: {FILE} is missing from the bundled model; install claims again")
        return tagger

    @classmethod
    def open(cls, model: BundledModel) -> Self | None:
        """The heads of a model; None where its folder has none.

        Raises: ModelError when they cannot be read or need other layers than the model gives.
        """
        file = model.folder / FILE
        if not file.is_file():
            return None
        heads = read_heads(file)
        layers = tuple(heads["layers"].astype(int).tolist())
        if layers != model.layers_read:
            raise ModelError(f"{file}: made for layers {layers}, the model gives {model.layers_read}; install it again")
        return cls(model, heads)

    @property
    def model(self) -> BundledModel:
        """The model whose encoder the heads read."""
        return self._model

    def tag(self, sentences: Sequence[str], language: str) -> list[Tags]:
        """What the heads say of each sentence, in order; one that comes again is read once."""
        distinct = list(dict.fromkeys(sentences))
        tagged: list[Tags] = []
        for first in range(0, len(distinct), SENTENCES_AT_A_TIME):
            chunk = distinct[first : first + SENTENCES_AT_A_TIME]
            read = self._model.read(chunk)
            answers = tag_tokens(self._heads, [features(*pair, language) for pair in zip(chunk, read, strict=True)])
            tagged += [self._tags(*each) for each in zip(chunk, read, answers, strict=True)]
        tags_of = dict(zip(distinct, tagged, strict=True))
        return [tags_of[sentence] for sentence in sentences]

    def claim_score(self, tags: Tags, start: int, end: int) -> float:
        """How much a span of a tagged sentence is worth checking, 0 to 1; a claim from 0.5 on."""
        inside = tags.worth[np.searchsorted(tags.starts, start) : np.searchsorted(tags.starts, end)]
        score = float(inside.mean()) if len(inside) else 0.0
        return float(1 / (1 + np.exp(-(score + float(self._heads["claim.bias"])))))

    def _tags(self, sentence: str, tokens: Tokens, answers: Array) -> Tags:
        starts, ends = tokens.starts.tolist(), tokens.ends.tolist()
        begins = np.flatnonzero(answers[:, BOUNDARY] >= self._thresholds[BOUNDARY])
        boundaries = tuple(dict.fromkeys(starts[k] for k in begins if starts[k] > 0))
        subjects: list[tuple[int, int]] = []
        for first, last in _words(sentence, starts, ends):
            start, end = starts[first], ends[last]
            if start == end or answers[first : last + 1, SUBJECT].mean() < self._thresholds[SUBJECT]:
                continue
            if subjects and not sentence[subjects[-1][1] : start].strip():
                start = subjects.pop()[0]
            subjects.append((start, end))
        worth = np.asarray(tokens.states @ self._heads["claim.weight"], np.float32)
        return Tags(boundaries, tuple(subjects), tokens.starts, worth)


def _words(sentence: str, starts: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last token of each word: letters with nothing between them are one word, but
    where scripts put no spaces each token is one."""
    words: list[tuple[int, int]] = []
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        joins = (
            words
            and ends[k - 1] == start < end
            and sentence[start].isalnum()
            and sentence[start - 1].isalnum()
            and not IS_WIDE.match(sentence, start)
        )
        words.append((words.pop()[0] if joins else k, k))
    return words


def read_heads(file: Path) -> dict[str, Array]:
    """The arrays of a file, in float32. Raises: ModelError when it is damaged or incomplete."""
    try:
        with np.load(file) as arrays:
            heads = {name: arrays[name].astype(np.float32) for name in arrays.files}
        missing = [name for name in ("layers", "tag.thresholds", "tag.out.weight", "claim.weight") if name not in heads]
        if missing:
            raise ValueError(f"no {', '.join(missing)}")
        return heads
    except Exception as error:  # zip, header and array errors have no root but this
        raise ModelError(f"{file}: damaged ({error}); check it with `claims models`, or install again") from error


def features(sentence: str, tokens: Tokens, language: str) -> Array:
    """What the tagging head reads of each token: its states, and whether the rules begin a clause there.

    Shape: (tokens, states + 1).
    """
    rule = np.zeros((len(tokens.starts), 1), np.float32)
    for offset, _ in find_boundaries(sentence, language):
        at = int(np.searchsorted(tokens.starts, offset))
        if at < len(rule):
            rule[at] = 1
    return np.concatenate([tokens.states, rule], axis=1)


def tag_tokens(heads: Mapping[str, Array], sentences: Sequence[Array]) -> list[Array]:
    """Probabilities that a token begins a clause and that it is part of a subject. Shape: (tokens, 2) each.

    A projection, convolutions over ever more distant tokens, each with its input added and normalised, and a last
    projection. All sentences are laid one after the other with gaps that no convolution reaches across.
    """
    dilations = heads["tag.dilations"].astype(int).tolist()
    gap = max(dilations, default=0)
    rows = [row for x in sentences for row in (x, np.zeros((gap, x.shape[1]), np.float32))]
    inside = [flag for x in sentences for flag in (np.ones((len(x), 1)), np.zeros((gap, 1)))]
    if not rows:
        return []
    x, mask = np.concatenate(rows), np.concatenate(inside).astype(np.float32)
    x = _gelu(x @ heads["tag.project.weight"] + heads["tag.project.bias"])
    for i, dilation in enumerate(dilations):
        x = x * mask
        before, here, after = heads[f"tag.convolution.{i}.weight"]
        y = x @ here + heads[f"tag.convolution.{i}.bias"]
        y[dilation:] += x[:-dilation] @ before
        y[:-dilation] += x[dilation:] @ after
        x = x + _gelu(y)
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        x = x * heads[f"tag.norm.{i}.weight"] + heads[f"tag.norm.{i}.bias"]
    answers = 1 / (1 + np.exp(-(x @ heads["tag.out.weight"] + heads["tag.out.bias"])))
    ends = np.cumsum([len(of_sentence) + gap for of_sentence in sentences])
    return [answers[end - gap - len(each) : end - gap] for end, each in zip(ends, sentences, strict=True)]


def _gelu(x: Array) -> Array:
    """The tanh form, which needs no error function."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), np.float32)
