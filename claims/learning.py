"""From verdicts to a confidence: what reviewers decided moves the calibration that ships, the more the more they did.

Reads the reviewed articles of a results file again with a model, so that the features are those of this model,
whichever found the pairs. Knows results files and calibrations, nothing of screens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claims.calibration import UNCALIBRATED, Calibration, expected_calibration_error, refit
from claims.detect import Detector
from claims.errors import ResultsError
from claims.findings import RIGHT
from claims.nli import Progress
from claims.results import Results, pair_key

LEAST_OF_EACH = 10  # right findings, and false alarms: below, a fit follows the few rather than what they share
N_FOLDS = 5
DOCUMENTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """How well confidence keeps its word on reviewed pairs."""

    flagged: int
    """Pairs at or above the threshold."""
    right: int
    """Of these, those that are a contradiction."""
    calibration_error: float
    log_loss: float

    @property
    def precision(self) -> float | None:
        """The share of the flagged pairs that is right; None where none is flagged."""
        return self.right / self.flagged if self.flagged else None


@dataclass(frozen=True)
class Learned:
    """What came of the verdicts."""

    calibration: Calibration
    """Fitted on all of them."""
    before: Figures
    """Of the calibration that was there."""
    after: Figures
    """Cross-validated: every pair judged by a fit that has not seen it, nor another pair of its article where there
    are articles enough."""
    documents: int
    right: int
    false_alarms: int
    lost: int
    """Reviewed pairs that the model no longer reads, so that nothing was learned from them."""
    across: int
    """Reviewed pairs of two articles, which have other features."""
    by_document: bool
    """Whether all pairs of an article were held out together."""

    @property
    def is_better(self) -> bool:
        """Whether the verdicts made the confidence keep its word better than before."""
        return self.after.log_loss < self.before.log_loss


def learn(results: Results, detector: Detector, progress: Progress | None = None) -> Learned:
    """The calibration of a detector, moved by the verdicts of a results file.

    Raises: ResultsError when there are too few verdicts of either kind.
    """
    right = {pair: verdict.verdict in RIGHT for pair, verdict in results.verdicts().items()}
    _enough(results, sum(right.values()), len(right) - sum(right.values()))
    documents = [
        document
        for (document,) in results.ask(
            "SELECT DISTINCT document FROM findings WHERE other IS NULL AND pair IN (SELECT pair FROM verdicts)"
            " ORDER BY document"
        )
    ]
    rows: list[NDArray[np.float64]] = []
    others: list[NDArray[np.float64]] = []
    labels: list[bool] = []
    groups: list[int] = []
    seen: set[str] = set()
    calibration = detector.calibration or UNCALIBRATED
    for start in range(0, len(documents), DOCUMENTS_AT_ONCE):
        chunk = documents[start : start + DOCUMENTS_AT_ONCE]
        judged = detector.judge([results.document(document) for document in chunk])
        for number, (reading, _, of_pairs) in enumerate(judged, start):
            pairs = [(pair_key(a.text, b.text), (a.sentence, b.sentence)) for a, b in reading.pairs]
            decided = {sentences for pair, sentences in pairs if pair in right}
            for (pair, sentences), row in zip(pairs, of_pairs, strict=True):
                if pair not in right:
                    if sentences not in decided:  # another clause of the same two is neither right nor to stay put
                        others.append(row)
                elif pair not in seen:  # a text in several articles is one verdict
                    seen.add(pair)
                    rows.append(row)
                    labels.append(right[pair])
                    groups.append(number)
        if progress:
            progress(min(start + DOCUMENTS_AT_ONCE, len(documents)), len(documents))
    _enough(results, sum(labels), len(labels) - sum(labels))
    across = {
        pair
        for (pair,) in results.ask("SELECT DISTINCT pair FROM findings WHERE other IS NOT NULL")
        if pair in right and pair not in seen
    }
    features, truth = np.array(rows), np.array(labels)
    undecided = np.array(others).reshape(-1, features.shape[1])
    by_document = len(set(groups)) >= N_FOLDS
    held_together = np.unique(groups, return_inverse=True)[1] if by_document else np.arange(len(groups))
    fold = held_together % N_FOLDS
    held_out = np.zeros(len(truth))
    for number in range(N_FOLDS):
        rest = fold != number
        held_out[~rest] = refit(calibration, features[rest], truth[rest], undecided).confidence(features[~rest])
    threshold = calibration.threshold
    return Learned(
        refit(calibration, features, truth, undecided),
        figures_of(calibration.confidence(features), truth, threshold),
        figures_of(held_out, truth, threshold),
        len(set(groups)),
        int(truth.sum()),
        int((~truth).sum()),
        len(right.keys() - seen - across),
        len(across),
        by_document,
    )


def figures_of(confidence: NDArray[np.float64], right: NDArray[np.bool_], threshold: float) -> Figures:
    """How well confidence keeps its word. Shape: (n,) and (n,)."""
    flagged = confidence >= threshold
    likelihood = np.where(right, confidence, 1 - confidence)
    return Figures(
        int(flagged.sum()),
        int((flagged & right).sum()),
        expected_calibration_error(confidence, right),
        float(-np.log(np.clip(likelihood, 1e-12, 1)).mean()),
    )


def _enough(results: Results, n_right: int, n_false: int) -> None:
    if min(n_right, n_false) < LEAST_OF_EACH:
        raise ResultsError(
            f"{results.path}: too few verdicts to learn from ({n_right} right, {n_false} false alarms);"
            f" decide on more with `claims review`, until there are {LEAST_OF_EACH} of each"
        )
