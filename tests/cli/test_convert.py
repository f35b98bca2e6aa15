from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.cli import app
from spacy_litbert.cli.convert import convert
from spacy_litbert.errors import LitBertError


def test_converts_and_reports(checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    arguments = [str(checkpoint), str(target), "--storage", "float16", "--hidden-act", "gelu_new"]
    result = CliRunner().invoke(app, ["convert", *arguments])
    assert result.exit_code == 0, result.output
    assert "embeddings" in result.output
    assert load_checkpoint(target).config["hidden_act"] == "gelu_new"
    again = CliRunner().invoke(app, ["convert", *arguments])
    assert again.exit_code == 1
    assert "L218" in again.output
    assert "--overwrite" in again.output
    assert CliRunner().invoke(app, ["convert", *arguments, "--overwrite", "--quiet"]).exit_code == 0


def test_files_of_its_own_for_config_and_vocabulary(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "model.safetensors").write_bytes((checkpoint / "model.safetensors").read_bytes())
    files = ["--config", str(checkpoint / "config.json"), "--vocab", str(checkpoint / "vocab.txt")]
    result = CliRunner().invoke(app, ["convert", str(tmp_path / "bare"), str(tmp_path / "target"), *files])
    assert result.exit_code == 0, result.output
    assert load_checkpoint(tmp_path / "target").limit == 64


def test_an_unknown_type_of_storage(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match="L003"):
        convert(checkpoint, tmp_path / "target", storage="int8")


def test_inspects(checkpoint: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["inspect", str(checkpoint), "--json", str(tmp_path / "out.json")])
    assert result.exit_code == 0, result.output
    for words in ("hidden_size", "LitBERT: 512", "cased", "[MASK] 4", "model.safetensors", "no length limit"):
        assert words in result.output
    found = json.loads((tmp_path / "out.json").read_text("utf8"))
    assert found["shape"]["hidden_size"] == 32
    assert found["problems"] == []


def test_an_inspection_writes_over_nothing_that_it_reads(checkpoint: Path) -> None:
    config = (checkpoint / "config.json").read_bytes()
    result = CliRunner().invoke(app, ["inspect", str(checkpoint), "--json", str(checkpoint / "config.json")])
    assert result.exit_code == 1
    assert "L218" in result.output
    assert (checkpoint / "config.json").read_bytes() == config


def test_inspection_fails_for_what_can_not_be_used(checkpoint: Path, tmp_path: Path) -> None:
    for path in checkpoint.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text("utf8"))
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}), "utf8")
    result = CliRunner().invoke(app, ["inspect", str(tmp_path)])
    assert result.exit_code == 1
    assert "L217" in result.output
    nothing = CliRunner().invoke(app, ["inspect", str(tmp_path / "nothing" / "at" / "all")])
    assert nothing.exit_code == 1
    assert "L201" in nothing.output
