"""The figures of a model on labelled pairs, and the gate of what ships.

    python -m models.evaluate --weights WORK --data ../shared/data/nli/valid [--model FOLDER] [--before FOLDER]
        [--articles WORK2]

Prints one JSON object: whether the gate is passed, which bounds are missed, and the figures of all pairs, each file,
each language of a file, and the mean of the languages of a file that has several. WORK holds the weights the model was
built from, --before those it is compared with. Exits with 1 when the gate is not passed.

With --articles, the weights that answer for articles, `for_articles` has the same figures of their answers to the same
pairs: they are made for other ones, so the gate asks only that 8 bits change nothing.

Probabilities are those of temperature 1 but in the calibration error, which has the temperature of the model's
calibration.json and every second row, the half that `models.calibrate` does not fit it on.
"""

from __future__ import annotations

import argparse
import json
import operator
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FILE, UNCALIBRATED, Calibration
from claims.evaluate import accuracy, calibration_error, precision_of_contradictions
from claims.nli import LABELS, Bundle, BundledModel, bundled_folder, softmax
from models.build import lower_layers, read_weights, upper_layers, write_graph
from models.data import read_jsonl

LEAST_AGREEMENT = 0.985
MOST_ACCURACY_LOST = 0.003
MOST_DIFFERENCE = 0.015
MOST_CALIBRATION_ERROR = 0.03

Figures = dict[str, float | None]
"""Figures by name; None where a group has no pair that the figure is about."""


@dataclass(frozen=True)
class Answers:
    """What each model says of the same pairs: probabilities of shape (n, 3), and the gold labels of shape (n,)."""

    labels: NDArray[np.intp]
    shipped: NDArray[np.float32]
    calibrated: NDArray[np.float32]
    """As `shipped`, at the temperature of the model's calibration."""
    fp32: NDArray[np.float32]
    before: NDArray[np.float32] | None = None


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with *.safetensors and config.json")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--before", type=Path, help="folder of other weights to compare with")
    parser.add_argument("--articles", type=Path, help="folder with the weights that answer for articles")
    given = parser.parse_args()

    rows = read_labelled(given.data)
    if not rows:
        parser.error(f"{given.data}: no labelled pairs (*.jsonl.gz) in this folder; give that of nli/valid")
    figures = tabulate(rows, answer(rows, given.model, given.weights, given.before))
    told = {"figures": figures}
    failed = missed_bounds(figures["all"])
    if given.articles:
        told["for_articles"] = tabulate(rows, answer(rows, given.model, given.weights, articles=given.articles))
        failed += missed_for_articles(told["for_articles"]["all"])
    print(json.dumps({"passed": not failed, "failed": failed, **told}, indent=1))
    sys.exit(bool(failed))


def read_labelled(folder: Path) -> list[dict[str, str]]:
    """Labelled pairs of every file of a folder, with the name of the file under "set"."""
    rows = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        rows += [{**row, "set": path.name.removesuffix(".jsonl.gz")} for row in read_jsonl(path)]
    return rows


def label_indices(rows: list[dict[str, str]]) -> NDArray[np.intp]:
    """The gold labels as indices of `LABELS`."""
    return np.array([LABELS.index(row["label"]) for row in rows])


def answer(
    rows: list[dict[str, str]], model: Path, weights: Path, before: Path | None = None, articles: Path | None = None
) -> Answers:
    """What the model says of the rows, what its weights say in float32, and what those before it say.

    With `articles`, the weights that answer for articles, what they say.
    """
    pairs = [(row["premise"], row["hypothesis"]) for row in rows]

    def asked(model: BundledModel) -> NDArray[np.float32]:
        return (model.for_articles() if articles else model).predict(pairs).logits

    def exact(folder: Path) -> NDArray[np.float32]:
        with tempfile.TemporaryDirectory() as twin:
            return softmax(asked(fp32_twin(model, folder, Path(twin), articles)))

    calibration = Calibration.load(model / FILE) if (model / FILE).is_file() else UNCALIBRATED
    logits = asked(BundledModel(model))
    return Answers(
        label_indices(rows),
        softmax(logits),
        softmax(logits, calibration.temperature),
        exact(weights),
        exact(before) if before else None,
    )


