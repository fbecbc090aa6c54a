"""The mean of fine-tuned weights: often better than any of them (Wortsman et al. 2022, "Model soups").

    python -m models.average --weights ../shared/model/start WORK --out MEAN

Writes MEAN/model.safetensors and the configuration of the first folder, which must fit the others. Word embeddings
are left out where a folder has them: they are the base's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from models.build import read_weights
from models.export import WORD_EMBEDDINGS


def average(folders: list[Path], out: Path) -> None:
    """Write the mean. Raises: ValueError when the folders hold weights of other names or shapes."""
    read = [read_weights(folder) for folder in folders]
    everyone = [{name: w for name, w in weights.items() if name != WORD_EMBEDDINGS} for weights, _ in read]
    first, config = everyone[0], read[0][1]
    for folder, weights in zip(folders, everyone, strict=True):
        if {name: w.shape for name, w in weights.items()} != {name: w.shape for name, w in first.items()}:
            raise ValueError(f"{folder}: other weights than {folders[0]}; average runs of one architecture")
    mean = {name: np.mean([weights[name] for weights in everyone], axis=0) for name in first}
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: values.astype(np.float16) for name, values in mean.items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="folders with *.safetensors")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    average(given.weights, given.out)
