"""Train a ranker on lists of candidates, and choose what makes its scores probabilities and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from thinc.api import Adam, Model, set_dropout_rate
from tqdm import tqdm

from .columns import Array
from .lists import Listed
from .ranker import listwise_gradient, softmax
from .tuning import best_temperature, best_threshold

# Mentions of a step, and candidates that a mention's list is cut to.
_BATCH = 64
_CANDIDATES = 16


@contextmanager
def dropout(model: Model[Any, Any], rate: float) -> Iterator[None]:
    """Let a ranker leave out this share of its hidden units; 0 leaves its own settings."""
    before = [(node, node.attrs["dropout_rate"]) for node in model.walk() if "dropout_rate" in node.attrs]
    if rate:
        set_dropout_rate(model, rate)
    try:
        yield
    finally:
        for node, own in before:
            node.attrs["dropout_rate"] = own


def learn_from(model: Model[Any, Any], lists: Sequence[Listed]) -> float:
    """Compute the gradient of a ranker's loss for lists of which it is known what is right; return the loss."""
    scores, backprop = model.begin_update([listed.rows for listed in lists])
    gradients, loss = listwise_gradient(scores, [cast(Array, listed.right) for listed in lists])
    backprop(gradients)
    return loss


def train_ranker(
    model: Model[Any, Any],
    lists: Iterable[Listed],
    *,
    epochs: int,
    learn_rate: float,
    seed: int,
    progress: bool = False,
) -> None:
    """Train an initialized ranker; the learning rate falls linearly to 0."""
    shortened = [listed.shortened(_CANDIDATES) for listed in lists]
    optimizer = Adam(learn_rate, L2=1e-4)
    generator = np.random.default_rng(seed)
    for epoch in tqdm(range(epochs), "epochs", disable=not progress):
        optimizer.learn_rate = learn_rate * (1 - epoch / epochs)
        order = generator.permutation(len(shortened))
        for start in range(0, len(order), _BATCH):
            learn_from(model, [shortened[i] for i in order[start : start + _BATCH]])
            model.finish_update(optimizer)


def tuned(model: Model[Any, Any], lists: Sequence[Listed]) -> tuple[float, float]:
    """Return the temperature that makes a ranker's scores probabilities, and the threshold with the best F1."""
    scores = model.predict([listed.rows for listed in lists])
    right = [cast(Array, listed.right) for listed in lists]
    temperature = best_temperature(scores, right)
    probabilities = [softmax(values, temperature) for values in scores]
    return temperature, best_threshold(probabilities, right, sum(listed.is_gold for listed in lists))


def threshold_of_similarities(lists: Sequence[Listed]) -> float:
    """Return the threshold with the best F1 where the most similar name decides."""
    similarities = [np.append(listed.candidates.similarities, 0.0) for listed in lists]
    right = [cast(Array, listed.right) for listed in lists]
    return best_threshold(similarities, right, sum(listed.is_gold for listed in lists))
