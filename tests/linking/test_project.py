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

PROJECT = Path(__file__).parents[2] / "projects" / "linking"


def test_the_toy_is_linked_and_scored(tmp_path: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    kb_build(folder / "kb" / "toy", [folder / "toy" / "kb.csv"])
    (folder / "renamed.tsv").write_text("old\tnew\nT:0\tT:1\n")
    command = "scripts/evaluate.py toy/toy kb/toy metrics/test.json --renamed renamed.tsv --save training/toy"
    subprocess.run([sys.executable, *command.split()], cwd=folder, check=True, capture_output=True)
    scores = json.loads((folder / "metrics" / "test.json").read_text("utf8"))["scores"]
    assert scores.keys() == {"vocabulary", "memory"}
    for setting in scores.values():
        assert setting["all"]["mentions"] == 11
        assert setting["all"]["acc@20"] == 100
        assert setting["all"]["acc@1"] >= 80
    nlp = spacy.load(folder / "training" / "toy")
    assert nlp.get_pipe("litbert_linker").memory.total("T:C4") > 0


def test_every_command_names_files_that_are_there() -> None:
    project = srsly.read_yaml(PROJECT / "project.yml")
    for command in project["commands"]:
        for path in command.get("deps", []):
            if "$" not in path:
                assert (PROJECT / path).exists(), path
    commands = {command["name"] for command in project["commands"]}
    assert all(set(steps) <= commands for steps in project["workflows"].values())
