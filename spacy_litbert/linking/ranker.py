"""A listwise ranker: a small network gives each candidate a score, the softmax over a mention's list a probability.

Cao et al. (2007), "Learning to rank: from pairwise approach to listwise approach", with the cross-entropy of the
probability that falls on the right candidates. The last row of a list stands for none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from thinc.api import Linear, Model, Relu, chain
from thinc.types import Floats1d, Floats2d

from .columns import Array

InT = list[Array]
OutT = list[Array]


def build_listwise_ranker_v1(hidden_width: int = 64, dropout: float = 0.2) -> Model[InT, OutT]:
    """Build ``spacy-litbert.ListwiseRanker.v1``: two hidden layers over the standardised features of each candidate.

    hidden_width: of both layers.
    dropout: share of hidden units that are left out in training.

    Takes (candidates + 1, features) float32 for each mention, gives (candidates + 1,) float32; both are on the CPU,
    whatever device it computes on. How many features there are, it learns from the lists that it is initialized with.
    """
    network: Model[Any, Any] = chain(
        standardise(),
        Relu(hidden_width, dropout=dropout),
        Relu(hidden_width, hidden_width, dropout=dropout),
        Linear(1, hidden_width),
    )
    return Model("listwise_ranker", _forward, init=_init, layers=[network])


def standardise() -> Model[Floats2d, Floats2d]:
    """Build a layer that subtracts a mean and divides by a deviation, which ``set_standard`` sets."""
    return Model(
        "standardise",
        _forward_standardise,
        init=_init_standardise,
        dims={"nO": None, "nI": None},
        params={"mean": None, "scale": None},
    )


def set_standard(ranker: Model[InT, OutT], lists: Sequence[Array]) -> None:
    """Take mean and deviation of the features from lists; a feature that is always the same is left out."""
    rows = np.concatenate(lists).astype(np.float64)
    deviation = rows.std(axis=0)
    layer = _standardise_of(ranker)
    scale = np.where(deviation > 1e-6, 1 / np.maximum(deviation, 1e-6), 0.0)
    layer.set_param("mean", layer.ops.asarray1f(cast(Floats1d, rows.mean(axis=0).astype(np.float32))))
    layer.set_param("scale", layer.ops.asarray1f(cast(Floats1d, scale.astype(np.float32))))


def n_features(ranker: Model[InT, OutT]) -> int:
    """Return how many features an initialized ranker has learned to read."""
    return _standardise_of(ranker).get_dim("nI")


def is_initialized(ranker: Model[InT, OutT]) -> bool:
    """Return whether a ranker knows how many features it reads."""
    return bool(_standardise_of(ranker).has_dim("nI"))


def _standardise_of(ranker: Model[InT, OutT]) -> Model[Floats2d, Floats2d]:
    return next(node for node in ranker.walk() if node.name == "standardise")


def listwise_gradient(scores: Sequence[Array], right: Sequence[Array]) -> tuple[list[Array], float]:
    """Return the gradient of the loss for each list's scores, and the mean loss.

    right: for each list, (candidates + 1,) bool; at least one is true.
    """
    gradients, loss = [], 0.0
    for values, target in zip(scores, right):
        probabilities = softmax(values)
        mass = max(float(probabilities[target].sum()), 1e-12)
        gradients.append(((probabilities - np.where(target, probabilities / mass, 0)) / len(scores)).astype(np.float32))
        loss -= float(np.log(mass))
    return gradients, loss / max(1, len(scores))


def softmax(scores: Array, temperature: float = 1.0) -> Array:
    """Return probabilities of a list's scores, float64."""
    powers = np.exp((scores.astype(np.float64) - scores.max()) / temperature)
    return cast(Array, powers / powers.sum())


def _init(model: Model[InT, OutT], X: InT | None = None, Y: OutT | None = None) -> None:
    model.layers[0].initialize(X=None if X is None else _on_device(model, X[0]))


def _forward(model: Model[InT, OutT], lists: InT, is_train: bool) -> tuple[OutT, Callable[[OutT], InT]]:
    lengths = [len(rows) for rows in lists]
    ops = model.ops
    if not lists:
        return [], lambda d_scores: []
    ends = np.cumsum(lengths)[:-1]
    Y, backprop_network = model.layers[0](_on_device(model, np.concatenate(lists)), is_train)
    scores = np.split(ops.to_numpy(Y)[:, 0], ends)

    def backprop(d_scores: OutT) -> InT:
        dX = backprop_network(_on_device(model, np.concatenate(d_scores).reshape(-1, 1)))
        return cast(InT, np.split(ops.to_numpy(dX), ends))

    return cast(OutT, scores), backprop


def _on_device(model: Model[InT, OutT], rows: Array) -> Floats2d:
    return model.ops.asarray2f(cast(Floats2d, rows))


def _init_standardise(model: Model[Floats2d, Floats2d], X: Floats2d | None = None, Y: Floats2d | None = None) -> None:
    if X is not None:
        for dim in ("nI", "nO"):
            model.set_dim(dim, X.shape[1])
    if model.has_dim("nI"):
        model.set_param("mean", model.ops.alloc1f(model.get_dim("nI")))
        model.set_param("scale", model.ops.alloc1f(model.get_dim("nI")) + 1)


def _forward_standardise(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    scale = model.get_param("scale")
    Y = (X - model.get_param("mean")) * scale

    def backprop(dY: Floats2d) -> Floats2d:
        return cast(Floats2d, dY * scale)

    return cast(Floats2d, Y), backprop


__all__ = ["build_listwise_ranker_v1", "is_initialized", "listwise_gradient", "n_features", "set_standard", "softmax"]
