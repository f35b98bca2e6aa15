"""The cards of bundled pipelines: a table of their figures, whatever their components are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts.bundle import card

MENTIONS = {
    "ents_p": 0.5,
    "ents_r": 0.25,
    "ents_f": 1 / 3,
    "ents_per_type": {"Drug": {"p": 0.5, "r": 0.25, "f": 1 / 3}},
}
CATEGORIES = {
    "cats_micro": {"p": 0.5, "r": 0.25, "f": 1 / 3},
    "cats_macro_f": 0.4,
    "accuracy": 0.125,
    "micro_ap": 0.75,
    "macro_ap": 0.7,
    "macro_auc": None,
    "calibration": {"ece": 0.05, "bins": []},
    "cats_per_label": {"trial": {"p": 0.5, "r": 0.25, "f": 1 / 3, "n": 4, "ap": 0.7, "auc": None}},
}


def card_of(tmp_path: Path, labels: dict[str, list[str]], figures: dict[str, Any]) -> str:
    wheel = tmp_path / "en_litbert_x-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    meta = {
        "version": "0.1.0",
        "description": "What it is.",
        "notes": "What it began from.",
        "license": "MIT",
        "pipeline": ["transformer", *labels],
        "labels": {"transformer": [], **labels},
        "sources": [{"name": "A corpus", "url": "https://example.org", "license": "free"}],
        "performance": {**figures, "protocol": {"split": "test", "versions": {"spacy": "3.8"}}},
    }
    return card("en_litbert_x", meta, wheel)


def test_a_card_of_mentions(tmp_path: Path) -> None:
    text = card_of(tmp_path, {"ner": ["Drug"]}, MENTIONS)
    assert "| all | 50.00 | 25.00 | 33.33 |\n| Drug | 50.00 | 25.00 | 33.33 |" in text
    assert "| labels | Drug |" in text
    assert "| versions | spacy 3.8 |" in text


def test_a_card_says_how_far_confidences_can_be_relied_on(tmp_path: Path) -> None:
    text = card_of(tmp_path, {"litbert_ner": ["Drug"]}, {**MENTIONS, "calibration": {"ece": 0.0123, "bins": []}})
    assert "Expected calibration error of the confidences: 1.23 %." in text


def test_a_card_of_categories(tmp_path: Path) -> None:
    text = card_of(tmp_path, {"textcat_multilabel": ["trial", "review"]}, CATEGORIES)
    assert "| all decisions (micro) | 50.00 | 25.00 | 33.33 | 75.00 |  |" in text
    assert "| mean of the labels (macro) |  |  | 40.00 | 70.00 |  |" in text
    assert "| trial | 50.00 | 25.00 | 33.33 | 70.00 |  |" in text
    assert "Expected calibration error: 5.00 %." in text
    assert "| labels | trial, review |" in text
