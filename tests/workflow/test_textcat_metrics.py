"""The figures that projects/textcat reports, on cases small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from matplotlib.figure import Figure
from metrics import calibration, confusion, decide, f_scores, measure
from plots import _precision_recall
from predict import predict
from tune import best_threshold

from spacy_litbert.corpora.labelled_text import LabelledText

GOLD = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], dtype=bool)
SCORES = np.array([[0.9, 0.2], [0.4, 0.8], [0.6, 0.1], [0.3, 0.7]])


def test_figures_of_any_number_of_labels() -> None:
    results = measure(GOLD, SCORES, ("x", "y"), 0.5)
    assert results["cats_micro"] == pytest.approx({"p": 3 / 4, "r": 3 / 4, "f": 3 / 4})
    assert results["cats_per_label"]["x"] == pytest.approx(
        {"p": 1 / 2, "r": 1 / 2, "f": 1 / 2, "n": 2, "ap": (1 + 2 / 3) / 2, "auc": 3 / 4}
    )
    assert results["cats_macro_f"] == pytest.approx(3 / 4)
    assert results["macro_auc"] == pytest.approx((3 / 4 + 1) / 2)
    assert results["accuracy"] == pytest.approx(2 / 4)
    assert "confusion" not in results


def test_figures_of_labels_that_exclude_each_other() -> None:
    gold = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]], dtype=bool)
    scores = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    results = measure(gold, scores, ("x", "y", "z"), None)
    assert results["accuracy"] == results["cats_micro"]["f"] == pytest.approx(2 / 3)
    assert results["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    # z is neither set nor found: 0 in macro-F1, left out of the others.
    assert results["cats_macro_f"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert results["cats_per_label"]["z"]["auc"] is None


def test_nothing_set_and_nothing_found() -> None:
    nothing = np.zeros((2, 2), dtype=bool)
    assert f_scores(nothing, nothing) == {"p": 0.0, "r": 0.0, "f": 0.0}


def test_of_equal_scores_one_label_is_found() -> None:
    assert decide(np.zeros((2, 3)), None).tolist() == [[True, False, False]] * 2
    assert confusion(np.eye(2, dtype=bool), decide(np.zeros((2, 2)), None)) == [[1, 0], [1, 0]]


def test_labels_are_in_the_order_of_the_pipeline(tmp_path: Path) -> None:
    """Of equal scores, as those of an empty text are, spaCy takes the first label that the pipeline knows."""
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat")
    for label in ("x", "y"):
        textcat.add_label(label)
    nlp.initialize()
    prediction = predict(nlp, "textcat", [LabelledText("1", "", ("y", "x"), ("x",))], tmp_path)
    assert prediction.labels == ("x", "y")
    assert prediction.gold.tolist() == [[True, False]]


def test_every_label_is_shown_as_it_is() -> None:
    """Matplotlib reads mathematics between dollars, and leaves out of a legend what begins with an underscore."""
    labels = ("_other", "from 5$ to 10$")
    results = {**measure(GOLD, SCORES, labels, 0.5), "protocol": {"corpus": "mini", "split": "test"}}
    rows = [
        {"labels": [label for label, applies in zip(labels, gold) if applies], "scores": dict(zip(labels, scores))}
        for gold, scores in zip(GOLD, SCORES)
    ]
    axes = Figure().subplots()
    _precision_recall(axes, results, rows)
    legend = axes.get_legend()
    assert legend is not None
    shown = [text.get_text() for text in legend.get_texts()]
    assert [text.strip().replace("\\$", "$").rpartition(" (")[0] for text in shown] == [*labels]
    assert shown[1].count("\\$") == 2


def test_calibration_is_the_distance_of_score_and_frequency() -> None:
    gold, scores = np.array([[1], [0], [1], [1]], dtype=bool), np.array([[0.15], [0.15], [0.95], [1.0]])
    result = calibration(gold, scores, exclusive=False)
    assert result["bins"] == [
        {"n": 2, "score": pytest.approx(0.15), "frequency": 0.5},
        {"n": 2, "score": pytest.approx(0.975), "frequency": 1.0},
    ]
    assert result["ece"] == pytest.approx((2 * 0.35 + 2 * 0.025) / 4)
    # Of labels that exclude each other only the one with the highest score is said.
    said = calibration(np.array([[0, 1]], dtype=bool), np.array([[0.3, 0.7]]), exclusive=True)
    assert said["ece"] == pytest.approx(0.3)


def test_the_threshold_is_the_best_and_of_equals_the_middle_one() -> None:
    assert best_threshold(GOLD, SCORES) == 0.4
    assert best_threshold(np.array([[1], [0]], dtype=bool), np.array([[0.9], [0.2]])) == 0.5
