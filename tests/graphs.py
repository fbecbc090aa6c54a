"""The graphs of a small torch model, and what they answer one above the other."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from transformers import BertForSequenceClassification

from models.build import Feed, feeds_above, lower_layers, upper_layers
from models.export import WORD_EMBEDDINGS
from models.quantize import measure_inputs


def graphs_of(model: BertForSequenceClassification, feed: Feed | None = None) -> list[onnx.ModelProto]:
    """The lower and the upper layers, in 8 bits where a sample of inputs is given."""
    weights, config = {name: value.numpy() for name, value in model.state_dict().items()}, model.config.to_dict()
    lower, upper = lower_layers(weights, config), upper_layers(weights, config)
    if feed is None:
        return [lower, upper]
    of_lower, of_upper = measure_inputs(lower, [feed]), measure_inputs(upper, feeds_above(lower, [feed]))
    return [lower_layers(weights, config, of_lower), upper_layers(weights, config, of_upper)]


def feed_of(model: BertForSequenceClassification, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Feed:
    """Token ids as the lower layers take them."""
    words = model.state_dict()[WORD_EMBEDDINGS].numpy()
    return {"embeddings": words, "ids": ids.astype(np.int32), "mask": mask.astype(np.int32)}


def run(graphs: Sequence[onnx.ModelProto], feed: Feed) -> NDArray[np.generic]:
    """What the last graph answers, each being fed with the mask and what the one below it says."""
    answer: NDArray[np.generic] = np.zeros(0)
    for graph in graphs:
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        name = graph.graph.output[-1].name
        (answer,) = session.run([name], feed)
        feed = {name: answer, "mask": feed["mask"]}
    return answer
