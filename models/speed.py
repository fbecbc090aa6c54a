"""Tokens per second and peak memory of the same pairs through four engines, in one run.

    python -m models.speed --weights WORK --data ../shared/data/nli/valid [--model FOLDER] [--pairs 1000] [--rounds 3]

Engines: torch in fp32 and in bf16 (`model.bfloat16()`), ONNX Runtime in fp32, and the model that ships. Each has a
process of its own and runs from token ids to logits, over the same batches on as many cores. Rounds go through all
engines in turn and the best one counts, but only an idle machine gives figures to publish: torch's threads wait for
each other and lose most beside other work. Padding is no token. Peak memory is that of the whole process from its
start: Python and libraries, loading (of torch's as `models.train` does it, which is the peak) and all rounds. Prints
one JSON object. Linux only.
"""

from __future__ import annotations

# Neither torch nor onnx up here: the process of each engine imports this file, and its memory is measured.
import argparse
import json
import multiprocessing
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.nli import BundledModel, PairEncoder, batches, bundled_folder

N_CORES = len(os.sched_getaffinity(0))
# A new process counts the memory of the one it comes from as its own peak: this one stays small, others do its work.
SPAWN = multiprocessing.get_context("spawn")

Ids = list[list[int]]
Run = Callable[[], object]
"""Takes all pairs through an engine once."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with *.safetensors and config.json")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        twin = Path(folder)
        with ProcessPoolExecutor(1, mp_context=SPAWN) as preparing:
            ids = preparing.submit(prepare, given.data, given.pairs, given.model, given.weights, twin).result()
        pipes = {
            "torch fp32": start(partial(load_torch, given.weights, "float32", ids)),
            "torch bf16": start(partial(load_torch, given.weights, "bfloat16", ids)),
            "onnx fp32": start(partial(load_bundle, twin, ids)),
            "shipped": start(partial(load_bundle, given.model, ids)),
        }
        rounds = [{name: measure(pipe) for name, pipe in pipes.items()} for _ in range(given.rounds)]
        for pipe in pipes.values():
            pipe.send("enough")

    seconds = {name: min(each[name][0] for each in rounds) for name in pipes}
    n_tokens = sum(map(len, ids))
    engines = {
        name: {
            "tokens_per_second": round(n_tokens / seconds[name]),
            "peak_memory_mb": round(rounds[-1][name][1]),
            "times_torch_fp32": round(seconds["torch fp32"] / seconds[name], 2),
        }
        for name in pipes
    }
    print(json.dumps({"cores": N_CORES, "pairs": len(ids), "tokens": n_tokens, "engines": engines}, indent=1))


def prepare(data: Path, n_pairs: int, model: Path, weights: Path, twin: Path) -> Ids:
    """Write the fp32 twin of a model to `twin`; return the token ids of a fixed sample of labelled pairs."""
    from models.data import SEED
    from models.evaluate import fp32_twin, read_labelled

    rows = read_labelled(data)
    if not rows:
        raise SystemExit(f"{data}: no labelled pairs (*.jsonl.gz) in this folder; give that of nli/valid")
    sample = random.Random(SEED).sample(rows, min(n_pairs, len(rows)))
    encoder = fp32_twin(model, weights, twin).encoder
    return encoder.encode([(row["premise"], row["hypothesis"]) for row in sample])[0]


def start(load: Callable[[], Run]) -> Connection:
    """A process that has loaded an engine and waits at the other end of the pipe. Raises: EOFError when it cannot."""
    ours, theirs = SPAWN.Pipe()
    SPAWN.Process(target=serve, args=(load, theirs), daemon=True).start()
    theirs.close()
    ours.recv()
    return ours


def serve(load: Callable[[], Run], pipe: Connection) -> None:
    """Load an engine; as often as asked, go one round and tell its seconds and the peak megabytes so far."""
    run = load()
    pipe.send("loaded")
    while pipe.recv() == "again":
        began = time.perf_counter()
        run()
        seconds = time.perf_counter() - began
        pipe.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measure(pipe: Connection) -> tuple[float, float]:
    """Seconds and peak megabytes of one more round of an engine."""
    pipe.send("again")
    seconds, megabytes = pipe.recv()
    return seconds, megabytes


class Prepared(PairEncoder):
    """Gives out token ids that were made before, so that a model's time is that of its network alone."""

    def __init__(self, encoder: PairEncoder, ids: Ids) -> None:
        super().__init__(encoder.tokenizer, encoder.max_length)
        self.ids = ids

    def encode(self, pairs: object) -> tuple[Ids, NDArray[np.bool_]]:
        """The ids, whatever the pairs."""
        return self.ids, np.zeros(len(self.ids), np.bool_)


def load_bundle(folder: Path, ids: Ids) -> Run:
    """The model of a folder in the bundled format, through ONNX Runtime."""
    model = BundledModel(folder)
    model.encoder = Prepared(model.encoder, ids)
    return partial(model.predict, [("", "")] * len(ids))


def load_torch(weights: Path, kind: str, ids: Ids) -> Run:
    """The model of a weights folder through torch, with all its numbers of one kind."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from models.train import PAD, load

    torch.set_num_threads(N_CORES)
    model: torch.nn.Module = load(weights)[0]
    model.to(getattr(torch, kind)).eval()

    def run() -> None:
        with torch.inference_mode():
            for batch in batches([len(pair) for pair in ids]):
                rows = [torch.tensor(ids[i]) for i in batch]
                padded = pad_sequence(rows, batch_first=True, padding_value=PAD)
                mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
                model(input_ids=padded, attention_mask=mask)

    return run


if __name__ == "__main__":
    main()
