"""The scripts of the projects as modules, as `python scripts/….py` sees them; whole projects, as a user runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PROJECTS = Path(__file__).parent.parent.parent / "projects"
NER, TEXTCAT = PROJECTS / "ner", PROJECTS / "textcat"
# Of scripts with the same name in both, those of projects/ner are found.
sys.path += [str(NER / "scripts"), str(TEXTCAT / "scripts")]
MADE = ("assets", "corpus", "training", "metrics", "output", "packages", "project.lock", "__pycache__")


def copy_of(project: Path, root: Path) -> Path:
    """The project alone, without anything made in it."""
    copy = root / project.name
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*MADE))
    return copy


def run(project: Path, command: str, **variables: object) -> str:
    """What ``spacy project run`` prints, with these variables in place of the project's."""
    overrides = [word for name, value in variables.items() for word in (f"--vars.{name}", str(value))]
    return subprocess.run(
        [sys.executable, "-m", "spacy", "project", "run", command, str(project), *overrides],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def unpack(project: Path, corpus: str, folder: Path) -> Path:
    """The one wheel of a corpus, unpacked; returns the folder of its pipeline."""
    [wheel] = (project / "packages" / corpus).glob("*/dist/en_litbert_*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    [model] = folder.glob("en_litbert_*/en_litbert_*-*")
    return model
