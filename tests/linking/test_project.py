"""projects/linking takes invented texts and a small vocabulary to a scored, saved linker."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import spacy
import srsly

from spacy_litbert.cli.kb import kb_build
from spacy_litbert.cli.kb_names import kb_vectors

PROJECT = Path(__file__).parents[2] / "projects" / "linking"


def test_the_toy_is_linked_and_scored(tmp_path: Path, checkpoint: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    kb_build(folder / "kb" / "toy", [folder / "toy" / "kb.csv"])
    kb_vectors(folder / "kb" / "toy-vectors", folder / "kb" / "toy", encoder=str(checkpoint))
    (folder / "renamed.tsv").write_text("old\tnew\nT:0\tT:1\n")
    command = "scripts/evaluate.py toy/toy kb/toy-vectors metrics/test.json --renamed renamed.tsv --save training/toy"
    options = ["--name-encoder", str(checkpoint), "--ablation"]
    subprocess.run([sys.executable, *command.split(), *options], cwd=folder, check=True, capture_output=True)
    record = json.loads((folder / "metrics" / "test.json").read_text("utf8"))
    scores = record["scores"]
    kept = {"vocabulary", "memory"}
    assert scores.keys() == {*kept, "vocabulary, no vectors", "memory, no vectors", "memory, no abbreviations"}
    assert record["name_encoder"].keys() == {"model.safetensors"}
    for setting in (scores[name] for name in kept):
        assert setting["all"]["mentions"] == 11
        assert setting["all"]["acc@20"] == 100
        assert setting["all"]["acc@1"] >= 80
    nlp = spacy.load(folder / "training" / "toy")
    linker = nlp.get_pipe("litbert_linker")
    assert linker.memory.total("T:C4") > 0
    assert linker.name_encoder.fingerprint == linker.kb.vectors.encoder


def test_every_command_names_files_that_are_there() -> None:
    project = srsly.read_yaml(PROJECT / "project.yml")
    for command in project["commands"]:
        for path in command.get("deps", []):
            if "$" not in path:
                assert (PROJECT / path).exists(), path
    commands = {command["name"] for command in project["commands"]}
    assert all(set(steps) <= commands for steps in project["workflows"].values())
