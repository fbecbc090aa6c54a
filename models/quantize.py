"""Eight bits for the matrices of the transformer, with one fixed range for the inputs of each.

A range that is fixed beforehand makes answers independent of what else is in the batch. A few inputs of each matrix
reach much further than the others and would stretch the range for all; they are multiplied in float, the others in 8
bits (after Dettmers et al. 2022, "LLM.int8()", who find them at run time).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

Reach = NDArray[np.float32]
"""Smallest and largest value that each input of a matrix takes. Shape: (2, in)."""

N_OUTLIERS = 32  # inputs of each matrix that stay in float


def measure_reach(model: onnx.ModelProto, feeds: Iterable[dict[str, NDArray[np.generic]]]) -> dict[str, Reach]:
    """How far the inputs of each matrix of a float32 graph reach, by its module, over feeds without padding."""
    modules = {
        node.input[1].removesuffix(".weight"): node.input[0] for node in model.graph.node if node.op_type == "MatMul"
    }
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    inputs = sorted(set(modules.values()))
    watched.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in inputs
    )
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    reach: dict[str, Reach] = {}
    for feed in feeds:
        for name, values in zip(inputs, session.run(inputs, feed), strict=True):
            rows = values.reshape(-1, values.shape[-1])
            ends = np.stack([rows.min(axis=0), rows.max(axis=0)])
            if name in reach:
                ends = np.stack([np.minimum(reach[name][0], ends[0]), np.maximum(reach[name][1], ends[1])])
            reach[name] = ends
    return {module: reach[name] for module, name in modules.items()}


def quantize_input(reach: Reach) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    """Step and zero of unsigned 8-bit inputs, both scalars, and the `N_OUTLIERS` inputs that they leave out.

    Input = step * (code - zero).
    """
    outliers = np.sort(np.argsort(-np.abs(reach).max(axis=0), kind="stable")[:N_OUTLIERS])
    low, high = np.delete(reach, outliers, axis=1)
    least, most = min(0.0, float(low.min())), max(0.0, float(high.max()))
    step = max((most - least) / 255, float(np.finfo(np.float32).tiny))
    return np.array(step, np.float32), np.array(round(-least / step), np.uint8), outliers


def quantize_columns(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric 8-bit codes, and one scale for each output. Shape: (out, in) -> (out, in), (out,).

    Weight = scale * code.
    """
    scales = np.maximum(np.abs(weight).max(axis=1) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(weight / scales[:, None]).astype(np.int8), scales
