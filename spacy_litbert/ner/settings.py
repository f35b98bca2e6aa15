"""The settings that ``litbert_ner`` saves, its ``cfg``: whether they can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import Errors, LitBertError
from .calibration import TEMPERATURES

_ACCURACY = 1e-8


def checked_threshold(threshold: Any) -> float | None:
    """Return a threshold as JSON keeps it. Raises LitBertError L422 unless it is None or from 0 to 1."""
    if threshold is None:
        return None
    if not _is_between(threshold, 0.0, 1.0):
        raise LitBertError(Errors.L422.format(found=repr(threshold)))
    return float(threshold)


def differs(threshold: float | None, saved: float | None) -> bool:
    """Tell whether a threshold is another one than was saved. spaCy keeps 9 decimals, and reads 0.3 as 0.30…04."""
    if threshold is None or saved is None:
        return threshold is not saved
    return abs(threshold - saved) > _ACCURACY


def problem_of(cfg: dict[str, Any], n_scores: int | None, n_tags: int) -> str | None:
    """Say which of the saved settings can't be, or None.

    n_scores: of the model, for a token; None before it is initialized. n_tags: of those, for a label.
    """
    labels, threshold = cfg["labels"], cfg["threshold"]
    if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
        return f"labels = {labels}"
    if n_scores is not None and n_scores != n_tags * len(set(labels)):
        return f"the model has {n_scores} scores a token, for labels = {labels}"
    if not (threshold is None or _is_between(threshold, 0.0, 1.0)):
        return f"threshold = {threshold}"
    for key, least, most in (("temperatures", TEMPERATURES[0], TEMPERATURES[-1]), ("thresholds", 0.0, 1.0)):
        values = cfg[key]
        if not isinstance(values, dict) or not all(_is_between(value, least, most) for value in values.values()):
            return f"{key} = {values}"
    return None


def _is_between(value: Any, least: float, most: float) -> bool:
    return isinstance(value, (int, float, np.number)) and bool(least <= value <= most)
