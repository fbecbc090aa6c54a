"""What several test modules share: the bundled model, loaded once, and stand-ins where answers are not the point."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from claims import Detector, Prediction, Tagger
from claims.nli import CONTRADICTION, NEUTRAL, BundledModel, Progress, bundled_folder

if TYPE_CHECKING:
    from transformers import BertForSequenceClassification

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
        return Prediction(logits, np.zeros(len(pairs), np.bool_))


def pytest_configure() -> None:
    """Let tests that press Ctrl-C do so in a background job too, which ignores it; give each of several workers a core.

    With a core of their own, the models of the workers do not wait for each other's threads.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session")
def bundled() -> BundledModel:
    return BundledModel(bundled_folder())


@pytest.fixture(scope="session")
def tagger(bundled: BundledModel) -> Tagger:
    opened = Tagger.open(bundled)
    assert opened
    return opened


@pytest.fixture(scope="session")
def small_model() -> BertForSequenceClassification:
    """Three random layers, built as the bundled model is."""
    import torch  # most test modules do without
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=40,
        num_labels=3,
        layer_norm_eps=1e-6,
    )
    model = BertForSequenceClassification(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector.from_pretrained()
