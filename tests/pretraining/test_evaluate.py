"""A trained model is measured, and its record read; what can't be measured or read is said before any work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_litbert.checkpoints.card import licence_of
from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.earlier import read_earlier
from spacy_litbert.pretraining.evaluate import evaluate_folder, main
from spacy_litbert.pretraining.run import pretrain

START: dict[str, Any] = {"name": "x", "license": None, "files": {}, "transfer": None, "made": [], "notice": None}


@pytest.fixture
def model(make_settings: Callable[..., Settings]) -> Path:
    settings = make_settings(training__steps=1)
    assert pretrain(settings, progress=False)
    return Path(settings.export.folder)


@pytest.mark.parametrize(
    ("rows", "length", "message"),
    [
        (0, 64, "L004.*rows.*0"),
        (-5, 64, "L004.*rows.*-5"),
        (8, 0, "L004.*length.*0"),
        (8, 4, "L004.*length.*4"),
        (8, 1024, "L507.*at most 512.*1024"),
    ],
)
def test_measures_rows_that_the_model_reads(model: Path, prepared: Path, rows: int, length: int, message: str) -> None:
    with pytest.raises(LitBertError, match=message):
        evaluate_folder(model, prepared / "heldout", length=length, n=rows, progress=False)


def test_the_record_tells_what_to_measure(model: Path, prepared: Path) -> None:
    def measure() -> dict[str, float]:
        return evaluate_folder(model, prepared / "heldout", length=8, n=2, progress=False)

    figures = measure()
    assert figures["rows"] == 2
    assert "next_loss" in figures
    record = json.loads((model / "run.json").read_text("utf8"))
    for settings in ({}, None, {"training": None}, {"training": {"objective": 5}}):
        (model / "run.json").write_text(json.dumps({**record, "settings": settings}), "utf8")
        with pytest.raises(LitBertError, match=r"L516.*settings"):
            measure()


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"before": None}, "before"),
        ({"before": 5}, "before"),
        ({"before": [5]}, "before.0.finished"),
        ({"before": [{"steps": 1}]}, "before.0.settings"),
        ({"steps": "many"}, "steps"),
        ({"heldout": {"masked_loss": "low"}}, "heldout.masked_loss"),
        ({"start": 5}, "start"),
        ({"start": {**START, "files": None}}, "start.files"),
        ({"start": {**START, "transfer": {"pieces": 5}}}, "start.transfer.same"),
    ],
)
def test_a_record_of_another_shape_is_refused(change: dict[str, Any], lacking: str, tmp_path: Path) -> None:
    training = {"objective": "mlm", "length": 8, "long_length": 8, "long_share": 0.0, "learning_rate": 0.1}
    run = {"finished": "", "settings": {"training": training}, "steps": 1, "tokens": 1, "hours": 0, "heldout": {}}
    record = {**run, "start": START, "before": [{**run, "start": None}]}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record), "utf8")
    assert [one["start"] for one in read_earlier(path)] == [None, START]
    path.write_text(json.dumps({**record, **change}), "utf8")
    with pytest.raises(LitBertError, match=rf"L516.*lacks .*{lacking}"):
        read_earlier(path)


def test_figures_are_written_over_nothing_that_is_read(
    model: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (model / "model.safetensors").read_bytes()
    arguments = ["evaluate", str(model), str(prepared / "heldout"), "--out", str(model / "model.safetensors")]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit):
        main()
    assert (model / "model.safetensors").read_bytes() == before


def test_a_licence_in_words_is_read_again(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(training__steps=1, export__license="other: see the file")
    assert pretrain(settings, progress=False)
    assert licence_of(Path(settings.export.folder)) == "other: see the file"
