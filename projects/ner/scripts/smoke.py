"""Install the packaged pipeline and this package in a new environment, and annotate a text there."""

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

from spacy_litbert.corpora.files import replacing

REPOSITORY = Path(__file__).resolve().parents[3]
# Copied to be built elsewhere, so that nothing left over from an earlier build gets into the wheel.
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "spacy_litbert", "models")
TEXT = "Bradycardia followed the first dose of metoprolol, and lithium-induced tremor was seen in two patients."
PROGRAM = """
import json, sys, spacy, spacy_litbert, torch
nlp = spacy.load(sys.argv[1])
doc = nlp(sys.argv[2])
print(json.dumps({
    "text": doc.text,
    "entities": [[ent.text, ent.label_] for ent in doc.ents],
    "versions": {m.__name__: str(m.__version__) for m in (spacy, spacy_litbert, torch)},
    "package": sys.argv[1] + " " + nlp.meta["version"],
}))
"""


def smoke(wheels: Path, package: str, output: Path, constraints: Path) -> None:
    """Build, install, load and annotate; ``output`` (JSON) is what the new environment answers."""
    wheel = next(wheels.glob("*.whl"))
    with tempfile.TemporaryDirectory() as folder:
        own = _build(Path(folder))
        venv.create(f"{folder}/venv", with_pip=True)
        python = f"{folder}/venv/bin/python"
        _pip(python, "install", "-c", str(constraints.resolve()), str(own), str(wheel.resolve()))
        # From a folder of its own, so that nothing is imported from the repository.
        answer = subprocess.run(
            [python, "-I", "-c", PROGRAM, package, TEXT], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
    result = json.loads(answer.stdout)
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    print(f"{result['package']} in a new environment: {result['entities']}")


def _build(folder: Path) -> Path:
    """The wheel of this repository's package, built in ``folder``."""
    (folder / "source").mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, folder / "source" / name)
    _pip(sys.executable, "wheel", "--no-deps", "-w", str(folder), str(folder / "source"))
    return next(folder.glob("*.whl"))


def _pip(python: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, help="the folder with the wheel of the pipeline")
    parser.add_argument("package", help="what spacy.load is asked for")
    parser.add_argument("output", type=Path)
    parser.add_argument("--constraints", type=Path, required=True, help="versions that pip must keep to")
    arguments = parser.parse_args()
    smoke(arguments.wheels, arguments.package, arguments.output, arguments.constraints)
