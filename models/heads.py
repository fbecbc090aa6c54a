"""Fit the heads that read statements from the bundled encoder: clause boundaries, subjects, claims worth checking.

    python -m models.heads --data ../shared/data [--model FOLDER] [--epochs 6] [--no-rules]

Writes heads.npz into the model folder, and prints as one JSON object how often the heads are right on the test and
development files: F1 of clause boundaries beside that of the rules alone, F1 of subjects, average precision and F1 of
claims beside a baseline that knows length and numbers. With --no-rules the tagging head does not see what the rules
say, and nothing is written.

DATA holds clauses/<language>.<train|test>.jsonl.gz, one {"text", "lang", "segments", "subjects"} per line, and
claims/<name>.<train|dev>.jsonl.gz, one {"text", "label", "language"} per line.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from claims.clauses import count_words, find_boundaries
from claims.evaluate import average_precision
from claims.nli import BundledModel, Tokens, bundled_folder
from claims.tagger import BOUNDARY, FILE, SUBJECT, features, tag_tokens
from models.build import write_checksums
from models.data import SEED, read_jsonl

MOST_OF_A_LANGUAGE = 6_000  # training sentences
MOST_OF_A_CLAIM_SET = 9_000
WIDTH = 128
DILATIONS = (1, 2, 4)
EPOCHS = 6.0
SENTENCES_PER_STEP = 96
RATE = 2e-3
DROPOUT = 0.1
SUBJECT_THRESHOLD = 0.5  # above where F1 is best: a subject that is none does more harm than one that is missed
SUBJECT_WEIGHT = 0.5  # of its loss: boundaries matter more
HELD_OUT = 10  # every tenth training sentence sets the threshold of boundaries
THRESHOLDS = np.arange(0.2, 0.61, 0.02)
CLAIMS_HELD_OUT = 5  # every fifth sentence sets the threshold of claims
PENALTY = 1e-2  # on the claim head's weights
MAIN = ("es", "en", "ca", "fr", "de", "pt", "it", "ru")

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Marked:
    """Sentences with what is to be learned of each of their tokens."""

    languages: list[str]
    texts: list[str]
    tokens: list[Tokens]
    inputs: list[NDArray[np.float16]]
    """Shape (tokens, inputs) each."""
    targets: list[Array]
    """Shape (tokens, 2) each: 1 where a clause begins, 1 in a subject."""
    boundaries: list[set[int]]

    def subset(self, chosen: Sequence[int]) -> Marked:
        """Some of the sentences."""
        fields = (self.languages, self.texts, self.tokens, self.inputs, self.targets, self.boundaries)
        return Marked(*([column[i] for i in chosen] for column in fields))  # type: ignore[arg-type]


def main() -> None:
    """Fit, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with clauses/ and claims/")
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--no-rules", action="store_true", help="fit without the rules as an input, write nothing")
    given = parser.parse_args()

    model = BundledModel(given.model)
    began = time.monotonic()
    head, thresholds, figures = fit_tagging(model, given.data / "clauses", given.epochs, rules=not given.no_rules)
    heads = {"layers": np.array(model.layers_read), "tag.thresholds": thresholds, **arrays(head)}
    if not given.no_rules:
        weights, bias, of_claims = fit_claims(model, given.data / "claims")
        heads |= {"claim.weight": weights, "claim.bias": np.array(bias)}
        figures["claims"] = of_claims
        stored = {name: values.astype(np.float16) for name, values in heads.items()}
        np.savez_compressed(given.model / FILE, **stored)  # type: ignore[arg-type]  # no array is called allow_pickle
        write_checksums(given.model)
    figures["minutes"] = round((time.monotonic() - began) / 60, 1)
    print(json.dumps(figures, indent=1, ensure_ascii=False))


# --- clause boundaries and subjects -----------------------------------------------------------------------------------