def fp32_twin(shipped: Path, weights: Path, folder: Path, articles: Path | None = None) -> BundledModel:
    """The same model with its matrices in float32, written to `folder`; with `articles`, those for articles too."""
    for name in (Bundle.CONFIG, Bundle.EMBEDDINGS, Bundle.TOKENIZER):
        (folder / name).symlink_to((shipped / name).resolve())
    write_graph(lower_layers(*read_weights(weights)), folder / Bundle.LOWER)
    write_graph(upper_layers(*read_weights(weights)), folder / Bundle.UPPER)
    if articles:
        write_graph(upper_layers(*read_weights(articles)), folder / Bundle.ARTICLES)
    return BundledModel(folder)


def tabulate(rows: list[dict[str, str]], answers: Answers) -> dict[str, Figures]:
    """Figures of all rows, of each set and of each language of a set, four digits.

    A set of several languages also has a row "SET mean", in which every language counts the same.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        for name in ("all", row["set"], f"{row['set']} {row['language']}"):
            groups[name].append(i)
    table = {name: measure(answers, np.array(where)) for name, where in groups.items()}
    for name in sorted({row["set"] for row in rows}):
        languages = sorted({row["language"] for row in rows if row["set"] == name})
        if len(languages) > 1:
            table[f"{name} mean"] = mean([table[f"{name} {language}"] for language in languages])
    return {name: {figure: rounded(value) for figure, value in figures.items()} for name, figures in table.items()}


def measure(answers: Answers, where: NDArray[np.intp]) -> Figures:
    """Figures of one group of rows, given by their places among all. Shape: (n,)."""
    labels, shipped, fp32 = answers.labels[where], answers.shipped[where], answers.fp32[where]
    held_out = where[where % 2 == 1]
    figures: Figures = {
        "pairs": len(where),
        "accuracy": accuracy(shipped, labels),
        "accuracy_fp32": accuracy(fp32, labels),
        "average_precision": precision_of_contradictions(shipped, labels),
        "calibration_error": calibration_error(answers.calibrated[held_out], answers.labels[held_out]),
        "agreement": float((shipped.argmax(axis=1) == fp32.argmax(axis=1)).mean()),
        "difference": float(np.abs(shipped - fp32).mean()),
    }
    if answers.before is not None:
        before = answers.before[where]
        figures["accuracy_before"] = accuracy(before, labels)
        figures["average_precision_before"] = precision_of_contradictions(before, labels)
    return figures


def mean(of_languages: list[Figures]) -> Figures:
    """The mean of each figure over languages, None where one of them lacks it; the number of pairs is their sum."""
    means: Figures = {}
    for name in of_languages[0]:
        values = [figures[name] for figures in of_languages]
        known = [value for value in values if value is not None]
        means[name] = float(np.mean(known)) if len(known) == len(values) else None
    means["pairs"] = sum(figures["pairs"] or 0 for figures in of_languages)
    return means


def missed_bounds(figures: Figures) -> list[dict[str, str | float | None]]:
    """Each bound of the gate that the figures miss, with its value; one that could not be measured is missed."""
    shipped, fp32 = figures["accuracy"], figures["accuracy_fp32"]
    lost = None if shipped is None or fp32 is None else rounded(fp32 - shipped)
    bounds = (
        ("agreement", figures["agreement"], operator.ge, LEAST_AGREEMENT),
        ("accuracy_lost", lost, operator.le, MOST_ACCURACY_LOST),
        ("difference", figures["difference"], operator.le, MOST_DIFFERENCE),
        ("calibration_error", figures["calibration_error"], operator.le, MOST_CALIBRATION_ERROR),
    )
    return [
        {"figure": name, "value": value, "bound": bound}
        for name, value, keeps, bound in bounds
        if value is None or not keeps(value, bound)  # nan keeps no bound
    ]


def missed_for_articles(figures: Figures) -> list[dict[str, str | float | None]]:
    """Those that the answers for articles miss: their calibration is that of `models.calibrate`, not asked here."""
    return [
        bound | {"figure": f"{bound['figure']} for articles"}
        for bound in missed_bounds(figures)
        if bound["figure"] != "calibration_error"
    ]


def rounded(value: float | None) -> float | None:
    """Four digits."""
    return None if value is None else round(value, 4)


if __name__ == "__main__":
    main()
