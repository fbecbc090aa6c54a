"""What several test modules share: the bundled model, loaded once, and a stand-in where no model is the point."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from claims import Detector, Prediction
from claims.nli import CONTRADICTION, NEUTRAL, BundledModel, Progress, bundled_folder

ROOT = Path(__file__).parent.parent
SEED = ROOT / "seeds" / "es-kazakhstan-sanctions.txt"


class ByNegation:
    """An NLI model in one rule: a pair contradicts when exactly one side says "not"."""

    name = "by-negation"
    version = "1"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        self.asked += pairs
        logits = np.zeros((len(pairs), 3), np.float32)
        for row, (premise, hypothesis) in enumerate(pairs):
            logits[row, CONTRADICTION if (" not " in premise) != (" not " in hypothesis) else NEUTRAL] = 4
        if progress:
            progress(len(pairs), len(pairs))
        return Prediction(logits, 0)


@pytest.fixture(scope="session")
def bundled() -> BundledModel:
    return BundledModel(bundled_folder())


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector.from_pretrained()
