"""Print how often the clause boundaries are right, per language, on a folder of marked sentences.

    python -m tests.benchmarks.clauses ../shared/data/clauses [train|test] [language,language,...] [--rules]

The folder holds <language>.<split>.jsonl.gz, one {"text", "segments": [[start, end, role], ...]} per line; the start
of every segment but the first is a boundary, right when found at the same character: by the rules of clauses.py, and by
the tagger, which decides in claims. With --rules: how often each rule is right, and what F1 of the rules would be
without its boundaries.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from claims.clauses import find_boundaries
from claims.tagger import Tagger

MAIN = ["es", "en", "ca", "fr", "de", "pt", "it", "ru"]


def main(folder: str, split: str = "test", languages: str = "", *, rules: bool = False) -> None:
    paths = sorted(Path(folder).glob(f"*.{split}.jsonl.gz"))
    if languages:
        paths = [path for path in paths if path.name.split(".")[0] in languages.split(",")]
    scores: dict[str, float] = {}
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    n_marked = 0
    of_tagger: dict[str, float] = {}
    tagger = Tagger.from_pretrained()
    print(f"{'':6}{'sentences':>10}{'marked':>8}{'rules P':>9}{'R':>7}{'F1':>7}{'tagger P':>10}{'R':>7}{'F1':>7}")
    for path in paths:
        language = path.name.split(".")[0]
        items = read(path)
        marked = sum(len(item["segments"]) - 1 for item in items)
        hits, misses = score(items, language)
        scores[language] = f1(hits.total(), misses.total(), marked)
        numbers = figures(hits.total(), misses.total(), marked)
        n_right, n_wrong = score_tagger(items, language, tagger)
        of_tagger[language] = f1(n_right, n_wrong, marked)
        numbers += " " * 3 + figures(n_right, n_wrong, marked)
        print(f"{language:6}{len(items):10}{marked:8}  {numbers}")
        right, wrong, n_marked = right + hits, wrong + misses, n_marked + marked
    for name, of in (("rules", scores), ("tagger", of_tagger)):
        chosen = [of[language] for language in MAIN if language in of]
        print(f"{name} mean F1: {sum(of.values()) / max(1, len(of)):.3f}", end="")
        print(f", of {' '.join(MAIN)}: {sum(chosen) / max(1, len(chosen)):.3f}")
    if rules:
        print_rules(right, wrong, n_marked)


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def score(items: list[dict[str, Any]], language: str) -> tuple[Counter[str], Counter[str]]:
    """By rule, the boundaries that were right and that were wrong."""
    hits: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    for item in items:
        marked = {start for start, _, _ in item["segments"][1:]}
        for offset, rule in find_boundaries(item["text"], language):
            (hits if offset in marked else misses)[rule] += 1
    return hits, misses


def score_tagger(items: list[dict[str, Any]], language: str, tagger: Tagger) -> tuple[int, int]:
    """How many boundaries of the tagger are right and wrong."""
    n_right = n_wrong = 0
    for item, tags in zip(items, tagger.tag([item["text"] for item in items], language), strict=True):
        marked = {start for start, _, _ in item["segments"][1:]}
        n_right += len(marked & set(tags.boundaries))
        n_wrong += len(set(tags.boundaries) - marked)
    return n_right, n_wrong


def figures(n_right: int, n_wrong: int, n_marked: int) -> str:
    precision, recall = n_right / max(1, n_right + n_wrong), n_right / max(1, n_marked)
    return f"{precision:7.3f}{recall:7.3f}{f1(n_right, n_wrong, n_marked):7.3f}"


def without(counts: Counter[str], rule: str) -> int:
    return counts.total() - counts[rule]


def f1(n_right: int, n_wrong: int, n_marked: int) -> float:
    return 2 * n_right / max(1, n_right + n_wrong + n_marked)


def print_rules(right: Counter[str], wrong: Counter[str], n_marked: int) -> None:
    print(f"\n{'':16}{'right':>7}{'of':>7}{'P':>7}{'F1 without':>12}")
    print(f"{'all, pooled':16}{right.total():7}{(right + wrong).total():7}", end="")
    print(f"{right.total() / (right + wrong).total():7.3f}{f1(right.total(), wrong.total(), n_marked):12.3f}")
    for rule, n_right in right.most_common():
        n_found = n_right + wrong[rule]
        left_out = f1(without(right, rule), without(wrong, rule), n_marked)
        print(f"{rule:16}{n_right:7}{n_found:7}{n_right / n_found:7.3f}{left_out:12.3f}")


if __name__ == "__main__":
    main(*(word for word in sys.argv[1:] if word != "--rules"), rules="--rules" in sys.argv)
