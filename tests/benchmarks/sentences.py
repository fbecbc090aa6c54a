"""Print boundary F1 and speed of a sentence splitter on a folder of marked texts.

    python -m tests.benchmarks.sentences ../shared/data/sentences [module:function]

The folder holds <language>_<name>.jsonl, one {"text", "boundaries"} per line, boundaries being exclusive ends
in code points. The end of a text is not scored. "Fair": a marked sentence without a final mark (a headline
joined by a space) does not count as missed. An item of adversarial.jsonl is right when all boundaries agree;
"optional" ones may be there or not. The mean leaves out Thai, which has no final marks. The function takes
(text, language).
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FINAL = frozenset(".?!…。！？؟۔।॥")
CLOSERS = "\"'”’“»«)]}」』）》 "
Splitter = Callable[[str, str], Iterable[Any]]


def main(folder: str, target: str = "claims.sentences:split_sentences") -> None:
    module, name = target.split(":")
    began = time.perf_counter()
    split: Splitter = getattr(importlib.import_module(module), name)
    list(split("It works. It does.", "en"))
    load = time.perf_counter() - began

    scores: list[float] = []
    print(f"{'':12} {'fair F1':>8} {'raw F1':>8} {'MB/s':>6}")
    for path in sorted(Path(folder).glob("*_*.jsonl")):
        fair, raw, speed = score(path, split)
        print(f"{path.stem:12} {fair:8.2f} {raw:8.2f} {speed:6.1f}")
        if not path.stem.startswith("th_"):
            scores.append(fair)
    print(f"{'mean':12} {sum(scores) / len(scores):8.2f}   (without Thai)")
    for path in sorted(Path(folder).glob("adversarial*.jsonl")):
        right, n_items = count_right(path, split)
        print(f"{path.stem:12} {right} of {n_items}")
    print(f"load and first call: {load:.3f} s")


def score(path: Path, split: Splitter) -> tuple[float, float, float]:
    """Fair F1, strict F1 (both times 100) and MB of UTF-8 per second."""
    items = read(path)
    began = time.perf_counter()
    predictions = [ends(item["text"], split, path.stem[:2]) for item in items]
    took = time.perf_counter() - began
    n_right = n_extra = n_missed = n_missed_fair = 0
    for item, predicted in zip(items, predictions, strict=True):
        text = item["text"]
        last = {visible_end(text, len(text))}
        marked = {visible_end(text, end) for end in item["boundaries"]} - last
        missed = marked - predicted
        n_right += len(marked & predicted)
        n_extra += len(predicted - marked - last)
        n_missed += len(missed)
        n_missed_fair += sum((text[:end].rstrip(CLOSERS) or " ")[-1] in FINAL for end in missed)
    n_bytes = sum(len(item["text"].encode()) for item in items)
    return (
        200 * n_right / max(1, 2 * n_right + n_extra + n_missed_fair),
        200 * n_right / max(1, 2 * n_right + n_extra + n_missed),
        n_bytes / 1e6 / took,
    )


def count_right(path: Path, split: Splitter) -> tuple[int, int]:
    items, n_right = read(path), 0
    for item in items:
        text = item["text"]
        marked = {visible_end(text, end) for end in item["boundaries"]}
        optional = {visible_end(text, end) for end in item["optional"]}
        n_right += marked - optional <= ends(text, split, item["lang"]) <= marked | optional
    return n_right, len(items)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]


def ends(text: str, split: Splitter, language: str) -> set[int]:
    return {visible_end(text, sentence.end) for sentence in split(text, language)}


def visible_end(text: str, end: int) -> int:
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