class TaggingHead(nn.Module):
    """What `claims.tagger.tag_tokens` computes, in torch."""

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.project = nn.Linear(n_inputs, WIDTH)
        self.convolutions = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, dilation=d, padding=d) for d in DILATIONS)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in DILATIONS)
        self.out = nn.Linear(WIDTH, 2)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log-odds of shape (batch, length, 2) from inputs (batch, length, n) and mask (batch, length)."""

        def gelu(values: torch.Tensor) -> torch.Tensor:
            return nn.functional.gelu(values, approximate="tanh")

        x = self.drop(gelu(self.project(x)))
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            x = x * mask[..., None]
            x = norm(x + self.drop(gelu(convolve(x.transpose(1, 2)).transpose(1, 2))))
        answers: torch.Tensor = self.out(x)
        return answers


def arrays(head: TaggingHead) -> dict[str, Array]:
    """The head as `claims.tagger` reads it."""
    state = {name: value.detach().numpy() for name, value in head.state_dict().items()}
    found = {"tag.dilations": np.array(DILATIONS, np.float32)}
    for part in ("project", "out"):
        found |= {f"tag.{part}.weight": state[f"{part}.weight"].T, f"tag.{part}.bias": state[f"{part}.bias"]}
    for i in range(len(DILATIONS)):
        # (out, in, place) -> (place, in, out)
        found[f"tag.convolution.{i}.weight"] = state[f"convolutions.{i}.weight"].transpose(2, 1, 0)
        found[f"tag.convolution.{i}.bias"] = state[f"convolutions.{i}.bias"]
        found |= {f"tag.norm.{i}.{kind}": state[f"norms.{i}.{kind}"] for kind in ("weight", "bias")}
    return found


def fit_tagging(
    model: BundledModel, folder: Path, epochs: float, *, rules: bool
) -> tuple[TaggingHead, Array, dict[str, Any]]:
    """The head, its two thresholds, and its figures on the test files."""
    marked = read_marked(model, folder, "train", MOST_OF_A_LANGUAGE, rules=rules)
    everyone = range(len(marked.texts))
    train = marked.subset([i for i in everyone if i % HELD_OUT])
    head = train_tagging(train, epochs)
    held_out = marked.subset([i for i in everyone if i % HELD_OUT == 0])
    answers = answer(head, held_out)
    subject = SUBJECT_THRESHOLD
    boundary = max(THRESHOLDS, key=lambda t: mean(boundary_f1(held_out, answers, t).values()))

    test = read_marked(model, folder, "test", None, rules=rules)
    answers = answer(head, test)
    of_head, of_rules = boundary_f1(test, answers, boundary), rules_f1(test)
    figures = {
        "boundaries": {
            language: {"rules": round(of_rules[language], 3), "tagger": round(of_head[language], 3)}
            for language in of_head
        },
        "boundaries_mean": {"rules": mean(of_rules.values()), "tagger": mean(of_head.values())},
        "boundaries_mean_main": {
            "rules": mean(of_rules[language] for language in MAIN if language in of_rules),
            "tagger": mean(of_head[language] for language in MAIN if language in of_head),
        },
        "subject_tokens": subject_f1(test, answers, subject),
        "thresholds": {"boundary": float(boundary), "subject": float(subject)},
    }
    return head, np.array([boundary, subject], np.float32), figures


def read_marked(model: BundledModel, folder: Path, split: str, most: int | None, *, rules: bool) -> Marked:
    """The sentences of all languages, at most so many of each, encoded."""
    chooser = random.Random(SEED)
    marked = Marked([], [], [], [], [], [])
    for path in sorted(folder.glob(f"*.{split}.jsonl.gz")):
        rows = list(read_jsonl(path))
        if most is not None:
            rows = chooser.sample(rows, min(len(rows), most))
        texts = [row["text"] for row in rows]
        for row, tokens in zip(rows, model.read(texts), strict=True):
            inputs = features(row["text"], tokens, row["lang"])
            if not rules:
                inputs[:, -1] = 0
            marked.languages.append(row["lang"])
            marked.texts.append(row["text"])
            marked.tokens.append(Tokens(tokens.starts, tokens.ends, np.zeros((0, 0), np.float32)))
            marked.inputs.append(inputs.astype(np.float16))
            marked.targets.append(targets(row, tokens))
            marked.boundaries.append({start for start, _, _ in row["segments"][1:]})
    return marked


def targets(row: dict[str, Any], tokens: Tokens) -> Array:
    """Which tokens begin a clause, and which are part of a subject. Shape: (tokens, 2)."""
    wanted = np.zeros((len(tokens.starts), 2), np.float32)
    for start, _, _ in row["segments"][1:]:
        at = int(np.searchsorted(tokens.starts, start))
        if at < len(wanted):
            wanted[at, BOUNDARY] = 1
    for subject in row["subjects"]:
        if subject["span"]:
            start, end = subject["span"]
            wanted[(tokens.ends > start) & (tokens.starts < end), SUBJECT] = 1
    return wanted


def train_tagging(marked: Marked, epochs: float) -> TaggingHead:
    """A head fitted to sentences in batches of about the same length."""
    torch.manual_seed(SEED)
    chooser = np.random.default_rng(SEED)
    head = TaggingHead(marked.inputs[0].shape[1])
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.01)
    weights = torch.tensor([1.0, SUBJECT_WEIGHT])
    lengths = np.array([len(x) for x in marked.inputs])
    n_steps = int(epochs * len(lengths) / SENTENCES_PER_STEP) + 1
    step = 0
    while step < n_steps:
        pools = np.array_split(chooser.permutation(len(lengths)), max(1, len(lengths) // 5_000))
        order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
        chunks = [order[i : i + SENTENCES_PER_STEP] for i in range(0, len(order), SENTENCES_PER_STEP)]
        chooser.shuffle(chunks)
        for chunk in chunks[: n_steps - step]:
            x, y, mask = (torch.from_numpy(part) for part in padded(marked, chunk))
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(step / 100, 1 - step / n_steps, 1.0)
            loss = nn.functional.binary_cross_entropy_with_logits(head(x, mask), y, reduction="none")
            loss = (loss * weights * mask[..., None]).sum() / mask.sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimizer.step()
            step += 1
    return head.eval()


def padded(marked: Marked, chosen: Sequence[int] | NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Inputs, targets and mask of some sentences, with zeros behind the shorter ones."""
    longest = max(len(marked.inputs[i]) for i in chosen)
    x = np.zeros((len(chosen), longest, marked.inputs[0].shape[1]), np.float32)
    y, mask = np.zeros((len(chosen), longest, 2), np.float32), np.zeros((len(chosen), longest), np.float32)
    for row, i in enumerate(chosen):
        n = len(marked.inputs[i])
        x[row, :n], y[row, :n], mask[row, :n] = marked.inputs[i], marked.targets[i], 1
    return x, y, mask


