"""Build an ONNX graph of a ``BertModel`` for ONNX Runtime, with float32 or 8-bit weights.

The graph is the forward pass of ``torch_encoder``: linear layers read the rows of a micro-batch end to end,
without padding; only attention sees windows side by side, padded to the longest of the micro-batch:

    ids ─► hidden (rows, hidden_size) ─► q, k, v ─► (windows, longest, hidden_size) ─► attention
        ─► hidden (rows, hidden_size) ─► …

8 bits: weights by output column, symmetric; what they are multiplied with is quantised as it comes (dynamic
quantisation, Zafrir et al. 2019, https://arxiv.org/abs/1910.06188), symmetric and row by row, so that the numbers of
a row do not depend on what else is in the micro-batch. Embeddings are stored in float16, all else is float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn
from transformers import BertModel

from ..errors import Errors, LitBertError
from ..types import FloatArray, IntArray

_OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
_IR_VERSION = 10
# The activations that transformers knows by several names, as ``approximate`` of ONNX's Gelu.
_GELUS = {"gelu": "none", "gelu_python": "none", "gelu_new": "tanh", "gelu_fast": "tanh", "gelu_pytorch_tanh": "tanh"}


def build_graph(bert: BertModel, *, int8: bool) -> ModelProto:
    """Build the graph of an encoder.

    Inputs of the graph:
    ids: (rows,) int64, wordpieces and special tokens.
    positions: (rows,) int64, the place of each row in its window.
    side_by_side: (windows, longest) int64, the row of each place, 0 for padding.
    end_to_end: (rows,) int64, the place of each row.
    first: (windows,) int64, the row of each [CLS].
    lengths: (windows,) int32, rows of each window.

    Outputs of the graph:
    hidden: (rows, hidden_size) float32.
    pooled: (windows, hidden_size) float32, from an encoder with a pooler.

    Raises LitBertError L308 for an activation that the graph does not have.
    """
    builder = _Builder(int8)
    hidden = _embeddings(builder, bert)
    for i, layer in enumerate(bert.encoder.layer):
        hidden = _layer(builder, layer, hidden, f"layer{i}", bert.config)
    builder.node("Identity", [hidden], "hidden")
    outputs = [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["rows", bert.config.hidden_size])]
    if bert.pooler is not None:
        first = builder.node("Gather", ["hidden", "first"], "cls")
        builder.node("Tanh", [builder.linear(bert.pooler.dense, first, "pooler", exact=True)], "pooled")
        outputs.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["windows", bert.config.hidden_size]))
    graph = helper.make_graph(builder.nodes, "litbert", _inputs(), outputs, builder.weights)
    return helper.make_model(graph, opset_imports=_OPSETS, ir_version=_IR_VERSION, producer_name="spacy-litbert")


def _inputs() -> list[Any]:
    shapes: dict[str, list[str]] = {
        "ids": ["rows"],
        "positions": ["rows"],
        "side_by_side": ["windows", "longest"],
        "end_to_end": ["rows"],
        "first": ["windows"],
    }
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in shapes.items()]
    return [*inputs, helper.make_tensor_value_info("lengths", TensorProto.INT32, ["windows"])]


class _Builder:
    """Nodes and weights of a graph in the making; each method returns the name of its output."""

    def __init__(self, int8: bool) -> None:
        self.int8 = int8
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, value: FloatArray | IntArray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def fused(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        return self.node(kind, inputs, output, domain="com.microsoft", **attributes)

    def linear(self, layer: Any, inputs: str, name: str, *, exact: bool = False) -> str:
        return self.product(layer.weight, layer.bias, inputs, name, exact=exact)

    def product(self, weight: Tensor, bias: Tensor, inputs: str, name: str, *, exact: bool = False) -> str:
        """Add the nodes of ``inputs @ weight.T + bias``.

        exact: compute in float32 in any case.
        """
        matrix, shift = _numbers(weight).T, self.weight(f"{name}.bias", _numbers(bias))
        if exact or not self.int8:
            product = self.node("MatMul", [inputs, self.weight(f"{name}.weight", matrix)], f"{name}.product")
            return self.node("Add", [product, shift], name)
        scale = np.maximum(np.abs(matrix).max(0) / 127, np.finfo(np.float32).tiny).astype(np.float32)
        rows, row_scale = self.quantised_rows(inputs, name)
        weights = [
            self.weight(f"{name}.weight", np.rint(matrix / scale).astype(np.int8)),
            self.weight(f"{name}.one", np.array(1, np.float32)),
            self.weight(f"{name}.scale", scale),
            self.weight(f"{name}.middle", np.array(128, np.uint8)),
            self.weight(f"{name}.zero", np.zeros(len(scale), np.int8)),
        ]
        product = self.fused("MatMulIntegerToFloat", [rows, *weights], f"{name}.product")
        return self.node("Add", [self.node("Mul", [product, row_scale], f"{name}.scaled"), shift], name)

    def quantised_rows(self, inputs: str, name: str) -> tuple[str, str]:
        """Quantise (rows, hidden_size) float32 to uint8 around 128, with a scale for each row, (rows, 1) float32."""
        last = self.weight(f"{name}.last", np.array([-1]))
        highest = self.node("ReduceMax", [inputs, last], f"{name}.highest", keepdims=1)
        lowest = self.node("ReduceMin", [inputs, last], f"{name}.lowest", keepdims=1)
        least = self.weight(f"{name}.least", np.array(1e-30, np.float32))  # for rows of zeros
        largest = self.node("Max", [highest, self.node("Neg", [lowest], f"{name}.negated"), least], f"{name}.largest")
        steps = self.weight(f"{name}.steps", np.array(127, np.float32))
        to_steps = self.node("Div", [steps, largest], f"{name}.to_steps")
        in_steps = self.node("Mul", [inputs, to_steps], f"{name}.in_steps")
        quantised = self.node("QuantizeLinear", [in_steps, f"{name}.one", f"{name}.middle"], f"{name}.rows")
        return quantised, self.node("Div", [largest, steps], f"{name}.row_scale")

    def table(self, table: Tensor, indices: str, name: str) -> str:
        if not self.int8:
            return self.node("Gather", [self.weight(f"{name}.table", _numbers(table)), indices], name)
        half = self.weight(f"{name}.table", _numbers(table).astype(np.float16))
        return self.node("Cast", [self.node("Gather", [half, indices], f"{name}.half")], name, to=TensorProto.FLOAT)

    def added_and_normalised(self, norm: nn.LayerNorm, inputs: str, residual: str, name: str) -> str:
        scale, shift = (
            self.weight(f"{name}.scale", _numbers(norm.weight)),
            self.weight(f"{name}.bias", _numbers(norm.bias)),
        )
        return self.fused("SkipLayerNormalization", [inputs, residual, scale, shift], name, epsilon=norm.eps)


def _embeddings(builder: _Builder, bert: BertModel) -> str:
    embeddings = bert.embeddings
    words = builder.table(embeddings.word_embeddings.weight, "ids", "words")
    # All rows are of segment 0.
    places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    positions = builder.table(places, "positions", "places")
    return builder.added_and_normalised(embeddings.LayerNorm, words, positions, "embeddings")


def _layer(builder: _Builder, layer: Any, hidden: str, name: str, config: Any) -> str:
    attention, num_attention_heads = layer.attention.self, config.num_attention_heads
    projections = (attention.query, attention.key, attention.value)
    queries_keys_values = builder.product(
        torch.cat([part.weight for part in projections]),
        torch.cat([part.bias for part in projections]),
        hidden,
        f"{name}.qkv",
    )
    padded = builder.node("Gather", [queries_keys_values, "side_by_side"], f"{name}.padded")
    parts = [f"{name}.{part}" for part in ("queries", "keys", "values")]
    builder.nodes.append(helper.make_node("Split", [padded], parts, name=f"{name}.split", axis=-1, num_outputs=3))
    context = builder.fused(
        "MultiHeadAttention", [*parts, "", "lengths"], f"{name}.context", num_heads=num_attention_heads
    )
    shape = builder.weight(f"{name}.shape", np.array([-1, config.hidden_size]))
    rows = builder.node("Reshape", [context, shape], f"{name}.places")
    context = builder.node("Gather", [rows, "end_to_end"], f"{name}.rows")
    attended = builder.linear(layer.attention.output.dense, context, f"{name}.attention")
    attended = builder.added_and_normalised(layer.attention.output.LayerNorm, attended, hidden, f"{name}.attended")
    intermediate = builder.linear(layer.intermediate.dense, attended, f"{name}.inner")
    intermediate = _activation(builder, config.hidden_act, intermediate, f"{name}.activated")
    output = builder.linear(layer.output.dense, intermediate, f"{name}.outer")
    return builder.added_and_normalised(layer.output.LayerNorm, output, attended, f"{name}.hidden")


def _activation(builder: _Builder, kind: str, inputs: str, name: str) -> str:
    if kind == "relu":
        return builder.node("Relu", [inputs], name)
    if kind not in _GELUS:
        raise LitBertError(Errors.L308.format(found=kind, choices=", ".join(["relu", *_GELUS])))
    if _GELUS[kind] == "none":
        return builder.fused("Gelu", [inputs], name)
    return builder.fused("FastGelu", [inputs], name)


def _numbers(tensor: Tensor) -> FloatArray:
    numbers: FloatArray = tensor.detach().float().cpu().numpy()
    return numbers
