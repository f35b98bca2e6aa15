"""Install the packaged pipeline and this package in a new environment, and run a program there that uses it.

Both are the ones of the running environment, and what they need comes in the versions that it has, wherever this
package was installed from: an index, a wheel, or a folder of sources.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import venv
from importlib.metadata import distributions
from pathlib import Path

import srsly

from ..command_line import errors_in_one_line
from ..errors import Errors, LitBertError
from ..files import replacing
from .own_wheel import own_wheel


def smoke(wheels: Path, package: str, output: Path, *, program: Path) -> None:
    """Install both, run the program, and write what it prints in the new environment to ``output`` (JSON).

    program: a Python file, called with the name of the package.

    Raises LitBertError L623 unless there is one wheel, L622 if pip or the program fails.
    """
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise LitBertError(Errors.L623.format(path=wheels, found=names))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "constraints.txt").write_text("\n".join(installed_versions()) + "\n", encoding="utf8")
        venv.create(folder / "venv", with_pip=True)
        python = str(folder / "venv" / "bin" / "python")
        install = [python, "-m", "pip", "--quiet", "install", "--constraint", str(folder / "constraints.txt")]
        _run([*install, str(own_wheel(folder)), str(found[0].resolve())], folder)
        # From a folder of its own, so that nothing is imported from where the project lies.
        answer = _run([python, "-I", str(program.resolve()), package], folder)
    result = json.loads(answer)
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    print(f"{package} in a new environment: {answer.strip()}")


def installed_versions() -> list[str]:
    """List ``name==version`` of each installed distribution, without what says how it was built (``+cpu``)."""
    versions = {one.metadata["Name"]: one.version.partition("+")[0] for one in distributions() if one.metadata["Name"]}
    return sorted(f"{name}=={version}" for name, version in versions.items())


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise LitBertError(Errors.L622.format(command=" ".join(command), code=done.returncode))
    return done.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, help="the folder with the wheel of the pipeline")
    parser.add_argument("package", help="what spacy.load is asked for")
    parser.add_argument("output", type=Path)
    parser.add_argument("--program", type=Path, required=True, help="a Python file to run there")
    arguments = parser.parse_args()
    with errors_in_one_line():
        smoke(**vars(arguments))
