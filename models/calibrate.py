"""Fit the bundled model's calibration and say how well it keeps its word.

    python -m models.calibrate --data ../shared/data

Temperature: on every second row of nli/valid, expected calibration error on the others. Confidence: a logistic model
over `claims.calibration.FEATURES`, by what the model answers for articles. It is fitted on the pairs of the labelled
development articles, where they occur at their natural rate, and of real news from the calibration fifth of news/, in
which every pair counts as no contradiction. The figures are five-fold cross-validated by article, with each feature
left out in turn too; those of held-back news are of the file, which is fitted on all articles and on none of that news.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.calibration import (
    FEATURES,
    FILE,
    Calibration,
    expected_calibration_error,
    fit_logistic,
    fit_temperature,
)
from claims.detect import Detector
from claims.document import Document
from claims.evaluate import (
    LabelledArticle,
    average_precision,
    is_hit,
    read_articles,
    read_rows,
    score_articles,
)
from claims.findings import Counts, Finding, Report, kind_of, merged, ranked
from claims.nli import NLI, BundledModel, bundled_folder, softmax
from claims.statements import Statement
from models.build import write_checksums
from models.data import SEED, news_part, read_jsonl
from models.evaluate import label_indices, read_labelled

N_FOLDS = 5
N_NEWS = 60
ARTICLES_AT_ONCE = 20
THRESHOLDS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.5)
NO_ANSWER = (0.0, 0.0, 0.0)
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


@dataclass(frozen=True)
class Scored:
    """The candidate pairs of some articles as the model sees them."""

    articles: list[LabelledArticle]
    """Labelled ones, then news, in which no pair is labelled."""
    n_labelled: int
    pairs: list[tuple[Statement, Statement]]
    article: NDArray[np.intp]
    """The number of each pair's article."""
    features: NDArray[np.float64]
    labels: NDArray[np.bool_]
    """Whether the pair is a labelled contradiction."""


def score(detector: Detector, labelled: list[LabelledArticle], news: list[LabelledArticle]) -> Scored:
    """What the model says of every candidate pair of labelled articles and of news."""
    articles = labelled + news
    pairs: list[tuple[Statement, Statement]] = []
    features: list[NDArray[np.float64]] = []
    labels, numbers = [], []
    for start in range(0, len(articles), ARTICLES_AT_ONCE):
        chunk = articles[start : start + ARTICLES_AT_ONCE]
        judged = detector.judge([article.document for article in chunk])
        for number, ((reading, _, of_pairs), article) in enumerate(zip(judged, chunk, strict=True), start):
            features.append(of_pairs)
            pairs += reading.pairs
            numbers += [number] * len(reading.pairs)
            for a, b in reading.pairs:
                spans = (a.start, a.end), (b.start, b.end)
                labels.append(any(is_hit(spans, labelled.spans) for labelled in article.contradictions))
    return Scored(
        articles,
        len(labelled),
        pairs,
        np.array(numbers, np.intp),
        np.concatenate(features),
        np.array(labels, bool),
    )


def cross_validated(scored: Scored, temperature: float, without: str = "") -> NDArray[np.float64]:
    """The confidence of each pair by a calibration that has seen no pair of its article; of all features but one."""
    features = np.where(np.array(FEATURES) == without, 0.0, scored.features)
    confidence = np.zeros(len(scored.labels))
    for fold in range(N_FOLDS):
        held_out = scored.article % N_FOLDS == fold
        calibration = fit(temperature, features[~held_out], scored.labels[~held_out])
        confidence[held_out] = calibration.confidence(features[held_out])
    return confidence


def reports(scored: Scored, confidence: NDArray[np.float64]) -> list[Report]:
    """A report of each article, as `claims check` would give it with these confidences."""
    findings: list[list[Finding]] = [[] for _ in scored.articles]
    for (a, b), number, of_pair in zip(scored.pairs, scored.article, confidence, strict=True):
        findings[number].append(Finding(a, b, float(of_pair), kind_of(a, b), (), NO_ANSWER, NO_ANSWER))
    return [
        Report(article.document, "", "", True, 0.0, Counts(), ranked(merged(of_article)), ())
        for article, of_article in zip(scored.articles, findings, strict=True)
    ]


def measure(scored: Scored, confidence: NDArray[np.float64], threshold: float) -> dict[str, Any]:
    """The figures of labelled articles, and how many findings a news document has."""
    found, n = reports(scored, confidence), scored.n_labelled
    figures = score_articles(scored.articles[:n], found[:n], threshold).to_json()
    in_news = [len(report.listed(threshold)) for report in found[n:]]
    return {"threshold": threshold, **figures, "findings_a_news_document": round(float(np.mean(in_news or [0])), 3)}


def read_news(file: Path, part: int, n: int) -> list[LabelledArticle]:
    """A fixed sample of original-language documents of a fifth of the news, without labels."""
    rows = [row for row in read_jsonl(file) if news_part(row) == part]
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
    parser.add_argument("--threshold", type=float, default=0.12, help="default threshold of the file")
    given = parser.parse_args()

    model = BundledModel(given.model)
    temperature, errors = fit_on_valid(model, given.data / "nli" / "valid")
    detector = replace(Detector.of_bundled(model), calibration=Calibration(temperature, 0.5, 0.0, {}))
    if detector.tagger is None:
        parser.error(f"{given.model}: has no heads; run models.heads first")
    labelled = read_articles(read_rows(given.data / "articles" / "dev.jsonl"))
    news = given.data / "news" / "news.jsonl.gz"
    scored = score(detector, labelled, read_news(news, 1, N_NEWS))
    calibration = replace(fit(temperature, scored.features, scored.labels), threshold=given.threshold)
    calibration.save(given.model / FILE)
    write_checksums(given.model)

    confidence = cross_validated(scored, temperature)
    held_back = score(detector, [], read_news(news, 0, N_NEWS))
    ours = scored.article < scored.n_labelled
    raw = scored.features[ours, FEATURES.index("contradiction")]
    figures = {
        "temperature": temperature,
        "calibration_error_of_labels": errors,
        "pairs": len(scored.labels),
        "labelled_contradictions_among_them": int(scored.labels.sum()),
        "average_precision_uncalibrated": average_precision(raw, scored.labels[ours]),
        "articles": measure(scored, confidence, given.threshold),
        "at": [measure(scored, confidence, threshold) for threshold in THRESHOLDS],
        "findings_a_held_back_news_document": {
            threshold: measure(held_back, calibration.confidence(held_back.features), threshold)[
                "findings_a_news_document"
            ]
            for threshold in (given.threshold, *THRESHOLDS)
        },
        "without": {
            name: measure(scored, cross_validated(scored, temperature, name), given.threshold)["average_precision"]
            for name in FEATURES
        },
        "calibration": calibration.__dict__,
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
