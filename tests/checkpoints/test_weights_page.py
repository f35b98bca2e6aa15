"""The commands of docs/weights.md run, from the zip to a trained pipeline, on a toy of the original zip."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_litbert.cli import spacy_app

from ..conftest import TEXTS, examples_for, toy_tokens
from .hostile import zip_of
from .original import TOY, original_variables, save_quickly, write_model

ROOT = Path(__file__).parent.parent.parent
COMMAND = re.compile(r"^python -m spacy (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_commands_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**TOY, "vocab_size": len(toy_tokens()), "max_position_embeddings": 512}
    write_model(tmp_path / "original", config, toy_tokens())
    save_quickly(tmp_path / "original" / "LitBERT-cased-biomed-vocab-model.ckpt", original_variables(config))
    zip_of(tmp_path / "LitBERT-cased-v1.0.zip", tmp_path / "original")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    docs = DocBin(docs=[example.reference for example in examples_for(spacy.blank("en"))])
    for name in ("train.spacy", "dev.spacy"):
        docs.to_disk(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "weights.md").read_text("utf8")
    commands = [command for block in BLOCK.findall(page) for command in COMMAND.findall(block)]
    assert len(commands) >= 3
    for command in commands:
        short = " --training.max_steps 2 --training.eval_frequency 2" if command.startswith("train") else ""
        result = CliRunner().invoke(spacy_app, shlex.split(command + short))
        assert result.exit_code == 0, result.output
    nlp = spacy.load("ner/model-last")
    assert len(list(nlp.pipe(TEXTS))) == len(TEXTS)
