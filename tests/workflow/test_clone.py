"""Each project as spaCy's users get it: cloned alone from a git repository, with the package from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from spacy_litbert.workflow.own_wheel import own_wheel
from spacy_litbert.workflow.smoke import installed_versions

from .conftest import MADE, PROJECTS

SHORT = {"lr": 0.001, "max_steps": 2, "eval_frequency": 1}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package from a wheel, and what it needs from the running one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    [site] = (folder / "venv").glob("lib/*/site-packages")
    pip = [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(own_wheel(folder))], check=True)
    (site / "rest.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(PROJECTS, folder / "projects", ignore=shutil.ignore_patterns(*MADE))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet", "-b", "stable"], ["add", "."], [*identity, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def spacy_project(python: Path, folder: Path, *arguments: object) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "USE_TF": "0"}
    environment.pop("PYTHONPATH", None)
    command = [str(python), "-m", "spacy", "project", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_package_is_the_one_of_the_wheel(python: Path, tmp_path: Path) -> None:
    program = "import spacy_litbert.checkpoints.resolve as r; print(r.__file__, r.bundled_names())"
    done = subprocess.run([str(python), "-I", "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(str(python.parent.parent))
    assert "litbert-oa-small" in done.stdout


@pytest.mark.parametrize(
    "name, corpus, data, steps",
    [
        ("ner", "toy", ".", ("fetch", "convert", "train", "store")),
        ("textcat", "toy_roles", "toy", ("fetch", "convert", "configure", "train")),
    ],
)
def test_a_cloned_project_runs(
    python: Path, repository: Path, tmp_path: Path, name: str, corpus: str, data: str, steps: tuple[str, ...]
) -> None:
    spacy_project(python, tmp_path, "clone", f"projects/{name}", "--repo", repository, "--branch", "stable")
    settings = {"corpus": corpus, "data": data, **SHORT}
    variables = [word for key, value in settings.items() for word in (f"--vars.{key}", value)]
    for step in steps:
        spacy_project(python, tmp_path / name, "run", step, ".", *variables)
    assert (tmp_path / name / "training" / corpus / "model-best" / "meta.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_new_environment_gets_the_versions_of_this_one() -> None:
    versions = dict(one.split("==") for one in installed_versions())
    assert versions["torch"].replace(".", "").isdecimal()
    assert "spacy" in versions


@pytest.mark.parametrize("name", ["linking", "ner", "pretrain", "textcat"])
def test_a_project_that_draws_asks_for_what_draws(name: str) -> None:
    files = [PROJECTS / name / "project.yml", *(PROJECTS / name / "scripts").glob("*.py")]
    draws = any(".png" in file.read_text("utf8") for file in files)
    requirements = PROJECTS / name / "requirements.txt"
    asked = requirements.read_text("utf8") if requirements.exists() else ""
    assert not draws or "matplotlib" in asked
