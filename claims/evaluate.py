"""How right the findings and the answers are: figures of labelled articles and of labelled pairs.

A labelled article names the pairs of spans that contradict each other, and distractors, which look as if they did. A
finding is right when its two spans are those of a labelled pair. Knows reports and labels, nothing of how a report
came to be.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.calibration import expected_calibration_error
from claims.document import Document
from claims.errors import LabelsError
from claims.findings import Finding, Report
from claims.nli import CONTRADICTION, LABELS, Prediction, softmax

# A span of a finding may be so many times as long as the labelled one, or so many characters, before it no longer says
# where the contradiction is.
LONGEST, LONGEST_CHARS = 3, 300
BINS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where the bins of the calibration error begin; pairs below the first are left out, for they are nearly all pairs."""

Span = tuple[int, int]
Pair = tuple[Span, Span]


@dataclass(frozen=True)
class LabelledPair:
    """Two spans of an article, and what is said of them."""

    spans: Pair
    kind: str
    same_sentence: bool = False


@dataclass(frozen=True)
class LabelledArticle:
    """An article with the pairs that contradict each other in it, and those that only look like it."""

    document: Document
    contradictions: tuple[LabelledPair, ...]
    distractors: tuple[LabelledPair, ...]


@dataclass
class ArticleFigures:
    """Counts and figures of findings against labels; `to_json` names them as readers know them."""

    articles: int = 0
    labelled: int = 0
    """Labelled contradictions."""
    flagged: int = 0
    """Findings at or above the threshold."""
    right: int = 0
    """Of these, those that are a labelled contradiction."""
    found: int = 0
    """Labelled contradictions that are flagged."""
    listed: int = 0
    """Labelled contradictions that are among the scored pairs, at whatever confidence."""
    clean: int = 0
    """Articles without a contradiction."""
    flagged_in_clean: int = 0
    clean_alarmed: int = 0
    """Articles without a contradiction in which something is flagged."""
    distractors: int = 0
    distractors_flagged: int = 0
    top_right: int = 0
    """Articles with a contradiction whose first finding is one."""
    ranked: list[tuple[float, bool]] = field(default_factory=list)
    """Confidence of each finding and whether it is right; of several that are the same labelled pair the first."""
    most_confident: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    """The highest confidence in each article with a contradiction, and in each without."""
    recall_by: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """Labelled pairs flagged and all, by kind, language, and whether both stand in one sentence."""

    def to_json(self) -> dict[str, Any]:
        """The figures by name; None where there is nothing to measure them on."""
        precision, recall = _share(self.right, self.flagged), _share(self.found, self.labelled)
        bins = self.calibration_bins()
        in_bins = sum(one["n"] for one in bins)
        gaps = sum(one["n"] * abs(one["mean_confidence"] - one["share_right"]) for one in bins)
        return {
            "articles": self.articles,
            "gold_pairs": self.labelled,
            "flagged": self.flagged,
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(_share(2 * precision * recall, precision + recall), 4),
            "average_precision": round(self.average_precision(), 4),
            "gold_listed_at_any_confidence": round(_share(self.listed, self.labelled), 4),
            "article_auroc": _rounded(self.article_auroc()),
            "top1_right": round(_share(self.top_right, len(self.most_confident[0])), 4),
            "clean_articles": self.clean,
            "false_findings_per_clean_article": round(_share(self.flagged_in_clean, self.clean), 4),
            "clean_articles_alarmed": round(_share(self.clean_alarmed, self.clean), 4),
            "distractors_flagged": round(_share(self.distractors_flagged, self.distractors), 4),
            "calibration_error": _rounded(gaps / in_bins if in_bins else None),
            "calibration_bins": bins,
            "recall_by": {
                group: {name: f"{found}/{all_}" for name, (found, all_) in sorted(of_group.items())}
                for group, of_group in self.recall_by.items()
            },
        }

    def average_precision(self) -> float:
        """Mean precision at the rank of each labelled pair, those never scored counting 0."""
        right = np.array([right for _, right in sorted(self.ranked, key=lambda one: -one[0])], bool)
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        return _share(float(precision[right].sum()), self.labelled)

    def article_auroc(self) -> float | None:
        """How often an article with a contradiction has a more confident finding than one without; ties count half."""
        with_one, without = self.most_confident
        if not with_one or not without:
            return None
        wins = sum((a > b) + 0.5 * (a == b) for a in with_one for b in without)
        return wins / (len(with_one) * len(without))

    def calibration_bins(self) -> list[dict[str, Any]]:
        """For each bin of confidence how many findings it has, their mean confidence and the share that is right."""
        bins = []
        for start, end in zip(BINS, (*BINS[1:], 1.01), strict=True):
            inside = [(confidence, right) for confidence, right in self.ranked if start <= confidence < end]
            if inside:
                bins.append(
                    {
                        "from": start,
                        "n": len(inside),
                        "mean_confidence": round(sum(confidence for confidence, _ in inside) / len(inside), 3),
                        "share_right": round(sum(right for _, right in inside) / len(inside), 3),
                    }
                )
        return bins


