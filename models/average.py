"""The mean of fine-tuned weights: often better than any of them (Wortsman et al. 2022, "Model soups").

    python -m models.average --weights ../shared/model/start WORK --out MEAN

Writes MEAN/model.safetensors and the configuration of the first folder, which must fit the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from models.build import read_weights
from models.export import ARTICLE_HEAD


def average(folders: list[Path], out: Path) -> None:
    """Write the mean; what only some of the folders hold, as a head that is new, is the mean of these.

    Raises: ValueError when the folders hold weights of other shapes, or of other names but in their heads.
    """
    (first, config), *others = [read_weights(folder) for folder in folders]
    everyone = [first, *(weights for weights, _ in others)]
    names = set().union(*everyone)
    for folder, weights in zip(folders, everyone, strict=True):
        missing = sorted(name for name in names - weights.keys() if not name.startswith(ARTICLE_HEAD))
        odd = sorted(name for name in weights.keys() & first.keys() if weights[name].shape != first[name].shape)
        if missing or odd:
            raise ValueError(f"{folder}: other weights ({(missing + odd)[0]}); average runs of one architecture")
    mean = {name: np.mean([weights[name] for weights in everyone if name in weights], axis=0) for name in sorted(names)}
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: values.astype(np.float16) for name, values in mean.items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="folders with *.safetensors")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    average(given.weights, given.out)
