"""Make confidences mean what they say: temperatures, thresholds, and how far off they are.

All of it is fitted on texts that were not trained on, as a rule the dev split; its figures on these are those of a fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

import numpy as np
import srsly

from ..errors import Errors, LitBertError
from ..types import BoolArray, FloatArray

N_BINS = 10
FEWEST = 20  # mentions to fit a temperature to
TEMPERATURES = np.geomspace(0.1, 10.0, 201)
_PRECISION = 1e9


@dataclass(frozen=True)
class LabelCalibration:
    """What was fitted for a label, on how many mentions, and what it changes; fractions.

    temperature: None if fewer than 20 mentions were found, or none is gold: the label's stays as it is.
    threshold: what it was before if there are no gold mentions, or none was found.
    ece_before, ece_after: expected calibration errors, with temperature 1 and with the label's; None without mentions.
    precision, recall, f1: of the mentions with at least ``threshold``.
    """

    n_gold: int
    n_found: int
    temperature: float | None
    threshold: float
    ece_before: float | None
    ece_after: float | None
    precision: float
    recall: float
    f1: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Objective:
    """What a threshold is chosen for: the best F1, or as many mentions as there are with a precision or recall.

    Raises LitBertError L430 for a precision or recall that is not between 0 and 1, and for both.
    """

    precision: float | None = None
    recall: float | None = None

    def __post_init__(self) -> None:
        asked = {"precision": self.precision, "recall": self.recall}
        given = {name: value for name, value in asked.items() if value is not None}
        if len(given) > 1 or not all(isinstance(value, Real) and 0 < value <= 1 for value in given.values()):
            found = ", ".join(f"{name} = {value!r}" for name, value in given.items())
            raise LitBertError(Errors.L430.format(found=found))


def reliability(said: FloatArray, right: BoolArray) -> dict[str, Any]:
    """Measure how often that is right which is said with a certain score, and the expected calibration error (ece).

    said: (n,) scores in [0, 1]. right: (n,) booleans.

    The error is the mean distance of score and frequency over 10 bins of equal width, weighted by their size
    (Naeini et al. 2015); 0 if nothing was said.
    """
    numbers = np.minimum((said * N_BINS).astype(int), N_BINS - 1)
    bins = []
    for number in range(N_BINS):
        inside = numbers == number
        if inside.any():
            bins.append(
                {"n": int(inside.sum()), "score": float(said[inside].mean()), "frequency": float(right[inside].mean())}
            )
    error = sum(one["n"] * abs(one["score"] - one["frequency"]) for one in bins) / max(len(said), 1)
    return {"ece": float(error), "bins": bins}


def fit_temperature(confidences: Callable[[float], FloatArray], right: BoolArray) -> float:
    """Return the temperature from 0.1 to 10 with which confidences say best what is right (Guo et al. 2017).

    It has the least cross-entropy, with the targets of Platt (1999), which keep it finite where everything is right.
    """
    n_right = int(right.sum())
    target = np.where(right, (n_right + 1) / (n_right + 2), 1 / (len(right) - n_right + 2))

    def loss(temperature: float) -> float:
        p = np.clip(confidences(temperature), 1e-12, 1 - 1e-12)
        return float(-(target * np.log(p) + (1 - target) * np.log1p(-p)).sum())

    best = round(float(TEMPERATURES[np.argmin([loss(temperature) for temperature in TEMPERATURES])]), 4)
    # As it is read from disk, where the last bit of some is another one.
    kept: float = srsly.json_loads(srsly.json_dumps(best))
    return kept


def choose_threshold(
    confidences: FloatArray, right: BoolArray, n_gold: int, objective: Objective, label: str
) -> tuple[float, dict[str, float]]:
    """Return the threshold for an objective, and precision, recall and F1 of what has at least that confidence.

    It lies midway between the last mention that is kept and the first that is not; 0 if all are kept. There must be
    mentions, except for an objective of recall, which none don't reach.

    Raises LitBertError L431 if no threshold reaches the objective's precision or recall.
    """
    order = np.argsort(-confidences, kind="stable")
    sorted_ = np.append(confidences[order], 0.0)
    n_kept = np.arange(1, len(order) + 1)
    # Rounded down, to what JSON keeps. Confidences that are closer than that can't be told apart.
    thresholds = np.floor((sorted_[:-1] + sorted_[1:]) / 2 * _PRECISION) / _PRECISION
    cuts = np.append(np.flatnonzero(thresholds[:-1] > sorted_[1:-1]), len(order) - 1)[: len(order)]
    tp = np.cumsum(right[order])
    precision, recall, f1 = tp / n_kept, tp / max(n_gold, 1), 2 * tp / (n_kept + n_gold)
    if objective.precision is not None:
        reached = cuts[precision[cuts] >= objective.precision]
        chosen = reached[-1] if len(reached) else _not_reached(label, "precision", objective.precision, precision[cuts])
    elif objective.recall is not None:
        reached = cuts[recall[cuts] >= objective.recall]
        chosen = reached[0] if len(reached) else _not_reached(label, "recall", objective.recall, recall[cuts])
    else:
        chosen = cuts[::-1][np.argmax(f1[cuts[::-1]])]  # of equally good ones that with most mentions
    everything = chosen == len(order) - 1
    threshold = 0.0 if everything else float(thresholds[chosen])
    figures = {"precision": precision[chosen], "recall": recall[chosen], "f1": f1[chosen]}
    return threshold, {name: float(value) for name, value in figures.items()}


def _not_reached(label: str, name: str, value: float, found: FloatArray) -> int:
    raise LitBertError(Errors.L431.format(label=label, name=name, value=value, best=f"{max(found, default=0.0):.4f}"))