def is_hit(finding: Pair, labelled: Pair) -> bool:
    """Whether a finding's spans are those of a labelled pair, in either order.

    Each must overlap its span by half of the shorter of the two and be no longer than the larger of three times that
    span and 300 characters; the finding's spans must be apart.

    >>> is_hit(((0, 20), (30, 50)), ((32, 50), (0, 10)))
    True
    """
    a, b = finding
    if min(a[1], b[1]) > max(a[0], b[0]):
        return False
    one, other = labelled
    return (_same(a, one) and _same(b, other)) or (_same(a, other) and _same(b, one))


def _same(span: Span, labelled: Span) -> bool:
    length, length_labelled = span[1] - span[0], labelled[1] - labelled[0]
    common = min(span[1], labelled[1]) - max(span[0], labelled[0])
    shorter = min(length, length_labelled)
    return shorter > 0 and common >= 0.5 * shorter and length <= max(LONGEST * length_labelled, LONGEST_CHARS)


def score_articles(
    articles: Sequence[LabelledArticle], reports: Sequence[Report], threshold: float | None = None
) -> ArticleFigures:
    """The figures of the reports of some articles, one each in the same order; by default at each report's threshold.

    Reports must hold the pairs below the threshold too for the figures that look below the threshold.
    """
    figures = ArticleFigures(recall_by={"kind": {}, "lang": {}, "same_sentence": {}})
    for article, report in zip(articles, reports, strict=True):
        _score_article(figures, article, report.scored, report.threshold if threshold is None else threshold)
    return figures


def _score_article(
    figures: ArticleFigures, article: LabelledArticle, findings: Iterable[Finding], threshold: float
) -> None:
    ordered = sorted(findings, key=lambda finding: -finding.confidence)
    best = [0.0] * len(article.contradictions)
    taken: set[int] = set()
    is_clean = not article.contradictions
    n_flagged = 0
    spans = [((finding.a.start, finding.a.end), (finding.b.start, finding.b.end)) for finding in ordered]
    for rank, (finding, pair) in enumerate(zip(ordered, spans, strict=True)):
        hit = {i for i, labelled in enumerate(article.contradictions) if is_hit(pair, labelled.spans)}
        is_new = bool(hit - taken)
        taken |= hit
        for i in hit:
            best[i] = max(best[i], finding.confidence)
        figures.top_right += bool(hit) and rank == 0
        if not hit or is_new:  # the same pair found in two forms counts once
            figures.ranked.append((finding.confidence, bool(hit)))
        if finding.confidence >= threshold:
            n_flagged += 1
            figures.right += bool(hit)
    for labelled, confidence in zip(article.contradictions, best, strict=True):
        is_found = confidence >= threshold and confidence > 0
        figures.found += is_found
        figures.listed += confidence > 0
        groups = {
            "kind": labelled.kind,
            "lang": article.document.language,
            "same_sentence": str(labelled.same_sentence),
        }
        for group, name in groups.items():
            counts = figures.recall_by[group].setdefault(name, [0, 0])
            counts[0] += is_found
            counts[1] += 1
    flagged = spans[: sum(finding.confidence >= threshold for finding in ordered)]
    figures.distractors += len(article.distractors)
    figures.distractors_flagged += sum(
        any(is_hit(pair, distractor.spans) for pair in flagged) for distractor in article.distractors
    )
    figures.articles += 1
    figures.labelled += len(article.contradictions)
    figures.flagged += n_flagged
    figures.clean += is_clean
    figures.flagged_in_clean += n_flagged * is_clean
    figures.clean_alarmed += is_clean and n_flagged > 0
    figures.most_confident[is_clean].append(ordered[0].confidence if ordered else 0.0)


# --- labelled pairs ---------------------------------------------------------------------------------------------------


