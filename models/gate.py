"""Does the shipped model answer as the fp32 weights do? Prints one JSON object and exits with 1 when it does not.

    python -m models.gate --weights ../shared/model/start --data ../shared/data/nli/valid

For each file and language: accuracy of both, share of equal labels, mean absolute difference of probabilities.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.nli import LABELS, Bundle, BundledModel, bundled_folder, softmax
from models.build import read_weights, transformer
from models.data import read_jsonl

LEAST_AGREEMENT = 0.97
MOST_ACCURACY_LOST = 0.007


def read_labelled(folder: Path) -> list[dict[str, str]]:
    """Labelled pairs of every file of a folder, with the name of the file under "set"."""
    rows = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        rows += [{**row, "set": path.name.removesuffix(".jsonl.gz")} for row in read_jsonl(path)]
    return rows


def label_indices(rows: list[dict[str, str]]) -> NDArray[np.intp]:
    """The gold labels as indices of `LABELS`."""
    return np.array([LABELS.index(row["label"]) for row in rows])


def fp32_twin(shipped: Path, weights: Path, folder: Path) -> BundledModel:
    """The same model with its matrices in float32, written to `folder`."""
    for name in (Bundle.CONFIG, Bundle.EMBEDDINGS, Bundle.TOKENIZER):
        (folder / name).symlink_to((shipped / name).resolve())
    (folder / Bundle.TRANSFORMER).write_bytes(transformer(*read_weights(weights), "fp32").SerializeToString())
    return BundledModel(folder)


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    given = parser.parse_args()

    rows = read_labelled(given.data)
    pairs = [(row["premise"], row["hypothesis"]) for row in rows]
    labels = label_indices(rows)
    with tempfile.TemporaryDirectory() as folder:
        exact = softmax(fp32_twin(given.model, given.weights, Path(folder)).predict(pairs).logits)
    shipped = softmax(BundledModel(given.model).predict(pairs).logits)

    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        for name in ("all", row["set"], f"{row['set']} {row['language']}"):
            groups[name].append(i)
    table = {name: compare(exact[where], shipped[where], labels[where]) for name, where in groups.items()}
    lost = table["all"]["accuracy_fp32"] - table["all"]["accuracy"]
    passed = table["all"]["agreement"] >= LEAST_AGREEMENT and lost <= MOST_ACCURACY_LOST
    print(json.dumps({"passed": passed, "figures": table}, indent=1))
    sys.exit(not passed)


def compare(exact: NDArray[np.float32], shipped: NDArray[np.float32], labels: NDArray[np.intp]) -> dict[str, float]:
    """Figures of one group of pairs, four digits."""
    answers, answers_fp32 = shipped.argmax(axis=1), exact.argmax(axis=1)
    figures = {
        "pairs": float(len(labels)),
        "accuracy_fp32": (answers_fp32 == labels).mean(),
        "accuracy": (answers == labels).mean(),
        "agreement": (answers == answers_fp32).mean(),
        "difference": np.abs(exact - shipped).mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


if __name__ == "__main__":
    main()
