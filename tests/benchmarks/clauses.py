"""Print how often the clause boundaries are right, per language, on a folder of marked sentences.

    python -m tests.benchmarks.clauses ../shared/data/clauses [train|test] [language,language,...] [--rules]

The folder holds <language>.<split>.jsonl.gz, one {"text", "segments": [[start, end, role], ...]} per line; the start
of every segment but the first is a boundary, right when found at the same character. "cut" counts only the boundaries
at which split_clauses cuts: it keeps a short reporting frame with what it reports, which the treebanks do not. With
--rules: how often each rule is right, and what F1 would be without its boundaries.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

from claims.clauses import find_boundaries

MAIN = ["es", "en", "ca", "fr", "de", "pt", "it", "ru"]


def main(folder: str, split: str = "test", languages: str = "", *, rules: bool = False) -> None:
    paths = sorted(Path(folder).glob(f"*.{split}.jsonl.gz"))
    if languages:
        paths = [path for path in paths if path.name.split(".")[0] in languages.split(",")]
    scores: dict[str, float] = {}
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    n_marked = 0
    print(f"{'':6}{'sentences':>10}{'marked':>8}{'P':>7}{'R':>7}{'F1':>7}{'cut F1':>8}")
    for path in paths:
        language = path.name.split(".")[0]
        n_sentences, marked, hits, misses = score(path, language)
        cut = f1(without(hits, "short frame"), without(misses, "short frame"), marked)
        scores[language] = f1(hits.total(), misses.total(), marked)
        precision, recall = hits.total() / max(1, (hits + misses).total()), hits.total() / max(1, marked)
        numbers = f"{precision:7.3f}{recall:7.3f}{scores[language]:7.3f}{cut:8.3f}"
        print(f"{language:6}{n_sentences:10}{marked:8}{numbers}")
        right, wrong, n_marked = right + hits, wrong + misses, n_marked + marked
    chosen = [scores[language] for language in MAIN if language in scores]
    print(f"mean F1: {sum(scores.values()) / max(1, len(scores)):.3f}", end="")
    print(f", of {' '.join(MAIN)}: {sum(chosen) / max(1, len(chosen)):.3f}")
    if rules:
        print_rules(right, wrong, n_marked)


def score(path: Path, language: str) -> tuple[int, int, Counter[str], Counter[str]]:
    """Sentences, marked boundaries, and by rule the boundaries that were right and that were wrong."""
    hits: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    n_sentences = n_marked = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            marked = {start for start, _, _ in item["segments"][1:]}
            n_sentences, n_marked = n_sentences + 1, n_marked + len(marked)
            for offset, rule in find_boundaries(item["text"], language):
                (hits if offset in marked else misses)[rule] += 1
    return n_sentences, n_marked, hits, misses


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
