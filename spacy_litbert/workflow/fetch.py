"""Bring the files of one corpus into assets/CORPUS: one file each for train, dev and test.

They come from the public addresses in project.yml of the current folder, or with ``--data`` from
CORPUS/train.jsonl.gz, dev.… and test.… in a folder or on a web server.
"""

from __future__ import annotations

import argparse
import shutil
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import srsly

from ..corpora.read import READERS
from ..errors import Errors, LitBertError
from ..files import replacing

SPLITS = ("train", "dev", "test")
ENDINGS = [ending + packed for ending in READERS for packed in ("", ".gz")]


def fetch(corpus: str, data: str, project: Path) -> list[Path]:
    """Fetch the three files into the folder ``project``; returns where they are.

    What is there from a public address is kept.

    Raises LitBertError L406 if a split has no file at its source, or several.
    """
    folder = project / "assets" / corpus
    files = []
    for split in SPLITS:
        address = _address_in(data, corpus, split) if data else _public_address(project, corpus, split)
        target = folder / f"{split}{_ending(address)}"
        if data or not target.exists():
            download(address, target)
        for other in folder.glob(f"{split}.*"):
            if other != target:
                other.unlink()
        files.append(target)
    return files


def split_file(folder: Path, split: str) -> Path:
    """The one file of a split. Raises LitBertError L406 if there is none, or several."""
    found = [folder / f"{split}{ending}" for ending in ENDINGS if (folder / f"{split}{ending}").is_file()]
    if len(found) != 1:
        raise _not_one([path.name for path in found], folder.name, split, str(folder))
    return found[0]


def download(address: str, target: Path) -> None:
    """Copy what is at a web address or a path to ``target``; it appears when it is whole."""
    print(f"{address} → {target}")
    with replacing(target) as partial:
        if _is_web(address):
            with urllib.request.urlopen(address) as source, partial.open("wb") as file:
                shutil.copyfileobj(source, file)
        else:
            shutil.copyfile(address, partial)


def _public_address(project: Path, corpus: str, split: str) -> str:
    assets = srsly.read_yaml(project / "project.yml")["assets"]
    found = [asset["url"] for asset in assets if asset["dest"].startswith(f"assets/{corpus}/{split}.")]
    if len(found) != 1:
        raise _not_one(found, corpus, split, "the assets of project.yml")
    return str(found[0])


def _address_in(data: str, corpus: str, split: str) -> str:
    if not _is_web(data):
        return str(split_file(Path(data).expanduser() / corpus, split))
    for ending in ENDINGS:
        address = f"{data.rstrip('/')}/{corpus}/{split}{ending}"
        try:
            urllib.request.urlopen(address).close()
            return address
        except HTTPError:
            continue
    raise _not_one([], corpus, split, data)


def _ending(address: str) -> str:
    path = Path(address.lower())
    return f"{path.with_suffix('').suffix}.gz" if path.suffix == ".gz" else path.suffix


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))


def _not_one(found: list[str], corpus: str, split: str, place: str) -> LitBertError:
    names = ", ".join(found) or "no file"
    return LitBertError(
        Errors.L406.format(found=names, split=split, corpus=corpus, place=place, choices=", ".join(ENDINGS))
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--data", default="", help="a folder or address that holds CORPUS/train.… and so on")
    arguments = parser.parse_args()
    fetch(arguments.corpus, arguments.data, Path.cwd())
