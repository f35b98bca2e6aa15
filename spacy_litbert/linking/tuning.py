"""Settings chosen on held-out mentions: what makes scores probabilities, and below which nothing is linked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .columns import Array
from .ranker import softmax


def best_temperature(scores: Sequence[Array], right: Sequence[Array]) -> float:
    """Return the temperature with the smallest cross-entropy (Guo et al. 2017, "On calibration of modern networks")."""
    choices = np.exp(np.linspace(np.log(0.25), np.log(8), 41))

    def loss(temperature: float) -> float:
        masses = [softmax(values, temperature)[target].sum() for values, target in zip(scores, right)]
        return -float(np.log(np.maximum(masses, 1e-12)).mean())

    return float(min(choices, key=loss))


def best_threshold(probabilities: Sequence[Array], right: Sequence[Array], n_gold: int) -> float:
    """Return the threshold with the best micro-F1 of links; the lowest of several.

    n_gold: how many of the mentions stand for a concept, found or not.
    """
    best = np.array([values[:-1].max() if len(values) > 1 else -1.0 for values in probabilities])
    correct = np.array(
        [len(values) > 1 and bool(target[values[:-1].argmax()]) for values, target in zip(probabilities, right)]
    )
    order = np.argsort(-best, kind="stable")
    hits = np.cumsum(correct[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + n_gold)
    thresholds = best[order]
    last = np.append(thresholds[1:] < thresholds[:-1], True)  # equal probabilities are linked together
    choice = max((f1[i], -thresholds[i]) for i in np.flatnonzero(last))
    return float(np.clip(-choice[1], 0.0, 1.0))
