"""The layers of a ``BertModel``, given how its rows attend to each other: the one walk through its weights in torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from .dropout import dropout

# From (queries, keys, values, num_attention_heads, dropout) to contexts, all of the shape of the hidden states.
Attend = Callable[[Tensor, Tensor, Tensor, int, float], Tensor]
_BLOCK = 256  # rows whose activation is computed at once on a CPU


def run_layers(bert: Any, hidden: Tensor, attend: Attend) -> Tensor:
    """Compute the last hidden states from the embeddings, both (…, hidden_size).

    attend: self-attention over the projected hidden states; dropout is 0 unless the model is training.
    """
    for layer in bert.encoder.layer:
        attention = layer.attention.self
        share = attention.dropout.p if attention.training else 0.0
        projected = attention.query(hidden), attention.key(hidden), attention.value(hidden)
        context = attend(*projected, attention.num_attention_heads, share)
        attended = _output(layer.attention.output, context, hidden)
        intermediate = layer.intermediate.dense(attended)
        hidden = _output(layer.output, _activate(layer.intermediate.intermediate_act_fn, intermediate), attended)
    return hidden


def _output(module: Any, values: Tensor, residual: Tensor) -> Tensor:
    """Compute a ``BertSelfOutput`` or ``BertOutput``: project, drop, add what there was before, normalise."""
    projected = module.dense(values)
    if module.training:
        projected = dropout(projected, module.dropout.p)
    normalised: Tensor = module.LayerNorm(projected + residual)
    return normalised


def _activate(function: Callable[[Tensor], Tensor], intermediate: Tensor) -> Tensor:
    """Activate (…, intermediate_size) values; without gradients on a CPU in their place, a block of rows at a time.

    A block stays in the processor's cache. And oneDNN compiles a kernel for every number of rows that it meets and
    keeps it: scattered over the heap, so that memory would grow with the number of texts. It meets few numbers here.
    """
    if intermediate.requires_grad or intermediate.device.type != "cpu":
        return function(intermediate)
    for block in _blocks(intermediate.view(-1, intermediate.shape[-1])):
        block.copy_(function(block))
    return intermediate


def _blocks(rows: Tensor) -> Iterator[Tensor]:
    """Yield all rows in order: blocks of _BLOCK, then what is left in powers of two."""
    start, size = 0, _BLOCK
    while size:
        while start + size <= len(rows):
            yield rows[start : start + size]
            start += size
        size //= 2
