from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PROJECT


def test_the_project_runs_from_text_to_a_measured_model(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    for name in ("project.yml", "configs", "scripts", "text", "exclude.txt"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "spacy", "project", "run", "all"], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "training" / "tiny" / "litbert-sample" / "model.safetensors").is_file()
    figures = json.loads((tmp_path / "metrics" / "tiny.json").read_text("utf8"))
    assert 0 < figures["masked_loss"] < 6.5
    trials = {"as-configured": {}, "rate-0.01": {"training.learning_rate": 0.01}}
    (tmp_path / "configs" / "trials.json").write_text(json.dumps(trials))
    tried = [sys.executable, "scripts/trials.py", "configs/tiny.cfg", "configs/trials.json", "training/trials"]
    for _ in range(2):  # the second time nothing is left to do
        subprocess.run([*tried, "--wordpieces", "8192"], cwd=tmp_path, env=environment, check=True)
    records = [
        json.loads((tmp_path / "training" / "trials" / "tiny-8192" / name / "run.json").read_text("utf8"))
        for name in trials
    ]
    assert [record["steps"] for record in records] == [4, 4]
    assert [record["settings"]["training"]["learning_rate"] for record in records] == [0.002, 0.01]
