"""From logits to confidence: a temperature, a few named features of a pair, and a small logistic model over them.

A raw softmax tells how sure a model is in the world it was trained in, where every third pair contradicts; among the
pairs of an article one in a thousand does. A `Calibration` is therefore fitted on pairs as articles have them
(`models/calibrate.py`). Knows statements and numbers, nothing of how either was made.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.errors import ModelError
from claims.nli import CONTRADICTION, ENTAILMENT, NEUTRAL
from claims.pairs import Candidates, content, stem
from claims.statements import Statement

VERSION = 5
FILE = "calibration.json"

FEATURES = (
    "contradiction",  # log-odds, mean of both directions, of the whole sentences where they were read
    "entailment",  # log-odds in the direction that is surer of it
    "rank",  # log(1 + pairs that the model takes rather for a contradiction, of as many as the default budget reads)
    "relatedness",  # log(1 + what the two share), as `claims.pairs` measures it
    "numeric_conflict",  # share of content in common, where both count the same unit with different numbers
    "same_speaker",  # 1 when one named source says both
    "one_reported",  # 1 when a named source says one of them and nobody named the other
    "claim_scores",  # sum of both
    "same_sentence",  # 1 or 0
    "neighbours",  # 1 when one sentence follows the other
    "distance",  # log(1 + sentences from one to the other)
    "pairs_read",  # log of the pairs that the default budget reads: each of many is less likely, with a weight near -1
)

_NUMBER = re.compile(r"(?:\d{1,3}(?:[., \u00a0\u2009\u202f']\d{3})+|\d+)(?:[.,]\d+)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DECIMALS = re.compile(r"[.,](\d{1,2}|\d{4,})$")
# A word of three letters after a number is mostly "the" or "de", not what is counted.
_UNIT = re.compile(
    r"\s?([%‰€$£¥°]|[^\W\d_]{4,}|(?:km|kg|cm|mm|ha|mio|mrd|bn|mln|млн|млрд|тыс|руб)\b|[\u3040-\u9fff])", re.IGNORECASE
)


@dataclass(frozen=True)
class Calibration:
    """A fitted confidence: temperature of the softmax, weights of the features, and the default threshold."""

    temperature: float
    threshold: float
    intercept: float
    weights: Mapping[str, float]
    """One weight for each of `FEATURES`; a feature without one counts nothing."""

    def confidence(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimated share of real contradictions among such pairs. Shape: (n, features) -> (n,)."""
        score = features @ self._vector() + self.intercept
        return np.asarray(np.exp(-np.logaddexp(0, -score)), np.float64)

    def contributions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each feature adds to the log-odds of confidence. Shape: as `features`."""
        return np.asarray(features * self._vector(), np.float64)

    def _vector(self) -> NDArray[np.float64]:
        return np.array([self.weights.get(name, 0.0) for name in FEATURES])

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """The calibration of a file. Raises: ModelError when it is missing, damaged or of another version."""
        again = "fit it again with this version of claims, or leave it out"
        try:
            data = json.loads(path.read_text(encoding="utf8"))
            version = data.pop("version")
            if version != VERSION:
                raise ModelError(f"{path}: of version {version}, not {VERSION}; {again}")
            calibration = cls(**data)
            unknown = set(calibration.weights) - set(FEATURES)
            if unknown or not calibration.temperature > 0 or not 0 <= calibration.threshold <= 1:
                raise ValueError(f"unknown features {sorted(unknown)}" if unknown else "values out of range")
            float(calibration.intercept + sum(calibration.weights.values()))
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); name a calibration file") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: not a calibration file ({error}); {again}") from error
        return calibration

    def save(self, path: Path) -> None:
        """Write the file that `load` reads: all of it, or what was there before stays."""
        written = json.dumps({"version": VERSION, **asdict(self)}, indent=1) + "\n"
        if path.exists() and not path.is_file():  # a pipe, which cannot be replaced
            path.write_text(written, encoding="utf8")
            return
        target = path.resolve()
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            unfinished.write_text(written, encoding="utf8")
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)


LEAST_SCALE = 0.5  # of a feature in a refit: one that hardly varies among the verdicts cannot carry much

UNCALIBRATED = Calibration(1.0, 0.5, 0.0, {"contradiction": 1.0})
"""For a model without a calibration file: the mean log-odds of both directions, good for ranking only."""


def pair_features(
    pairs: Sequence[tuple[Statement, Statement]],
    contradiction: NDArray[np.floating],
    entailment: NDArray[np.floating],
    rank: NDArray[np.floating],
    candidates: Candidates,
) -> NDArray[np.float64]:
    """The features of the candidate pairs of one article, the same when both sides of a pair are swapped.

    Shape: what the model says of each, as `FEATURES` has it, (n,) three times -> (n, len(FEATURES)).
    """
    if not pairs:
        return np.zeros((0, len(FEATURES)))
    plain = np.array([_plain_features(a, b) for a, b in pairs], np.float64)
    pairs_read = np.full(len(pairs), np.log(candidates.usual))
    return np.column_stack([contradiction, entailment, rank, np.log1p(candidates.relatedness), plain, pairs_read])


def ranks(contradiction: NDArray[np.floating], usual: int) -> NDArray[np.float64]:
    """The feature `rank` of the pairs of one article. Shape: (n,) -> (n,).

    `usual`: how many pairs of it the default budget reads; the rank is as if it were among so many.
    """
    found = np.empty(len(contradiction))
    among = np.arange(len(found)) * usual / max(1, len(found))
    found[np.argsort(-contradiction, kind="stable")] = np.log1p(among)
    return found


def _plain_features(a: Statement, b: Statement) -> tuple[float, ...]:
    """The features of a pair that need neither a model nor other pairs, in the order of `FEATURES`."""
    apart = abs(a.sentence - b.sentence)
    return (
        shared_content(a.text, b.text) if numeric_conflict(a.text, b.text) else 0.0,
        a.speaker is not None and a.speaker == b.speaker,
        (a.speaker is None) != (b.speaker is None),
        (a.claim_score or 0.0) + (b.claim_score or 0.0),
        apart == 0,
        apart == 1,
        float(np.log1p(apart)),
    )


def shared_content(a: str, b: str) -> float:
    """Share of the stems and numbers of the text that has fewer of them which the other has too, 0 to 1.

    >>> shared_content("The bridge cost 12 million euros.", "The old bridge cost 15 million.")
    0.75
    """
    of_a, of_b = content(a).keys(), content(b).keys()
    return len(of_a & of_b) / max(1, min(len(of_a), len(of_b)))


def numeric_conflict(a: str, b: str) -> tuple[str, str] | None:
    """Two different amounts of the same unit, one of each text, as written; None when there are none.

    >>> numeric_conflict("The bridge cost 12 million euros.", "It cost 15 million euros.")
    ('12 million', '15 million')
    """
    of_a, of_b = _amounts(a), _amounts(b)
    for unit in of_a:
        if unit in of_b and of_a[unit].keys().isdisjoint(of_b[unit]):
            return next(iter(of_a[unit].values())), next(iter(of_b[unit].values()))
    return None


def expected_calibration_error(confidence: NDArray[np.floating], correct: NDArray[np.bool_], n_bins: int = 10) -> float:
    """Mean distance between confidence and the share that is right, over equal-width bins, weighted by their size.

    Shape: (n,) and (n,) -> a number from 0 to 1. Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        (bins == b).mean() * abs(float(confidence[bins == b].mean()) - float(correct[bins == b].mean()))
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.intp]) -> float:
    """The temperature under which the labels are likeliest. Shape: (n, 3) and (n,).

    Golden-section search: the loss has one minimum in the logarithm of the temperature.
    Source: Guo et al. 2017.
    """
    wide = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = wide / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        return float((total - scaled[np.arange(len(labels)), labels]).mean())

    low, high = np.log(0.05), np.log(20.0)
    golden = (5**0.5 - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def fit_logistic(
    features: NDArray[np.float64], labels: NDArray[np.bool_], weights: NDArray[np.float64], penalty: float = 1.0
) -> tuple[float, NDArray[np.float64]]:
    """Intercept and weights of a logistic regression with a ridge penalty on standardised features.

    Shape: (n, k), (n,), (n,) -> a number and (k,). Newton's method; the problem is convex.
    """
    mean = np.average(features, axis=0, weights=weights)
    deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights)) + 1e-12
    design = np.column_stack([np.ones(len(features)), (features - mean) / deviation])
    ridge = np.diag([1e-9] + [penalty] * features.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (weights * (labels - chance)) - ridge @ beta
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    scaled = beta[1:] / deviation
    return float(beta[0] - scaled @ mean), scaled


def refit(
    calibration: Calibration,
    features: NDArray[np.float64],
    right: NDArray[np.bool_],
    others: NDArray[np.float64],
    penalty: float = 5.0,
) -> Calibration:
    """The calibration that fits pairs which a reviewer decided on, and departs from the one given as little as it can.

    Reviewers see the surest pairs, and what is true of them is not true of the rest: `others`, pairs that nobody
    decided on, are to keep the confidence they had. A ridge penalty on standardised features holds the weights where
    they are, a weaker one the intercept: a few verdicts move it a little, many move it where they say. The threshold
    stays. Shape: (n, len(FEATURES)), (n,) and (m, len(FEATURES)).
    """
    every = np.concatenate([features, others])
    wanted = np.concatenate([right.astype(np.float64), calibration.confidence(others)])
    before = every @ calibration._vector() + calibration.intercept
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SCALE)
    design = np.column_stack([np.ones(len(every)), (every - mean) / scale])
    ridge = np.array([penalty / 10] + [penalty] * features.shape[1])

    def loss(change: NDArray[np.float64]) -> float:
        score = before + design @ change
        return float((np.logaddexp(0, score) - wanted * score).sum() + (ridge * change**2).sum() / 2)

    change = np.zeros(design.shape[1])
    for _ in range(50):
        chance = np.exp(-np.logaddexp(0, -(before + design @ change)))
        gradient = design.T @ (wanted - chance) - ridge * change
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        while loss(change + step) > loss(change) and np.abs(step).max() > 1e-9:
            step /= 2  # a whole step may go too far where the prior is far from the verdicts
        change += step
        if np.abs(step).max() < 1e-9:
            break
    moved = change[1:] / scale
    weights = calibration._vector() + moved
    return Calibration(
        calibration.temperature,
        calibration.threshold,
        float(calibration.intercept + change[0] - moved @ mean),
        {name: float(weight) for name, weight in zip(FEATURES, weights, strict=True) if weight},
    )


