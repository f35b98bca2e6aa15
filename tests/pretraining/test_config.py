from __future__ import annotations

from pathlib import Path

import pytest

from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import SHAPE, read_overrides, read_settings, with_shape

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
        ("training.output", "null", "must be str"),
        ("training.seed", "-1", "at least 0"),
        ("training.seed", str(2**63 - 1), "below 4294967296"),
        ("training.minutes", "NaN", "finite"),
        ("training.minutes", "Infinity", "finite"),
        ("training.learning_rate", "-0.01", "more than 0"),
        ("training.learning_rate", f"1{'0' * 400}", "finite"),
        ("training.learning_rate", "9" * 5000, "must be float"),
        ("training.weight_decay", "-1", "at least 0"),
        ("training.weight_decay", "NaN", "finite"),
        ("model.hidden_dropout_prob", "NaN", "finite"),
        ("report.evaluations", "-1", "at least 0"),
        ("report.checkpoints", "-1", "at least 0"),
        ("training.mlm_probability", "0", "more than 0"),
        ("training.seed", "1.5", "must be int"),
        ("training.steps", '"many"', "must be int or null"),
        ("training.steps", "0", "more than 0"),
        ("training.minutes", "1", "two ways"),
        ("training.objective", '"clm"', "Choose one of"),
        ("training.warmup", "1", "below 1"),
        ("training.long_length", "1024", "max_position_embeddings"),
        ("training.length", "100", "multiples"),
        ("model.num_attention_heads", "3", "no multiple"),
        ("model.hidden_size", "4000000", "at most 1,048,576"),
        ("report.evaluations", f"1{'0' * 400}", "at most"),
        ("training.weight_decay", "1e307", "at most"),
        ("export.license", "  ", "a line of text"),
        ("export.name", '"a\\nlicense: mit"', "a line of text"),
    ],
)
def test_refuses(name: str, value: str, problem: str) -> None:
    with pytest.raises(LitBertError, match=f"L501.*{problem}"):
        read_settings(CONFIGS / "tiny.cfg", {name: value})


@pytest.mark.parametrize("text", ["2024", "0.15", "1e5", "true", "NaN", "[1]", "9" * 5000])
def test_text_that_looks_like_json_is_text(text: str) -> None:
    assert read_settings(CONFIGS / "tiny.cfg", {"export.name": text}).export.name == text
    assert read_settings(CONFIGS / "tiny.cfg", {"model.start": text}).model.start == text


def test_refuses_a_missing_setting_or_file(tmp_path: Path) -> None:
    text = (CONFIGS / "tiny.cfg").read_text("utf8").replace("seed = 0\n", "")
    (tmp_path / "a.cfg").write_text(text, "utf8")
    with pytest.raises(LitBertError, match=r"L501.*training.seed.*missing"):
        read_settings(tmp_path / "a.cfg", {})
    with pytest.raises(LitBertError, match="L224"):
        read_settings(tmp_path / "b.cfg", {})


def test_values_refer_to_each_other_and_follow_overrides(tmp_path: Path) -> None:
    text = (CONFIGS / "tiny.cfg").read_text("utf8")
    text = text.replace("micro_tokens = 1024", "micro_tokens = ${training.batch_tokens}")
    text = text.replace('folder = "training/tiny/litbert-sample"', 'folder = "${training.output}/${export.name}"')
    (tmp_path / "a.cfg").write_text(text, "utf8")
    settings = read_settings(tmp_path / "a.cfg", {"training.batch_tokens": "4096", "training.output": "there"})
    assert settings.training.micro_tokens == 4096
    assert settings.export.folder == "there/litbert-sample"


@pytest.mark.parametrize(
    "text",
    ["layers = 3", "[model", "[model]\nstart = ${training.nothing}", "[a]\nb = 1\nb = 2", "[a]\nb = ${"],
)
def test_refuses_what_is_no_config(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.cfg").write_text(text, "utf8")
    with pytest.raises(LitBertError, match=r"L512.*a\.cfg"):
        read_settings(tmp_path / "a.cfg", {})


def test_the_shape_may_be_left_to_the_start(tmp_path: Path) -> None:
    lines = (CONFIGS / "tiny.cfg").read_text("utf8").split("\n")
    text = "\n".join(line for line in lines if not line.startswith(SHAPE))
    (tmp_path / "a.cfg").write_text(text, "utf8")
    with pytest.raises(LitBertError, match=r"L501.*model.num_hidden_layers.*missing"):
        read_settings(tmp_path / "a.cfg", {})
    settings = read_settings(tmp_path / "a.cfg", {"model.start": "somewhere", "model.hidden_size": "null"})
    assert {getattr(settings.model, name) for name in SHAPE} == {None}
    shape = dict(zip(SHAPE, (2, 64, 4, 128, 512)))
    assert with_shape(settings, shape, "somewhere").model.intermediate_size == 128
    with pytest.raises(LitBertError, match=r"L501.*training.length.*64"):
        with_shape(settings, shape | {"max_position_embeddings": 64}, "somewhere")


@pytest.mark.parametrize(
    "arguments",
    [["--steps", "3"], ["--training.steps"], ["training.steps", "3"], ["--training.steps=3", "--training.seed=1"]],
)
def test_refuses_other_arguments(arguments: list[str]) -> None:
    with pytest.raises(LitBertError, match="L510"):
        read_overrides(arguments)
