"""Write a model folder that transformers loads, from the one that ships and nothing else.

    python -m models.to_transformers --model models/e5-small-nli --out FOLDER [--for-articles]

With --for-articles, of the upper layers that answer for pairs of articles; without, of those for any pairs. The result
is a `BertForSequenceClassification` in float32 with a tokenizer of the same ids. It computes the same function but for
one thing: the graphs also quantise activations. Weights are found by the names of the graph's constants, as
`models.export` gives them.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer
from tokenizers.decoders import Metaspace as MetaspaceDecoder
from tokenizers.models import Unigram
from tokenizers.normalizers import Precompiled
from tokenizers.pre_tokenizers import Metaspace, Sequence, WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification

from claims.calibration import FILE as CALIBRATION
from claims.nli import Q4_BLOCK, Q4_BLOCK_BYTES, Bundle, decode_q4
from models.export import EMBEDDINGS, FUSED_MATRICES, WORD_EMBEDDINGS, Weights, bert_config

Constants = dict[str, NDArray[Any]]

# Stored as in the state dict; every other matrix is one of `read_matrix`.
AS_THEY_ARE = (EMBEDDINGS + "position_embeddings.weight", "classifier.weight")

SPECIAL = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def convert(folder: Path, out: Path, *, for_articles: bool = False) -> None:
    """Write `config.json`, `model.safetensors`, `tokenizer.json` and `tokenizer_config.json`.

    With `for_articles`, of the upper layers that answer for pairs of articles, and with their calibration.
    Raises: ModelError when `folder` is no model folder, ValueError or RuntimeError when its graphs name no weights,
    FileNotFoundError when it has no layers for articles.
    """
    bundle = Bundle.open(folder)
    pieces = proto.ModelProto()
    pieces.ParseFromString((folder / Bundle.TOKENIZER).read_bytes())
    upper = Bundle.ARTICLES if for_articles else Bundle.UPPER
    graphs = [onnx.load(folder / part).graph for part in (Bundle.LOWER, upper)]
    weights = read_weights(*graphs)
    rows = np.fromfile(folder / Bundle.EMBEDDINGS, np.uint8)
    hidden = weights["classifier.weight"].shape[1]
    weights[WORD_EMBEDDINGS] = decode_q4(rows.reshape(-1, hidden // Q4_BLOCK * Q4_BLOCK_BYTES))
    ids = {f"{name}_token_id": getattr(pieces.trainer_spec, f"{name}_id") for name in ("bos", "eos", "pad")}
    build_model(weights, read_config(graphs[0], weights) | ids).save_pretrained(out)
    read_tokenizer(pieces).save(str(out / "tokenizer.json"))
    if for_articles and (folder / CALIBRATION).is_file():
        shutil.copyfile(folder / CALIBRATION, out / CALIBRATION)
    description = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": bundle.max_length,
        "model_input_names": ["input_ids", "attention_mask"],
        **SPECIAL,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf8")


def build_model(weights: Weights, config: dict[str, Any]) -> BertForSequenceClassification:
    """The torch model of all weights. Raises: RuntimeError when one is missing, left over or of another shape."""
    model = BertForSequenceClassification(BertConfig(vocab_size=len(weights[WORD_EMBEDDINGS]), **config))
    model.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    return model


def read_config(graph: onnx.GraphProto, weights: Weights) -> dict[str, Any]:
    """What a `BertConfig` needs to know beside the vocabulary."""
    attributes = {given.name: helper.get_attribute_value(given) for node in graph.node for given in node.attribute}
    return bert_config(weights, n_heads=attributes["num_heads"], epsilon=attributes["epsilon"])


def read_weights(*graphs: onnx.GraphProto) -> Weights:
    """Every weight but the word embeddings, under its name in the state dict, in float32.

    The one row of token types in use is part of the positions, so the token types are 0.
    Raises: ValueError when the constants of the graphs have other names.
    """
    held = [constant for graph in graphs for constant in graph.initializer]
    constants: Constants = {constant.name: numpy_helper.to_array(constant) for constant in held}
    if "classifier.weight" not in constants:
        raise ValueError("the graphs do not name their weights; build them again with models.build")
    hidden = constants["classifier.weight"].shape[1]
    weights: Weights = {EMBEDDINGS + "token_type_embeddings.weight": np.zeros((2, hidden), np.float32)}
    for name, values in constants.items():
        module, _, kind = name.rpartition(".")
        if kind not in ("weight", "bias"):
            continue
        as_it_is = values.ndim == 1 or name in AS_THEY_ARE
        whole = values if as_it_is else read_matrix(constants, module)
        parent, _, last = module.rpartition(".")
        parts = FUSED_MATRICES.get(last, (last,))
        for part, share in zip(parts, np.split(whole, len(parts)), strict=True):
            weights[f"{parent}.{part}.{kind}".removeprefix(".")] = share.astype(np.float32)
    return weights


def read_matrix(constants: Constants, module: str) -> NDArray[np.float32]:
    """The matrix that the graph multiplies the input of a module with. Shape: (out, in).

    Either `X.weight` in floats (in, out); or `X.weight` in 8-bit codes (in, out) with `X.weight.scale` of each output,
    and apart from it the columns `X.outliers.columns` (outliers, out) of the inputs `X.outliers`.
    """
    stored = constants[f"{module}.weight"].astype(np.float32)
    if f"{module}.weight.scale" in constants:
        stored *= constants[f"{module}.weight.scale"]
        stored[constants[f"{module}.outliers"]] = constants[f"{module}.outliers.columns"]
    return np.ascontiguousarray(stored.T)


def read_tokenizer(model: proto.ModelProto) -> Tokenizer:
    """The tokenizer of a sentencepiece unigram model, pairs as `<s> A </s></s> B </s>`, all of token type 0.

    Ids differ where those of the official tokenizer do, for `Precompiled` maps the first of stacked accents only and
    leaves decomposed Hangul apart; and special pieces spelt out in a text are taken for what they name.
    """
    tokenizer = Tokenizer(Unigram([(piece.piece, piece.score) for piece in model.pieces], model.trainer_spec.unk_id))
    tokenizer.normalizer = Precompiled(model.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = Sequence([WhitespaceSplit(), Metaspace()])
    tokenizer.decoder = MetaspaceDecoder()
    tokenizer.add_special_tokens(sorted(set(SPECIAL.values())))
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(piece, tokenizer.token_to_id(piece)) for piece in ("<s>", "</s>")],
    )
    return tokenizer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder in the bundled format")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--for-articles", action="store_true")
    given = parser.parse_args()
    convert(given.model, given.out, for_articles=given.for_articles)
