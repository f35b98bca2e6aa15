"""Install the packaged pipeline and this package in a new environment, and run a program there that uses it."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import srsly

from ..files import replacing

# Copied to be built elsewhere, so that nothing left over from an earlier build gets into the wheel.
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "spacy_litbert")


def smoke(wheels: Path, package: str, output: Path, *, program: Path, repository: Path) -> None:
    """Build, install and run; ``output`` (JSON) is what the program prints in the new environment.

    program: a Python file, called with the name of the package.
    repository: where this package's sources and constraints.txt lie.
    """
    wheel = next(wheels.glob("*.whl"))
    with tempfile.TemporaryDirectory() as folder:
        own = _build(repository, Path(folder))
        venv.create(f"{folder}/venv", with_pip=True)
        python = f"{folder}/venv/bin/python"
        _pip(python, "install", "-c", str((repository / "constraints.txt").resolve()), str(own), str(wheel.resolve()))
        # From a folder of its own, so that nothing is imported from the repository.
        answer = subprocess.run(
            [python, "-I", str(program.resolve()), package], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
    result = json.loads(answer.stdout)
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    print(f"{package} in a new environment: {answer.stdout.strip()}")


def _build(repository: Path, folder: Path) -> Path:
    """The wheel of the repository's package, built in ``folder``."""
    (folder / "source").mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (repository / name).is_dir() else shutil.copy
        copy(repository / name, folder / "source" / name)
    _pip(sys.executable, "wheel", "--no-deps", "-w", str(folder), str(folder / "source"))
    return next(folder.glob("*.whl"))


def _pip(python: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, help="the folder with the wheel of the pipeline")
    parser.add_argument("package", help="what spacy.load is asked for")
    parser.add_argument("output", type=Path)
    parser.add_argument("--program", type=Path, required=True, help="a Python file to run there")
    parser.add_argument("--repository", type=Path, required=True, help="with this package's sources and constraints")
    smoke(**vars(parser.parse_args()))
