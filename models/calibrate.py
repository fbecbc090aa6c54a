"""Fit the bundled model's calibration and say how well it keeps its word.

    python -m models.calibrate --data ../shared/data

Temperature: on every second row of nli/valid, expected calibration error on the others. Confidence: a logistic model
over `claims.calibration.FEATURES`, fitted on the pairs of the labelled development articles, where they occur at
their natural rate, and of real news from the training part of news/ in which every pair counts as no contradiction;
figures are five-fold cross-validated by article, and the file is then fitted on all of them.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.calibration import (
    FEATURES,
    FILE,
    Calibration,
    expected_calibration_error,
    fit_logistic,
    fit_temperature,
    pair_features,
)
from claims.detect import read_pairs
from claims.document import Document
from claims.evaluate import LabelledArticle, average_precision, is_hit, read_articles, read_rows
from claims.nli import NLI, BundledModel, bundled_folder, softmax
from claims.tagger import Tagger
from models.build import write_checksums
from models.data import SEED, news_part, read_jsonl
from models.evaluate import label_indices, read_labelled

N_FOLDS = 5
N_NEWS = 60
# Few labelled contradictions: a stiff penalty keeps one of them from carrying a feature.
PENALTY = 3.0


def fit_on_valid(model: NLI, folder: Path) -> tuple[float, dict[str, float]]:
    """The temperature, and the expected calibration error on held-out rows before and after."""
    rows = read_labelled(folder)
    labels = label_indices(rows)
    logits = model.predict([(row["premise"], row["hypothesis"]) for row in rows]).logits
    fitted = fit_temperature(logits[::2], labels[::2])

    def error(temperature: float) -> float:
        probabilities = softmax(logits[1::2], temperature)
        return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels[1::2])

    return fitted, {"before": error(1.0), "after": error(fitted)}


def article_pairs(
    model: BundledModel, articles: list[LabelledArticle], temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """Features of every candidate pair of articles, whether it is a labelled one, and the number of its article."""
    tagger = Tagger.open(model)
    if tagger is None:
        raise SystemExit(f"{model.folder}: has no heads; run models.heads first")
    readings = [read_pairs(article.document, tagger=tagger) for article in articles]
    logits = model.predict([asked for reading in readings for asked in reading.both_directions]).logits
    logits /= np.float32(temperature)
    features, labels, numbers, start = [], [], [], 0
    for number, (reading, article) in enumerate(zip(readings, articles, strict=True)):
        n = len(reading.pairs)
        forward, backward = logits[start : start + n], logits[start + n : start + 2 * n]
        features.append(pair_features(reading.pairs, forward, backward, reading.candidates.relatedness))
        for a, b in reading.pairs:
            spans = (a.start, a.end), (b.start, b.end)
            labels.append(any(is_hit(spans, labelled.spans) for labelled in article.contradictions))
        numbers += [number] * n
        start += 2 * n
    return np.concatenate(features), np.array(labels, bool), np.array(numbers, np.intp)


def read_news(file: Path, n: int) -> list[LabelledArticle]:
    """A fixed sample of original-language documents of the news fifth kept for this, without labels."""
    rows = [row for row in read_jsonl(file) if news_part(row) == 1]
    rows = [row for row in rows if not row["translated"] and 150 < row["words"] < 900]
    chosen = random.Random(SEED).sample(rows, min(n, len(rows)))
    return [
        LabelledArticle(Document.from_text(row["text"], source=row["id"], language=row["lang"]), (), ())
        for row in chosen
    ]


def fit(temperature: float, features: NDArray[np.float64], labels: NDArray[np.bool_]) -> Calibration:
    """A calibration of pairs at their natural rate."""
    intercept, weights = fit_logistic(features, labels, np.ones(len(labels)), PENALTY)
    named = {name: round(float(weight), 5) for name, weight in zip(FEATURES, weights, strict=True)}
    return Calibration(round(temperature, 4), 0.5, round(intercept, 5), named)


def main() -> None:
    """Fit, write the file, print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with nli/valid, articles and news")
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--threshold", type=float, default=0.03, help="default threshold of the file")
    given = parser.parse_args()

    model = BundledModel(given.model)
    temperature, errors = fit_on_valid(model, given.data / "nli" / "valid")
    labelled = read_articles(read_rows(given.data / "articles" / "dev.jsonl"))
    news = read_news(given.data / "news" / "news.jsonl.gz", N_NEWS)
    features, labels, articles = article_pairs(model, labelled + news, temperature)

    confidence = np.zeros(len(labels))
    for fold in range(N_FOLDS):
        held_out = articles % N_FOLDS == fold
        confidence[held_out] = fit(temperature, features[~held_out], labels[~held_out]).confidence(features[held_out])
    calibration = replace(fit(temperature, features, labels), threshold=given.threshold)
    calibration.save(given.model / FILE)
    write_checksums(given.model)

    ours = articles < len(labelled)
    rates = []
    for threshold in (0.01, 0.0125, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        flagged = confidence >= threshold
        rates.append(
            {
                "threshold": threshold,
                "flagged": int((flagged & ours).sum()),
                "right": int((flagged & labels).sum()),
                "a_news_document": round(float((flagged & ~ours).sum()) / len(news), 2),
            }
        )
    print(
        json.dumps(
            {
                "temperature": temperature,
                "calibration_error_of_labels": errors,
                "pairs": len(labels),
                "labelled_contradictions_among_them": int(labels.sum()),
                "average_precision": average_precision(confidence[ours], labels[ours]),
                "average_precision_uncalibrated": average_precision(features[ours, :2].mean(axis=1), labels[ours]),
                "at": rates,
                "calibration": calibration.__dict__,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
