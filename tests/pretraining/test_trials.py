"""Trials of settings: each with a name and what it changes, or refused before any begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.pretraining_trials import trials
from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.run import pretrain

from ..conftest import load_script
from .conftest import PROJECT

CONFIG = PROJECT / "configs" / "tiny.cfg"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script(PROJECT / "scripts" / "trials.py")


def test_each_trial_has_its_settings_and_its_place(script: ModuleType, tmp_path: Path) -> None:
    changes = {"as-configured": {}, "0.15": {"training.mlm_probability": 0.15}, "one": {"training.objective": "mlm"}}
    (tmp_path / "trials.json").write_text(json.dumps(changes), "utf8")
    found = script.read_trials(CONFIG, tmp_path / "trials.json", tmp_path / "out", 8192)
    assert {name: settings.export.name for name, settings in found.items()} == {name: name for name in changes}
    assert found["0.15"].training.mlm_probability == 0.15
    place = tmp_path / "out" / "tiny-8192"
    assert (found["0.15"].export.folder, found["0.15"].training.output) == (
        str(place / "0.15"),
        f"{place / '0.15'}-run",
    )
    assert (found["one"].training.steps, found["one"].training.minutes) == (4, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "L207"),
        ('["a"]', "L207"),
        ('{"a": 5}', "L512.*'a' is 5"),
        ('{"../../../x": {}}', r"L512.*'\.\./\.\./\.\./x' needs a name"),
        ('{"..": {}}', "L512.*needs a name"),
        ('{"": {}}', "L512.*needs a name"),
        ('{"a-run": {}, "a": {}}', "L512.*'a-run'.*rename one"),
        ('{"a": {"training.steps": 3}}', r"L501.*training\.steps.*'a'"),
        ('{"a": {"export.name": "b"}}', r"L501.*export\.name.*'a'"),
        ('{"a": {"training.layers": 3}}', r"L501.*training\.layers"),
    ],
)
def test_refuses_what_is_no_trial(script: ModuleType, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "trials.json").write_text(text, "utf8")
    with pytest.raises(LitBertError, match=message):
        script.read_trials(CONFIG, tmp_path / "trials.json", tmp_path / "out", 8192)


def test_trials_of_another_time_are_added_to_those_that_were_measured(
    make_settings: Callable[..., Settings], prepared: Path
) -> None:
    both = [make_settings("first", training__steps=1), make_settings("other", training__steps=1, training__seed=5)]
    for settings in both:
        pretrain(settings, progress=False)
    first, other = (Path(settings.export.folder) for settings in both)
    at_once = trials([first, other], prepared / "heldout")
    assert [one["changed"] for one in at_once["trials"].values()] == [{}, {"training.seed": 5}]
    assert trials([other], prepared / "heldout", trials([first], prepared / "heldout")) == at_once
    with pytest.raises(ValueError, match=r"measured on other text than .*train"):
        trials([other], prepared / "train", at_once)