def log_odds(logits: NDArray[np.float32], label: int) -> NDArray[np.float64]:
    """Log-odds of one label against the two others. Shape: (..., 3) -> (...)."""
    others = [i for i in (ENTAILMENT, NEUTRAL, CONTRADICTION) if i != label]
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # what is no number stays none
        return np.asarray(wide[..., label] - np.logaddexp(wide[..., others[0]], wide[..., others[1]]))


def _amounts(text: str) -> dict[str, dict[str, str]]:
    """Unit stem -> amount -> as written, for the numbers of a text that have a unit and are no year."""
    amounts: dict[str, dict[str, str]] = {}
    for number in _NUMBER.finditer(text):
        unit = _UNIT.match(text, number.end())
        if unit and not _YEAR.fullmatch(number[0]):
            written = text[number.start() : unit.end()]
            amounts.setdefault(stem(unit[1].casefold()), {})[_amount(number[0])] = written
    return amounts


def _amount(number: str) -> str:
    """A number in ASCII digits with a decimal point: 3,60 -> 3.6, 22.000 -> 22000, ١٢ -> 12."""
    decimals = _DECIMALS.search(number)
    whole = number[: decimals.start()] if decimals else number
    digits = "".join(str(unicodedata.decimal(sign)) for sign in whole if sign.isdecimal())
    fraction = "".join(str(unicodedata.decimal(sign)) for sign in decimals[1]).rstrip("0") if decimals else ""
    return (digits.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
