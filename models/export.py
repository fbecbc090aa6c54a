"""The transformer as one ONNX file for ONNX Runtime on CPU, written node by node from its weights.

Written by hand rather than traced, because the graph then is what one would draw: fused attention, LayerNorm with
its residual, GELU with its bias, and in the last layer only the first token, which alone reaches the classifier.
Word embeddings stay outside: the caller looks up the rows a text needs (see `claims.nli.BundledModel`).

Inputs: `embeddings` (n_rows, hidden) float32, the rows in use; `ids` (batch, length) int32 into those rows;
`mask` (batch, length) int32, 1 for tokens and 0 for padding. Output: `logits` (batch, 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = dict[str, NDArray[np.float32]]

OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
FUSED = "com.microsoft"
IR_VERSION = 10


@dataclass
class _Graph:
    """Nodes and constants as they are added; `precision` says how matrices are stored."""

    precision: str
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    names: int = 0

    def name(self) -> str:
        self.names += 1
        return f"x{self.names}"

    def constant(self, values: NDArray[np.generic]) -> str:
        name = self.name()
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes: Any) -> list[str]:
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def linear(self, x: str, weight: NDArray[np.float32]) -> str:
        """x times the transposed weight (out, in), without bias; stored in the graph's precision."""
        if self.precision == "int8":
            return self._int8(x, weight)
        matrix = self.constant(weight.T.astype(np.float16 if self.precision == "fp16" else np.float32))
        if self.precision == "fp16":
            (matrix,) = self.node("Cast", [matrix], to=TensorProto.FLOAT)
        return self.node("MatMul", [x, matrix])[0]

    def _int8(self, x: str, weight: NDArray[np.float32]) -> str:
        n_out, n_in = weight.shape
        codes, scales = quantize_blocks(weight)
        return self.node(
            "MatMulNBits",
            [x, self.constant(codes), self.constant(scales)],
            domain=FUSED,
            K=n_in,
            N=n_out,
            bits=8,
            block_size=BLOCK,
            accuracy_level=INT8_ACCUMULATION,
        )[0]


BLOCK = 64
INT8_ACCUMULATION = 4  # ONNX Runtime's name for "quantise the activations too, block by block"


def quantize_blocks(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Symmetric 8-bit codes and scales, one scale for each `BLOCK` inputs of each output.

    Shape: (out, in) -> codes (out, in / BLOCK, BLOCK), scales (out * in / BLOCK). Weight = scale * (code - 128).
    """
    blocks = weight.reshape(weight.shape[0], -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2, keepdims=True) / 127, np.finfo(np.float32).tiny)
    codes = np.clip(np.rint(blocks / scales) + 128, 0, 255).astype(np.uint8)
    return codes, scales.reshape(-1).astype(np.float32)


def export_onnx(weights: Weights, *, n_heads: int, epsilon: float, precision: str) -> onnx.ModelProto:
    """The graph of a `BertForSequenceClassification`, names as in its state dict, in fp32, fp16 or int8.

    Biases, LayerNorms and positions stay in float32 and the classifier with them, at no cost worth naming.
    """
    graph = _Graph(precision)
    emb = "bert.embeddings."
    hidden = weights[emb + "LayerNorm.weight"].shape[0]
    # token types are all 0: their one row is folded into the positions
    positions = weights[emb + "position_embeddings.weight"] + weights[emb + "token_type_embeddings.weight"][0]

    (words,) = graph.node("Gather", ["embeddings", "ids"])
    (shape,) = graph.node("Shape", ["ids"], start=1)
    (place,) = graph.node(
        "Slice", [graph.constant(positions), graph.constant(np.array([0])), shape, graph.constant(np.array([0]))]
    )
    (summed,) = graph.node("Add", [words, place])
    (x,) = graph.node(
        "LayerNormalization",
        [summed, graph.constant(weights[emb + "LayerNorm.weight"]), graph.constant(weights[emb + "LayerNorm.bias"])],
        axis=-1,
        epsilon=epsilon,
    )
    n_layers = sum(name.endswith("attention.self.query.weight") for name in weights)
    for layer in range(n_layers):
        part = {
            name.removeprefix(f"bert.encoder.layer.{layer}."): value
            for name, value in weights.items()
            if name.startswith(f"bert.encoder.layer.{layer}.")
        }
        x = _layer(graph, x, part, n_heads=n_heads, epsilon=epsilon, only_first=layer == n_layers - 1)

    (first,) = graph.node("Squeeze", [x, graph.constant(np.array([1]))])
    pooled = _dense(graph, first, weights["bert.pooler.dense.weight"], weights["bert.pooler.dense.bias"])
    (pooled,) = graph.node("Tanh", [pooled])
    head = graph.constant(weights["classifier.weight"])
    graph.nodes.append(
        helper.make_node("Gemm", [pooled, head, graph.constant(weights["classifier.bias"])], ["logits"], transB=1)
    )
    batch, length = "batch", "length"
    proto = helper.make_graph(
        graph.nodes,
        "nli",
        [
            helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["rows", hidden]),
            helper.make_tensor_value_info("ids", TensorProto.INT32, [batch, length]),
            helper.make_tensor_value_info("mask", TensorProto.INT32, [batch, length]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, weights["classifier.bias"].shape[0]])],
        graph.constants,
    )
    return helper.make_model(proto, opset_imports=OPSETS, ir_version=IR_VERSION, producer_name="claims")


def _dense(graph: _Graph, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
    return graph.node("Add", [graph.linear(x, weight), graph.constant(bias)])[0]


def _layer(graph: _Graph, x: str, part: Weights, *, n_heads: int, epsilon: float, only_first: bool) -> str:
    """One encoder layer; with `only_first` it gives the first token alone, attending to all."""
    own = x
    if only_first:
        (own,) = graph.node(
            "Slice",
            [x, *(graph.constant(np.array([value])) for value in (0, 1, 1))],  # tokens 0 to 1 on axis 1
        )
    if only_first:
        query = graph.linear(own, part["attention.self.query.weight"])
        both = np.concatenate([part["attention.self.key.weight"], part["attention.self.value.weight"]])
        key, value = graph.node("Split", [graph.linear(x, both)], 2, axis=-1, num_outputs=2)
    else:
        three = np.concatenate([part[f"attention.self.{name}.weight"] for name in ("query", "key", "value")])
        query, key, value = graph.node("Split", [graph.linear(x, three)], 3, axis=-1, num_outputs=3)
    bias = np.concatenate([part[f"attention.self.{name}.bias"] for name in ("query", "key", "value")])
    (attended,) = graph.node(
        "MultiHeadAttention", [query, key, value, graph.constant(bias), "mask"], domain=FUSED, num_heads=n_heads
    )
    attended = graph.linear(attended, part["attention.output.dense.weight"])
    x = _add_norm(graph, attended, own, part, "attention.output", epsilon)
    inner = graph.linear(x, part["intermediate.dense.weight"])
    (inner,) = graph.node("BiasGelu", [inner, graph.constant(part["intermediate.dense.bias"])], domain=FUSED)
    return _add_norm(graph, graph.linear(inner, part["output.dense.weight"]), x, part, "output", epsilon)


def _add_norm(graph: _Graph, x: str, residual: str, part: Weights, name: str, epsilon: float) -> str:
    constants = [
        graph.constant(part[f"{name}.{which}"]) for which in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
    ]
    return graph.node("SkipLayerNormalization", [x, residual, *constants], domain=FUSED, epsilon=epsilon)[0]
