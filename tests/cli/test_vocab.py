from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_litbert.cli import app
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


def test_the_commands_are_known_without_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; import spacy_litbert.cli"
    subprocess.run([sys.executable, "-c", program], check=True)


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


def test_weighs_the_kinds_of_documents(texts: Path) -> None:
    (texts / "c.jsonl").write_text('{"id": "c", "kind": "abstract", "text": "zebrafish"}\n', "utf8")
    arguments = ["vocab", str(texts / "out"), str(texts / "*.txt"), str(texts / "c.jsonl"), "-n", "700", "--quiet"]
    weighted = ["--weight", "abstract=20", "--min-frequency", "15"]
    result = CliRunner().invoke(app, [*arguments, *weighted], catch_exceptions=False)
    assert result.exit_code == 0
    tokens = Vocabulary.from_folder(texts / "out").ids
    assert "zebrafish" in tokens
    assert "fever" not in tokens


@pytest.mark.parametrize(
    "weight, code", [("fulltext=2", "L106.*not stated"), ("abstract", "L107"), ("abstract=0", "L107"), ("=3", "L107")]
)
def test_refuses_weights_that_cannot_be_meant(texts: Path, weight: str, code: str) -> None:
    arguments = ["vocab", str(texts / "out"), str(texts / "*.txt"), "--quiet", "--weight", weight]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert re.search(code, result.output)
    assert not (texts / "out").exists()


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--size", 10**19, "L007"),
        ("--min-frequency", -1, "L007"),
        ("--min-frequency", 10**20, "L007"),
        ("--limit", 0, "L007.*from 1 to"),
    ],
)
def test_refuses_numbers_that_cannot_be(texts: Path, option: str, value: int, code: str) -> None:
    result = CliRunner().invoke(app, ["vocab", str(texts / "out"), str(texts / "*.txt"), "-q", option, str(value)])
    assert result.exit_code == 1
    assert re.search(code, result.output)


def test_a_vocabulary_of_no_text_is_refused(texts: Path) -> None:
    (texts / "exclude.txt").write_text("left out\n", "utf8")
    arguments = ["vocab", str(texts / "out"), str(texts / "b.jsonl"), "-q", "--exclude", str(texts / "exclude.txt")]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, "L416" in result.output) == (1, True), result.output
    assert not (texts / "out").exists()


def test_refuses_a_pattern_without_files(texts: Path) -> None:
    result = CliRunner().invoke(app, ["vocab", str(texts / "out"), str(texts / "*.xml")])
    assert result.exit_code == 1
    assert "L224" in result.output


def test_replaces_nothing_but_an_earlier_vocabulary(texts: Path) -> None:
    arguments = ["vocab", str(texts / "out"), str(texts / "a.txt"), "--size", "700", "--quiet"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert re.search(r"L218.*--force", CliRunner().invoke(app, arguments).output)
    (texts / "out" / "model.safetensors").write_bytes(b"weights")
    before = (texts / "out" / "vocab.txt").read_bytes()
    result = CliRunner().invoke(app, [*arguments, "--force", "--size", "800"])
    assert (result.exit_code, "L218" in result.output, "model.safetensors" in result.output) == (1, True, True)
    assert (texts / "out" / "vocab.txt").read_bytes() == before
    (texts / "out" / "model.safetensors").unlink()
    assert CliRunner().invoke(app, [*arguments, "--force", "--size", "800"]).exit_code == 0
