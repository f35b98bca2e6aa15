"""Pool the vectors of wordpieces into one vector a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d, Ints1d, Ragged

from ..compat import ModelOutput, TransformerData
from ..ragged import starts_of
from .shared_update import SharedOutputs
from .types import Pooling, TokenVectors

# Wordpieces pooled together: enough for a GPU, and few enough that a CPU keeps them in its caches and its allocator
# hands the same memory out again.
_GROUP = 2048


def pool_wordpieces(pooling: Pooling, grad_factor: float) -> TokenVectors:
    """Build the layer that makes (tokens, hidden_size) float32 of the TransformerData of each Doc.

    pooling: reduces the vectors of a token's wordpieces to one, as ``reduce_mean.v1``.
    grad_factor: what gradients are multiplied by on their way to the encoder.

    A token without wordpieces (white space, control characters) gets a row of zeros.
    """
    # Not in ``attrs``, which thinc restores over what a config asks for.
    return Model("pool-wordpieces", partial(forward, grad_factor), layers=[pooling], dims={"nO": None})


def forward(
    grad_factor: float, model: TokenVectors, trf_datas: list[TransformerData], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[TransformerData]]]:
    groups = list(_groups(trf_datas))
    pooled = [_pool(grad_factor, model, group, is_train) for group in groups]

    def backprop(d_vectors: list[Floats2d]) -> list[TransformerData]:
        if not grad_factor and isinstance(trf_datas, SharedOutputs):
            return []  # not even zeros, for which an optimizer would let the weights decay
        ends = np.cumsum([len(group) for group in groups], dtype=int)
        parts = [d_vectors[end - len(group) : end] for group, end in zip(groups, ends)]
        return [data for (_, backprop_group), part in zip(pooled, parts) for data in backprop_group(part)]

    return [vectors for of_group, _ in pooled for vectors in of_group], backprop


def _groups(trf_datas: list[TransformerData]) -> Iterator[list[TransformerData]]:
    """Yield neighbouring Docs with about _GROUP wordpieces together, or one with more."""
    group: list[TransformerData] = []
    n_pieces = 0
    for data in trf_datas:
        if group and n_pieces + len(data.align.dataXd) > _GROUP:
            yield group
            group, n_pieces = [], 0
        group.append(data)
        n_pieces += len(data.align.dataXd)
    if group:
        yield group


def _pool(
    grad_factor: float, model: TokenVectors, trf_datas: list[TransformerData], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[TransformerData]]]:
    ops, xp = model.ops, model.ops.xp
    filled = [data for data in trf_datas if "last_hidden_state" in data.model_output]
    if not filled:
        return [ops.alloc2f(0, model.maybe_get_dim("nO") or 0) for _ in trf_datas], lambda d_vectors: []
    lengths = np.concatenate([data.align.lengths for data in filled])
    with_pieces = ops.asarray(cast(Ints1d, np.flatnonzero(lengths)))
    pieces = xp.concatenate([_rows(data)[data.align.dataXd] for data in filled])
    vectors = ops.alloc2f(len(lengths), filled[0].width)
    if model.has_dim("nO") is None:  # kept with the model, for batches of Docs without tokens
        model.set_dim("nO", vectors.shape[1])
    backprop_pooling = None
    if len(pieces):
        ragged = Ragged(pieces, ops.asarray1i(cast(Ints1d, lengths[lengths > 0])))
        vectors[with_pieces], backprop_pooling = model.layers[0](ragged, is_train)

    def backprop(d_vectors: list[Floats2d]) -> list[TransformerData]:
        d_pieces = ops.alloc2f(0, vectors.shape[1])
        if backprop_pooling is not None:
            d_tokens = xp.concatenate([d for d in d_vectors if len(d)])[with_pieces]
            d_pieces = backprop_pooling(d_tokens).dataXd * grad_factor
        starts = starts_of(np.array([len(data.align.dataXd) for data in filled]))
        return [_scatter(ops, data, d_pieces[a:b]) for data, a, b in zip(filled, starts, starts[1:])]

    ends = np.cumsum([len(data.align.lengths) for data in trf_datas])
    return xp.split(vectors, ends[:-1]), backprop


def _rows(data: TransformerData) -> Any:
    return data.model_output["last_hidden_state"].reshape(-1, data.width)


def _scatter(ops: Any, data: TransformerData, d_pieces: Floats2d) -> TransformerData:
    """Compute the gradient of one Doc's vectors: a piece that two tokens share gets the sum of both."""
    d_rows = ops.alloc2f(*_rows(data).shape)
    ops.scatter_add(d_rows, data.align.dataXd, d_pieces)
    output = ModelOutput(last_hidden_state=d_rows.reshape(data.model_output["last_hidden_state"].shape))
    return TransformerData(data.wordpieces, output, data.align)
