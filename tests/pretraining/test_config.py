from __future__ import annotations

from pathlib import Path

import pytest

from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import read_overrides, read_settings

from .conftest import PROJECT

CONFIGS = PROJECT / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.cfg")), ids=lambda path: path.stem)
def test_the_projects_configs_are_complete(path: Path) -> None:
    assert read_settings(path, {}).export.name.startswith("litbert")


def test_overrides_win() -> None:
    overrides = read_overrides(["--training.steps", "null", "--training.minutes", "3", "--export.name", '"x"'])
    settings = read_settings(CONFIGS / "tiny.cfg", overrides)
    assert (settings.training.steps, settings.training.minutes, settings.export.name) == (None, 3.0, "x")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("training.stpes", "1", "is unknown"),
        ("training.output", "run", "no JSON value"),
        ("training.seed", "1.5", "must be int"),
        ("training.steps", '"many"', "must be int or null"),
        ("training.steps", "0", "more than 0"),
        ("training.minutes", "1", "two ways"),
        ("training.objective", '"clm"', "Choose one of"),
        ("training.warmup", "1", "below 1"),
        ("training.long_length", "1024", "positions"),
        ("training.length", "100", "multiples"),
        ("model.heads", "3", "no multiple"),
    ],
)
def test_refuses(name: str, value: str, problem: str) -> None:
    with pytest.raises(LitBertError, match=f"L501.*{problem}"):
        read_settings(CONFIGS / "tiny.cfg", {name: value})


def test_refuses_a_missing_setting_or_file(tmp_path: Path) -> None:
    text = (CONFIGS / "tiny.cfg").read_text("utf8").replace("seed = 0\n", "")
    (tmp_path / "a.cfg").write_text(text, "utf8")
    with pytest.raises(LitBertError, match=r"L501.*training.seed.*missing"):
        read_settings(tmp_path / "a.cfg", {})
    with pytest.raises(LitBertError, match="L207"):
        read_settings(tmp_path / "b.cfg", {})


@pytest.mark.parametrize("arguments", [["--steps", "3"], ["--training.steps"], ["training.steps", "3"]])
def test_refuses_other_arguments(arguments: list[str]) -> None:
    with pytest.raises(LitBertError, match="L510"):
        read_overrides(arguments)
