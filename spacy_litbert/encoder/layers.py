"""The layers of a ``BertModel``, given how its rows attend to each other: the one walk through its weights in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

# (queries, keys, values, heads, dropout) → contexts, all of the shape of the hidden states.
Attend = Callable[[Tensor, Tensor, Tensor, int, float], Tensor]


def run_layers(bert: Any, hidden: Tensor, attend: Attend) -> Tensor:
    """The last hidden states, from the embeddings: (…, width) → (…, width).

    attend: self-attention over the projected hidden states; dropout is 0 unless the model is training.
    """
    for layer in bert.encoder.layer:
        attention = layer.attention.self
        dropout = attention.dropout.p if attention.training else 0.0
        projected = attention.query(hidden), attention.key(hidden), attention.value(hidden)
        attended = layer.attention.output(attend(*projected, attention.num_attention_heads, dropout), hidden)
        hidden = layer.output(layer.intermediate(attended), attended)
    return hidden