def answer(head: TaggingHead, marked: Marked) -> list[Array]:
    """What ships computes: probabilities of shape (tokens, 2), from weights as they are stored."""
    stored = {name: values.astype(np.float16).astype(np.float32) for name, values in arrays(head).items()}
    answers: list[Array] = []
    for start in range(0, len(marked.inputs), 500):
        answers += tag_tokens(stored, [x.astype(np.float32) for x in marked.inputs[start : start + 500]])
    return answers


def boundary_f1(marked: Marked, answers: list[Array], threshold: float) -> dict[str, float]:
    """F1 of boundaries at the same character, by language."""
    found = []
    for tokens, of_sentence in zip(marked.tokens, answers, strict=True):
        found.append({int(tokens.starts[k]) for k in np.flatnonzero(of_sentence[:, BOUNDARY] >= threshold)} - {0})
    return f1_by_language(marked.languages, found, marked.boundaries)


def rules_f1(marked: Marked) -> dict[str, float]:
    """The same of the rules alone."""
    found = [
        {offset for offset, _ in find_boundaries(text, language)}
        for text, language in zip(marked.texts, marked.languages, strict=True)
    ]
    return f1_by_language(marked.languages, found, marked.boundaries)


def subject_f1(marked: Marked, answers: list[Array], threshold: float) -> dict[str, float]:
    """F1 of tokens that are part of a subject, by language."""
    found = [set(np.flatnonzero(of_sentence[:, SUBJECT] >= threshold).tolist()) for of_sentence in answers]
    wanted = [set(np.flatnonzero(of_sentence[:, SUBJECT]).tolist()) for of_sentence in marked.targets]
    return {language: round(f1, 3) for language, f1 in f1_by_language(marked.languages, found, wanted).items()}


def f1_by_language(languages: list[str], found: list[set[int]], wanted: list[set[int]]) -> dict[str, float]:
    """F1 over all items of a language."""
    right: dict[str, int] = defaultdict(int)
    both: dict[str, int] = defaultdict(int)
    for language, a, b in zip(languages, found, wanted, strict=True):
        right[language] += len(a & b)
        both[language] += len(a) + len(b)
    return {language: 2 * right[language] / max(1, both[language]) for language in both}


def mean(values: Any) -> float:
    """The mean, to three places."""
    return round(float(np.mean(list(values))), 3)


# --- claims -----------------------------------------------------------------------------------------------------------


