"""The pairs of real news that a model is most sure of, to be learned as no contradiction.

    python -m models.mine --data ../shared/data --model FOLDER --out WORK/mined.jsonl.gz

Nearly every pair of an article is unrelated or agrees, so nearly every pair of real news that a model takes for a
contradiction is a mistake of the kind its users would see. Reads documents of the training part of news/, in the
languages of the authored stories by turns, pairs their statements as `claims check` does (told apart by the bundled
model, so that the one that is asked needs no heads), and writes for each document the pairs that the model is surest of
and a few others: {"a", "b", "lang", "document", "score", "same_sentence", "is_hard"} a line, `a` and `b` as the model
reads them.

Left out are pairs that may contradict each other: most of their words in common, and either different amounts of one
unit or a negation in one of them only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from claims.calibration import log_odds, numeric_conflict, shared_content
from claims.detect import read_pairs
from claims.document import Document
from claims.nli import CONTRADICTION, LABELS, BundledModel, bundled_folder
from claims.statements import Statement
from claims.tagger import Tagger
from models.data import SEED, news_part, read_jsonl

WORDS = (120, 700)  # of a document
PAIRS_PER_STATEMENT = 4  # read of a document, most related first
MOST_SURE = 24  # pairs of a document that are kept because the model is sure of them
OTHERS = 8  # and by chance
DOCUMENTS_AT_ONCE = 20
COMMON = 0.5  # share of the shorter statement's content from which two statements have most in common


def main() -> None:
    """Mine and write; progress on stderr."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with news/ and nli/train")
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--first", type=int, default=0, help="documents to pass over, so that each round reads others")
    given = parser.parse_args()

    model, tagger = BundledModel(given.model).for_articles(), Tagger.from_pretrained()
    rows = news_in_turn(given.data, given.first + given.documents)[given.first :]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    part = given.out.with_suffix(".part")
    n_pairs, began = 0, time.monotonic()
    with gzip.open(part, "wt", encoding="utf8") as file:
        for start in range(0, len(rows), DOCUMENTS_AT_ONCE):
            for mined in mine(model, tagger, rows[start : start + DOCUMENTS_AT_ONCE]):
                file.write(json.dumps(mined, ensure_ascii=False) + "\n")
                n_pairs += 1
            done, minutes = min(start + DOCUMENTS_AT_ONCE, len(rows)), (time.monotonic() - began) / 60
            print(f"{done} of {len(rows)} documents, {n_pairs} pairs, {minutes:.1f} min", file=sys.stderr, flush=True)
    part.replace(given.out)


def news_in_turn(data: Path, most: int) -> list[dict[str, Any]]:
    """Documents of the training part of the news, one of each language of the authored stories after the other.

    Original texts come before translations.
    """
    languages = {story["lang"] for story in read_jsonl(data / "nli" / "train" / "authored_sets.jsonl.gz")}
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read_jsonl(data / "news" / "news.jsonl.gz"):
        if news_part(row) > 1 and row["lang"] in languages and WORDS[0] <= row["words"] < WORDS[1]:
            by_language[row["lang"]].append(row)
    chooser = random.Random(SEED)
    for rows in by_language.values():
        chooser.shuffle(rows)
        rows.sort(key=lambda row: bool(row["translated"]))
    turns = range(max(map(len, by_language.values()), default=0))
    in_turn = [row for turn in turns for rows in by_language.values() for row in rows[turn : turn + 1]]
    return in_turn[:most]


def mine(model: BundledModel, tagger: Tagger | None, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The pairs to learn from of some documents."""
    documents = [Document.from_text(row["text"], source=row["id"], language=row["lang"]) for row in rows]
    readings = [read_pairs(document, tagger=tagger) for document in documents]
    read = [min(PAIRS_PER_STATEMENT * len(r.extract.statements), len(r.pairs)) for r in readings]
    asked = [pair for reading, n in zip(readings, read, strict=True) for pair in reading.asked[:n]]
    logits = model.predict(asked + [(b, a) for a, b in asked]).logits
    scores = log_odds(logits.reshape(2, len(asked), len(LABELS)), CONTRADICTION).mean(axis=0)
    chooser, start = random.Random(SEED), 0
    for document, reading, n in zip(documents, readings, read, strict=True):
        score = scores[start : start + n]
        start += n
        fit = [int(k) for k in np.argsort(-score, kind="stable") if not may_contradict(*reading.pairs[k])]
        hard, others = fit[:MOST_SURE], fit[MOST_SURE:]
        for k in hard + chooser.sample(others, min(OTHERS, len(others))):
            (a, b), (asked_a, asked_b) = reading.pairs[k], reading.asked[k]
            yield {
                "a": asked_a,
                "b": asked_b,
                "lang": document.language,
                "document": document.source,
                "score": round(float(score[k]), 3),
                "same_sentence": a.sentence == b.sentence,
                "is_hard": k in hard,
            }


def may_contradict(a: Statement, b: Statement) -> bool:
    """Whether two statements say nearly the same and differ in an amount or in a negation."""
    if shared_content(a.text, b.text) < COMMON:
        return False
    return numeric_conflict(a.text, b.text) is not None or ("negated" in a.cues) != ("negated" in b.cues)


if __name__ == "__main__":
    main()
