"""Eight bits for the matrices of the transformer, with one fixed range for the inputs of each.

A range that is fixed beforehand makes answers independent of what else is in the batch. A few inputs of each matrix
reach much further than the others and would stretch the range for all; they are multiplied in float, the others in 8
bits (after Dettmers et al. 2022, "LLM.int8()", who find them at run time). Weights are rounded one input after the
other, and those of the inputs to come make up for the error (Frantar et al. 2022, "GPTQ").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

N_OUTLIERS = 32  # inputs of each matrix that stay in float
LARGEST_CODE = 127
BLOCK = 64  # columns rounded before all the others are told; faster, and the same
DAMPING = 0.01  # of the mean second moment, so that inputs which hardly vary do no harm


@dataclass
class Inputs:
    """What the inputs of a matrix look like over a sample of texts."""

    low: NDArray[np.float32]
    """Smallest value of each. Shape: (in,)."""
    high: NDArray[np.float32]
    """Largest value of each. Shape: (in,)."""
    moments: NDArray[np.float64]
    """Sum of the products of each two over all tokens. Shape: (in, in)."""


@dataclass(frozen=True)
class Quantized:
    """A matrix in 8 bits, but for the columns of its outliers: input = step * (code - zero), weight = scale * code."""

    step: NDArray[np.float32]
    zero: NDArray[np.uint8]
    codes: NDArray[np.int8]
    """Shape (out, in), 0 for outliers."""
    scales: NDArray[np.float32]
    """Shape (out,)."""
    outliers: NDArray[np.int64]
    columns: NDArray[np.float32]
    """Weights of the outliers. Shape: (out, outliers)."""


def measure_inputs(model: onnx.ModelProto, feeds: Iterable[dict[str, NDArray[np.generic]]]) -> dict[str, Inputs]:
    """What goes into each matrix of a float32 graph, by its module, over feeds without padding."""
    modules = {
        node.input[1].removesuffix(".weight"): node.input[0] for node in model.graph.node if node.op_type == "MatMul"
    }
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = sorted(set(modules.values()))
    outputs = {output.name for output in watched.graph.output}
    watched.graph.output.extend(
        onnx.helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, None) for x in names if x not in outputs
    )
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs: dict[str, Inputs] = {}
    for feed in feeds:
        for name, values in zip(names, session.run(names, feed), strict=True):
            rows = values.reshape(-1, values.shape[-1])
            low, high, moments = rows.min(axis=0), rows.max(axis=0), (rows.T @ rows).astype(np.float64)
            if name in inputs:
                so_far = inputs[name]
                low, high = np.minimum(so_far.low, low), np.maximum(so_far.high, high)
                moments += so_far.moments
            inputs[name] = Inputs(low, high, moments)
    return {module: inputs[name] for module, name in modules.items()}


def quantize(weight: NDArray[np.float32], inputs: Inputs) -> Quantized:
    """A matrix of shape (out, in) and its inputs in 8 bits."""
    reach = np.maximum(np.abs(inputs.low), np.abs(inputs.high))
    order = np.argsort(reach, kind="stable")
    inner, outliers = np.sort(order[:-N_OUTLIERS]), np.sort(order[-N_OUTLIERS:])
    least, most = min(0.0, float(inputs.low[inner].min())), max(0.0, float(inputs.high[inner].max()))
    step = max((most - least) / 255, float(np.finfo(np.float32).tiny))

    largest = np.abs(weight[:, inner]).max(axis=1)
    scales = np.maximum(largest / LARGEST_CODE, np.finfo(np.float32).tiny).astype(np.float32)
    order = np.concatenate([inner, outliers])
    rounded, rest = round_columns(weight[:, order], scales, inputs.moments[np.ix_(order, order)], len(inner))
    codes = np.zeros(weight.shape, np.int8)
    codes[:, inner] = rounded
    zero = np.array(round(-least / step), np.uint8)
    return Quantized(np.array(step, np.float32), zero, codes, scales, outliers.astype(np.int64), rest)


def round_columns(
    weight: NDArray[np.float32], scales: NDArray[np.float32], moments: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes of the first `n` columns, and what the others must be to make up for the error of rounding them.

    Shape: (out, in), (out,), (in, in) -> (out, n), (out, in - n).
    """
    damped = moments + np.eye(len(moments)) * (DAMPING * np.diag(moments).mean() + np.finfo(np.float32).tiny)
    spread = np.linalg.cholesky(np.linalg.inv(damped)).T
    left = weight.astype(np.float64)
    codes = np.zeros((len(weight), n), np.int8)
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        errors = np.zeros((len(weight), end - start))
        for i in range(start, end):
            codes[:, i] = np.clip(np.rint(left[:, i] / scales), -LARGEST_CODE, LARGEST_CODE)
            errors[:, i - start] = (left[:, i] - codes[:, i] * scales) / spread[i, i]
            left[:, i + 1 : end] -= np.outer(errors[:, i - start], spread[i, i + 1 : end])
        left[:, end:] -= errors @ spread[start:end, end:]
    return codes, left[:, n:].astype(np.float32)