def score_pairs(
    rows: Sequence[dict[str, Any]], prediction: Prediction, temperature: float = 1.0
) -> dict[str, dict[str, float | int | None]]:
    """Figures of labelled pairs, of all and of each language: pairs, accuracy, average precision of contradictions
    against the rest, and expected calibration error at a temperature."""
    labels = np.array([LABELS.index(row["label"]) for row in rows], np.intp)
    probabilities = softmax(prediction.logits, temperature)
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        for name in ("all", str(row.get("language") or "und")):
            groups[name].append(i)
    return {
        name: {
            "pairs": len(where),
            "accuracy": round(accuracy(probabilities[where], labels[where]), 4),
            "average_precision": _rounded(precision_of_contradictions(probabilities[where], labels[where])),
            "calibration_error": _rounded(calibration_error(probabilities[where], labels[where])),
        }
        for name, where in groups.items()
    }


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.intp]) -> float:
    """Share of pairs whose likeliest label is right. Shape: (n, 3) and (n,)."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def average_precision(score: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    """Mean precision at the rank of each correct item. Shape: (n,) and (n,)."""
    hits = correct[np.argsort(-score, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def precision_of_contradictions(probabilities: NDArray[np.float32], labels: NDArray[np.intp]) -> float | None:
    """Average precision of contradictions against the rest, ranked by their probability; None without any."""
    gold = labels == CONTRADICTION
    return average_precision(probabilities[:, CONTRADICTION], gold) if gold.any() else None


def calibration_error(probabilities: NDArray[np.float32], labels: NDArray[np.intp]) -> float | None:
    """Expected calibration error of the answered labels; None without a pair. Shape: (n, 3) and (n,)."""
    if not len(labels):
        return None
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


# --- files ------------------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file, plain or gzipped, or of all those in a folder.

    Raises: LabelsError naming what cannot be read.
    """
    if path.is_dir():
        files = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
        if not files:
            raise LabelsError(f"{path}: no *.jsonl or *.jsonl.gz in this folder; give labelled articles or pairs")
        return [row for file in files for row in read_rows(file)]
    return list(_rows(path))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf8") if path.suffix == ".gz" else path.open(encoding="utf8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise LabelsError(f"{path}, line {number}: no JSON object; give one labelled row a line")
                    yield row
    except OSError as error:
        raise LabelsError(f"{path}: cannot be read ({error.strerror or error}); give a JSON lines file") from error
    except ValueError as error:
        raise LabelsError(f"{path}, line {number or 1}: no JSON ({error}); give one object a line") from error


def are_articles(rows: Sequence[dict[str, Any]], source: Path) -> bool:
    """Whether rows are labelled articles; else they are labelled pairs.

    Raises: LabelsError when they are neither, both, or none at all.
    """
    of_articles = sum("text" in row and "contradictions" in row for row in rows)
    of_pairs = sum("premise" in row and "hypothesis" in row and row.get("label") in LABELS for row in rows)
    if not rows or len(rows) not in (of_articles, of_pairs):
        raise LabelsError(
            f"{source}: {len(rows)} rows, {of_articles} of them labelled articles (text, contradictions), {of_pairs} "
            f"of them labelled pairs (premise, hypothesis, label: {', '.join(LABELS)}); give rows of one kind"
        )
    return of_articles == len(rows)


def read_articles(rows: Sequence[dict[str, Any]]) -> list[LabelledArticle]:
    """The labelled articles of rows {"id", "lang", "text", "contradictions": [{"a", "b", "kind"}], "distractors"}.

    `a` and `b` are substrings of the text; the first place of each counts. The document's source is the id.
    Raises: LabelsError naming the article in which something is missing.
    """
    return [_article(row, number) for number, row in enumerate(rows, 1)]


def _article(row: dict[str, Any], number: int) -> LabelledArticle:
    name = row.get("id") or f"article {number}"
    try:
        document = Document.from_text(row["text"], source=str(name), language=row["lang"])
        return LabelledArticle(
            document,
            tuple(_labelled(pair, document.text) for pair in row["contradictions"]),
            tuple(_labelled(pair, document.text) for pair in row.get("distractors", ())),
        )
    except KeyError as error:
        raise LabelsError(f"{name}: has no {error}; give id, lang, text and contradictions") from error
    except ValueError as error:
        raise LabelsError(f"{name}: {error}; a and b must be parts of the text, letter for letter") from error


def _labelled(pair: dict[str, Any], text: str) -> LabelledPair:
    places = []
    for part in (pair["a"], pair["b"]):
        if part not in text:
            raise ValueError(f"{part!r} is not in the text")
        places.append((text.index(part), text.index(part) + len(part)))
    return LabelledPair((places[0], places[1]), str(pair.get("kind", "")), bool(pair.get("same_sentence", False)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