def fit_claims(model: BundledModel, folder: Path) -> tuple[Array, float, dict[str, Any]]:
    """Weights and bias of the claim head, and its figures on the development files.

    Sets differ in how many of their sentences count as worth checking; each has an intercept of its own in training,
    so that the weights do not learn which set a text is from. What ships has the bias at which the mean F1 of the sets'
    held-out parts is best, so that a claim has 0.5 or more.
    """
    train = {path.name.split(".")[0]: list(read_jsonl(path)) for path in sorted(folder.glob("*.train.jsonl.gz"))}
    chooser = random.Random(SEED)
    rows, sets = [], []
    for number, of_set in enumerate(train.values()):
        chosen = chooser.sample(of_set, min(len(of_set), MOST_OF_A_CLAIM_SET))
        rows += chosen
        sets += [number] * len(chosen)
    inputs, labels = pooled(model, [row["text"] for row in rows]), np.array([row["label"] for row in rows], bool)
    numbers = np.array(sets)
    held_out = np.arange(len(rows)) % CLAIMS_HELD_OUT == 0
    weights = fit_shared(inputs[~held_out], labels[~held_out], numbers[~held_out])
    scores = inputs[held_out] @ weights
    best = max(
        np.quantile(scores, np.linspace(0.4, 0.98, 59)),
        key=lambda t: np.mean([f1(scores[of], labels[held_out][of], t) for of in by_set(numbers[held_out])]),
    )
    plain = np.stack([plain_features(row["text"]) for row in rows])
    mean_plain, deviation = plain.mean(axis=0), plain.std(axis=0) + 1e-9
    plain_weights = fit_shared((plain - mean_plain) / deviation, labels, numbers)

    figures = {}
    for path in sorted(folder.glob("*.dev.jsonl.gz")):
        dev = list(read_jsonl(path))
        truth = np.array([row["label"] for row in dev], bool)
        score = pooled(model, [row["text"] for row in dev]) @ weights
        baseline = (np.stack([plain_features(row["text"]) for row in dev]) - mean_plain) / deviation @ plain_weights
        figures[path.name.split(".")[0]] = {
            "rows": len(dev),
            "worth_checking": int(truth.sum()),
            "average_precision": round(average_precision(score, truth), 3),
            "average_precision_baseline": round(average_precision(baseline, truth), 3),
            "f1": round(f1(score, truth, float(best)), 3),
            "f1_baseline": round(max(f1(baseline, truth, t) for t in np.quantile(baseline, np.arange(0, 1, 0.02))), 3),
            "best_f1": round(max(f1(score, truth, t) for t in np.quantile(score, np.arange(0, 1, 0.02))), 3),
        }
    return weights.astype(np.float32), -float(best), figures


def pooled(model: BundledModel, texts: list[str]) -> Array:
    """What the claim head reads of whole texts: the mean of their tokens' states. Shape: (texts, states)."""
    found: list[Array | None] = []
    for start in range(0, len(texts), 500):
        chunk = texts[start : start + 500]
        found += [tokens.states.mean(axis=0) if len(tokens.starts) else None for tokens in model.read(chunk)]
    width = next(len(states) for states in found if states is not None)
    return np.stack([np.zeros(width, np.float32) if states is None else states for states in found])


def plain_features(text: str) -> Array:
    """What the baseline knows: number of words, whether there are digits, and how many."""
    digits = sum(map(str.isdigit, text))
    return np.array([np.log1p(count_words(text)), float(digits > 0), np.log1p(digits)], np.float32)


def fit_shared(inputs: Array, labels: NDArray[np.bool_], sets: NDArray[np.intp]) -> Array:
    """Weights of a logistic regression that all sets share, each with an intercept of its own and equal say."""
    torch.manual_seed(SEED)
    deviation = torch.from_numpy(inputs.std(axis=0) + 1e-6)
    x = torch.from_numpy(inputs) / deviation
    y, number = torch.from_numpy(labels.astype(np.float32)), torch.from_numpy(sets.astype(np.int64))
    share = 1 / torch.bincount(number)[number]
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    bias = torch.zeros(int(number.max()) + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(x @ weights + bias[number], y, weight=share)
        loss = loss * len(y) / len(bias) + PENALTY * (weights**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return np.asarray((weights.detach() / deviation).numpy(), np.float32)


def by_set(sets: NDArray[np.intp]) -> list[NDArray[np.bool_]]:
    """The rows of each set."""
    return [sets == number for number in np.unique(sets)]


def f1(scores: Array, labels: NDArray[np.bool_], threshold: float) -> float:
    """F1 of the scores from a threshold on."""
    found = scores >= threshold
    return float(2 * (found & labels).sum() / max(1, found.sum() + labels.sum()))


if __name__ == "__main__":
    main()
