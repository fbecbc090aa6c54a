"""The tokenizer: a sentencepiece unigram `.model` file from pieces, scores and a normalisation map.

Ids are those of the Hugging Face tokenizer of XLM-R (`<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3), so no offset is
needed. The base stores the map of single code points only; canonical compositions (e + U+0301 -> é), which the
original map also has, are added from Python's Unicode tables.
"""

from __future__ import annotations

import io
import sys
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

from models.base import Base

CONTROL = {"<s>", "<pad>", "</s>", "<mask>"}


def build_tokenizer(base: Base) -> bytes:
    """The sentencepiece `.model` file of a base."""
    model = proto.ModelProto()
    for piece, score in zip(base.pieces, base.scores, strict=True):
        added = model.pieces.add(piece=piece, score=float(score))
        if piece in CONTROL:
            added.type = proto.ModelProto.SentencePiece.CONTROL
        elif piece == "<unk>":
            added.type = proto.ModelProto.SentencePiece.UNKNOWN
    trainer = model.trainer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.vocab_size = len(base.pieces)
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = (
        base.pieces.index(piece) for piece in ("<s>", "<pad>", "</s>", "<unk>")
    )
    model.normalizer_spec.name = "nmt_nfkc"
    model.normalizer_spec.precompiled_charsmap = compile_normalization(base.normalization)
    return bytes(model.SerializeToString(deterministic=True))


def compile_normalization(single: dict[int, tuple[int, ...]]) -> bytes:
    """Sentencepiece's compiled form of a normalisation map, canonical compositions added."""
    rules: dict[tuple[int, ...], tuple[int, ...]] = {(source,): target for source, target in single.items()}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        parts = unicodedata.normalize("NFD", character)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == character:
            rules.setdefault(tuple(map(ord, parts)), single.get(code, (code,)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "normalization.tsv"
        path.write_text(
            "".join(f"{_hexadecimal(source)}\t{_hexadecimal(target)}\n" for source, target in rules.items())
        )
        written = io.BytesIO()
        # Only the trainer compiles a map; the toy vocabulary it learns is thrown away.
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e f g"] * 10),
            model_writer=written,
            vocab_size=12,
            normalization_rule_tsv=str(path),
            minloglevel=2,
        )
    model = proto.ModelProto()
    model.ParseFromString(written.getvalue())
    return bytes(model.normalizer_spec.precompiled_charsmap)


def _hexadecimal(code_points: tuple[int, ...]) -> str:
    return " ".join(f"{code:X}" for code in code_points)
