"""The transformer as two ONNX files for ONNX Runtime on CPU, written node by node from its weights.

Written by hand rather than traced, because the graphs then are what one would draw: fused attention, LayerNorm with
its residual, GELU with its bias, and in the last layer only the first token, which alone reaches the classifier.
Word embeddings stay outside: the caller looks up the rows a text needs (see `claims.nli.BundledModel`).

The lower layers: inputs `embeddings` (n_rows, hidden) float32, the rows in use; `ids` (batch, length) int32 into those
rows; `mask` (batch, length) int32, 1 for tokens and 0 for padding; for each n of `LAYERS_READ` an output `states.n`
(batch, length, hidden) float32, what the lowest n layers make of each token. The upper layers: inputs the highest of
these states and the mask, output `logits` (batch, 3). ONNX Runtime always computes all of a graph, whatever it is asked
for; so what is used by itself is a graph by itself.

Constants are named as in the state dict of Hugging Face's `BertForSequenceClassification`, so that the weights can be
read back (`models.to_transformers`). Of three matrices that multiply the same input the graph makes one, named as
`FUSED_MATRICES` has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from claims.nli import LABELS, LOGITS, STATES
from models.quantize import Inputs, quantize

Weights = dict[str, NDArray[np.float32]]

OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
CONTRIBUTED = "com.microsoft"  # ONNX Runtime's own operators
IR_VERSION = 10

EMBEDDINGS = "bert.embeddings."
WORD_EMBEDDINGS = EMBEDDINGS + "word_embeddings.weight"
LAYER = "bert.encoder.layer.{}."
LAYERS_READ = (3, 5, 7)  # higher up, fine-tuning leaves little of where a clause begins
FUSED_MATRICES = {"qkv": ("query", "key", "value"), "kv": ("key", "value")}


def bert_config(weights: Weights, *, n_heads: int, epsilon: float) -> dict[str, Any]:
    """What a `BertConfig` needs to know beside the vocabulary."""
    inner = [values for name, values in weights.items() if name.endswith(".intermediate.dense.bias")]
    positions, hidden = weights[EMBEDDINGS + "position_embeddings.weight"].shape
    return {
        "model_type": "bert",
        "architectures": ["BertForSequenceClassification"],
        "hidden_size": hidden,
        "num_hidden_layers": len(inner),
        "num_attention_heads": n_heads,
        "intermediate_size": len(inner[0]),
        "max_position_embeddings": positions,
        "layer_norm_eps": epsilon,
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: i for i, label in enumerate(LABELS)},
    }


def export_lower(
    weights: Weights, *, n_heads: int, epsilon: float, inputs: Mapping[str, Inputs] | None = None
) -> onnx.ModelProto:
    """The lower layers of a `BertForSequenceClassification`, names as in its state dict, in float32.

    A matrix of whose inputs a sample is given (`models.quantize.measure_inputs`) is in 8 bits.
    """
    graph = _Graph(weights, inputs or {})
    # token types are all 0: their one row is folded into the positions
    name = EMBEDDINGS + "position_embeddings.weight"
    positions = graph.constant(weights[name] + weights[EMBEDDINGS + "token_type_embeddings.weight"][0], name)
    (words,) = graph.node("Gather", ["embeddings", "ids"])
    (shape,) = graph.node("Shape", ["ids"], start=1)
    (place,) = graph.node("Slice", [positions, graph.constant(np.array([0])), shape, graph.constant(np.array([0]))])
    (summed,) = graph.node("Add", [words, place])
    norm = [graph.parameter(f"{EMBEDDINGS}LayerNorm.{part}") for part in ("weight", "bias")]
    (x,) = graph.node("LayerNormalization", [summed, *norm], axis=-1, epsilon=epsilon)
    exposed = layers_read(weights)
    for i in range(exposed[-1]):
        x = _layer(graph, x, LAYER.format(i), n_heads=n_heads, epsilon=epsilon)
        if i + 1 in exposed:
            x = graph.name_last(STATES.format(i + 1))
    rows = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["rows", _hidden(weights)])
    ids = helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "length"])
    return graph.model([rows, ids, _mask()], [_states(n, weights) for n in exposed])


def export_upper(
    weights: Weights, *, n_heads: int, epsilon: float, inputs: Mapping[str, Inputs] | None = None
) -> onnx.ModelProto:
    """The layers above those of `export_lower`, with the classifier."""
    graph = _Graph(weights, inputs or {})
    n_layers, n_lower = count_layers(weights), layers_read(weights)[-1]
    x = STATES.format(n_lower)
    for i in range(n_lower, n_layers):
        x = _layer(graph, x, LAYER.format(i), n_heads=n_heads, epsilon=epsilon, only_first=i == n_layers - 1)
    (first,) = graph.node("Squeeze", [x, graph.constant(np.array([1]))])
    (pooled,) = graph.node("Add", [graph.linear(first, "bert.pooler.dense"), graph.parameter("bert.pooler.dense.bias")])
    (pooled,) = graph.node("Tanh", [pooled])
    head = [graph.parameter(f"classifier.{part}") for part in ("weight", "bias")]
    graph.nodes.append(helper.make_node("Gemm", [pooled, *head], [LOGITS], transB=1))
    logits = helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", len(weights["classifier.bias"])])
    return graph.model([_states(n_lower, weights), _mask()], [logits])


def count_layers(weights: Weights) -> int:
    """How many layers a transformer has."""
    return sum(name.endswith("attention.self.query.weight") for name in weights)


def layers_read(weights: Weights) -> tuple[int, ...]:
    """Those of `LAYERS_READ` that have a layer above them; where none has, all layers but the last."""
    n_layers = count_layers(weights)
    return tuple(n for n in LAYERS_READ if n < n_layers) or (n_layers - 1,)


def _hidden(weights: Weights) -> int:
    return int(weights["classifier.weight"].shape[1])


def _states(n: int, weights: Weights) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(STATES.format(n), TensorProto.FLOAT, ["batch", "length", _hidden(weights)])


def _mask() -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info("mask", TensorProto.INT32, ["batch", "length"])


@dataclass
class _Graph:
    """Nodes and constants as they are added."""

    weights: Weights
    inputs: Mapping[str, Inputs]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    names: int = 0

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        proto = helper.make_graph(self.nodes, "nli", inputs, outputs, self.constants)
        return helper.make_model(proto, opset_imports=OPSETS, ir_version=IR_VERSION, producer_name="claims")

    def name(self) -> str:
        self.names += 1
        return f"x{self.names}"

    def constant(self, values: NDArray[np.generic], name: str = "") -> str:
        name = name or self.name()
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def parameter(self, name: str) -> str:
        return self.constant(self.weights[name], name)

    def node(self, kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes: Any) -> list[str]:
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def name_last(self, name: str) -> str:
        """Give the first output of the last node another name."""
        self.nodes[-1].output[0] = name
        return name

    def fused(self, module: str, kind: str) -> NDArray[np.float32]:
        """The weight or bias of a module, or of all those that it stands for, one below the other."""
        parent, _, last = module.rpartition(".")
        return np.concatenate([self.weights[f"{parent}.{part}.{kind}"] for part in FUSED_MATRICES.get(last, (last,))])

    def linear(self, x: str, module: str) -> str:
        """x times the transposed weight of a module, without its bias; in 8 bits where x was sampled."""
        weight = self.fused(module, "weight")
        if module in self.inputs:
            return self._int8(x, weight, module)
        return self.node("MatMul", [x, self.constant(weight.T, f"{module}.weight")])[0]

    def _int8(self, x: str, weight: NDArray[np.float32], module: str) -> str:
        """The far-reaching inputs times their columns in float, all others in 8 bits."""
        matrix = quantize(weight, self.inputs[module])
        step, zero = self.constant(matrix.step), self.constant(matrix.zero)
        codes = self.constant(matrix.codes.T, f"{module}.weight")
        scales = self.constant(matrix.scales, f"{module}.weight.scale")
        (small,) = self.node("QuantizeLinear", [x, step, zero])
        (product,) = self.node("MatMulIntegerToFloat", [small, codes, step, scales, zero], domain=CONTRIBUTED)
        (large,) = self.node("Gather", [x, self.constant(matrix.outliers, f"{module}.outliers")], axis=-1)
        columns = self.constant(matrix.columns.T.astype(np.float16), f"{module}.outliers.columns")
        (columns,) = self.node("Cast", [columns], to=TensorProto.FLOAT)
        (rest,) = self.node("MatMul", [large, columns])
        return self.node("Add", [product, rest])[0]


def _layer(graph: _Graph, x: str, prefix: str, *, n_heads: int, epsilon: float, only_first: bool = False) -> str:
    """One encoder layer; with `only_first` it gives the first token alone, attending to all."""
    attention = f"{prefix}attention.self."
    own = x
    if only_first:
        # tokens 0 to 1 on axis 1
        (own,) = graph.node("Slice", [x, *(graph.constant(np.array([value])) for value in (0, 1, 1))])
        query = graph.linear(own, f"{attention}query")
        key, value = graph.node("Split", [graph.linear(x, f"{attention}kv")], 2, axis=-1, num_outputs=2)
    else:
        three = graph.linear(x, f"{attention}qkv")
        query, key, value = graph.node("Split", [three], 3, axis=-1, num_outputs=3)
    bias = graph.constant(graph.fused(f"{attention}qkv", "bias"), f"{attention}qkv.bias")
    (attended,) = graph.node(
        "MultiHeadAttention", [query, key, value, bias, "mask"], domain=CONTRIBUTED, num_heads=n_heads
    )
    x = _add_norm(graph, attended, own, f"{prefix}attention.output", epsilon)
    bias = graph.parameter(f"{prefix}intermediate.dense.bias")
    (inner,) = graph.node("BiasGelu", [graph.linear(x, f"{prefix}intermediate.dense"), bias], domain=CONTRIBUTED)
    return _add_norm(graph, inner, x, f"{prefix}output", epsilon)


def _add_norm(graph: _Graph, x: str, residual: str, module: str, epsilon: float) -> str:
    """A dense layer, its input's residual, and LayerNorm."""
    dense = graph.linear(x, f"{module}.dense")
    constants = [graph.parameter(f"{module}.{part}") for part in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
    return graph.node("SkipLayerNormalization", [dense, residual, *constants], domain=CONTRIBUTED, epsilon=epsilon)[0]
