"""Compute the figures of the scores of labels: F1, accuracy, average precision, area under the ROC curve, calibration.

``gold`` (which labels apply) and ``scores`` have a row a text and a column a label. ``threshold`` is the score
from which a label counts as found; None if labels exclude each other: then it is the one with the highest score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from spacy_litbert.ner.calibration import reliability


def measure(gold: np.ndarray, scores: np.ndarray, labels: tuple[str, ...], threshold: float | None) -> dict[str, Any]:
    """Compute all figures, as fractions.

    Macro figures are means over the labels; one that is neither set nor found has an F1 of 0. Average
    precision and area under the curve leave out labels that no text, or every text, has.
    """
    found = decide(scores, threshold)
    per_label = {label: _of_label(gold[:, i], found[:, i], scores[:, i]) for i, label in enumerate(labels)}
    results = {
        "cats_micro": f_scores(gold, found),
        "cats_macro_f": float(np.mean([figures["f"] for figures in per_label.values()])),
        "accuracy": float((gold == found).all(axis=1).mean()),
        "micro_ap": float(average_precision_score(gold.ravel(), scores.ravel())),
        "macro_ap": _mean(figures["ap"] for figures in per_label.values()),
        "macro_auc": _mean(figures["auc"] for figures in per_label.values()),
        "calibration": calibration(gold, scores, exclusive=threshold is None),
        "cats_per_label": per_label,
    }
    if threshold is None:
        results["confusion"] = confusion(gold, found)
    return results


def decide(scores: np.ndarray, threshold: float | None) -> np.ndarray:
    """Choose the labels that count as found."""
    if threshold is not None:
        return scores >= threshold
    found = np.zeros(scores.shape, dtype=bool)
    found[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return found


def f_scores(gold: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Compute precision, recall and F1 of all decisions together; 0 where there is nothing to divide by."""
    hits, n_gold, n_found = int((gold & found).sum()), int(gold.sum()), int(found.sum())
    precision, recall = hits / n_found if n_found else 0.0, hits / n_gold if n_gold else 0.0
    return {"p": precision, "r": recall, "f": 2 * hits / (n_gold + n_found) if n_gold + n_found else 0.0}


def calibration(gold: np.ndarray, scores: np.ndarray, *, exclusive: bool) -> dict[str, Any]:
    """Measure how often that is right which is said with a certain score, and the expected calibration error (ece).

    It is about each label of each text; if labels exclude each other, about the highest score of each text.
    See ``spacy_litbert.ner.calibration.reliability``.
    """
    said, right = scores.ravel(), gold.ravel()
    if exclusive:
        said, right = scores.max(axis=1), gold[np.arange(len(gold)), scores.argmax(axis=1)]
    return reliability(said, right)


def confusion(gold: np.ndarray, found: np.ndarray) -> list[list[int]]:
    """Count how many texts with a label (row) got which label (column)."""
    counts: np.ndarray = gold.astype(int).T @ found.astype(int)
    return [[int(count) for count in row] for row in counts]


def _of_label(gold: np.ndarray, found: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    both = 0 < gold.sum() < len(gold)
    return {
        **f_scores(gold, found),
        "n": int(gold.sum()),
        "ap": float(average_precision_score(gold, scores)) if both else None,
        "auc": float(roc_auc_score(gold, scores)) if both else None,
    }


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
