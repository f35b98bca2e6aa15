from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization.vocabulary import Vocabulary


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(
        "Mice had fever.\nRats had none.\n\nMice, rats and fever: ≥ 5 °C ⅔ ⅔.\n" * 2, "utf8"
    )
    (tmp_path / "b.jsonl").write_text('{"id": "left out", "text": "zebrafish zebrafish"}\n', "utf8")
    return tmp_path


def test_spacy_knows_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "litbert", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("vocab", "tokens", "pretrain"):
        assert f"  {command} " in done.stdout


def test_trains_and_writes_a_vocabulary(texts: Path) -> None:
    (texts / "exclude.txt").write_text("left out\n", "utf8")
    arguments = ["vocab", str(texts / "out"), str(texts / "*.txt"), str(texts / "b.jsonl"), "--size", "700", "--quiet"]
    result = CliRunner().invoke(app, [*arguments, "--exclude", str(texts / "exclude.txt"), "--limit", "128"])
    assert result.exit_code == 0, result.output
    vocabulary = Vocabulary.from_folder(texts / "out")
    assert f"{len(vocabulary)} wordpieces" in result.output
    for token in ("fever", "♀", "⅔", "≥"):  # a frequent word, the fixed alphabet, a frequent character
        assert token in vocabulary.ids
    assert "zebrafish" not in vocabulary.ids
    assert '"model_max_length": 128' in (texts / "out" / "tokenizer_config.json").read_text("utf8")


def test_refuses_a_pattern_without_files(texts: Path) -> None:
    result = CliRunner().invoke(app, ["vocab", str(texts / "out"), str(texts / "*.xml")])
    assert isinstance(result.exception, LitBertError)
    assert "L207" in str(result.exception)
