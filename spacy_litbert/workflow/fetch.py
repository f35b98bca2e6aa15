"""Bring the files of one corpus into assets/CORPUS: one file each for train, dev and test, as far as it has them.

They come from the public addresses in project.yml of the current folder, or with ``--data`` from
CORPUS/train.jsonl.gz, dev.… and test.… in a folder or on a web server. Only what an earlier fetch put there is
replaced or removed; .CORPUS.fetched.json beside the folder remembers it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

import srsly

from ..command_line import errors_in_one_line
from ..corpora.read import READERS
from ..errors import Errors, LitBertError
from ..files import check_file, file_checksum, read_json, replacing
from .records import read_record

SPLITS = ("train", "dev", "test")
TIMEOUT = 60  # seconds without a byte
ENDINGS = [ending + packed for ending in READERS for packed in ("", ".gz")]


def fetch(corpus: str, data: str, project: Path) -> list[Path]:
    """Fetch the files of a corpus into the folder ``project``; return where they are.

    They are one for each split that corpora.json has on record, else for train, dev and test. What is there from a
    public address is kept.

    Raises LitBertError L406 if a split has no file at its source, or several, L410 if ``data`` is the project's own
    folder ``corpus``, L412 if the source can't be reached, and L621 for a file of a split that no fetch put there.
    """
    if data and not _is_web(data) and Path(data).expanduser().resolve() == (project / "corpus").resolve():
        raise LitBertError(Errors.L410.format(path=data))
    folder = project / "assets" / corpus
    makers: dict[str, Callable[[Path], None]] = {}
    records = project / "corpora.json"
    record = read_record(records, corpus) if records.is_file() else {}
    for split in record.get("splits", SPLITS):
        address = _address_in(data, corpus, split) if data else _public_address(project, corpus, split)
        makers[f"{split}{_ending(address)}"] = partial(_copy, address)
    place(folder, makers, keep=not data)
    return [folder / name for name in makers]


def place(folder: Path, makers: dict[str, Callable[[Path], None]], *, keep: bool = False) -> None:
    """Fill the folder of a corpus with one file for each split; those of earlier calls go.

    makers: for each file name what writes the file to a path.
    keep: leave what has the right name as it is.

    Raises LitBertError L621 for a file in the way that no earlier call wrote, before any work starts.
    """
    known = _read_record(folder)
    missing = {name: make for name, make in makers.items() if not (keep and (folder / name).exists())}
    old = [path for path in _split_files(folder) if path.name in missing or path.name not in makers]
    for path in old:
        if file_checksum(path) not in known.get(path.name, []):
            raise LitBertError(Errors.L621.format(path=path))
    for name, make in missing.items():
        with replacing(folder / name) as unfinished:
            make(unfinished)
            known[name] = [*known.get(name, [])[-1:], file_checksum(unfinished)]
            with replacing(_record(folder)) as record:
                record.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf8")
    for path in old:
        if path.name not in makers:
            path.unlink()


def split_file(folder: Path, split: str) -> Path:
    """Find the one file of a split. Raises LitBertError L406 if there is none, or several."""
    found = [folder / f"{split}{ending}" for ending in ENDINGS if (folder / f"{split}{ending}").is_file()]
    if len(found) != 1:
        raise _not_one([path.name for path in found], folder.name, split, str(folder))
    return found[0]


def download(address: str, target: Path) -> None:
    """Copy what is at a web address or a path to ``target``; it appears when it is whole. Raises L412."""
    with replacing(target) as unfinished:
        _copy(address, unfinished)


def _copy(address: str, target: Path) -> None:
    print(f"{address} → {target.name.removesuffix('.partial')}")
    if not _is_web(address):
        shutil.copyfile(address, target)
        return
    try:
        with _opened(address) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
            missing = getattr(source, "length", None)  # of what was announced: a broken connection reads like the end
    except (HTTPError, TimeoutError) as error:
        raise LitBertError(Errors.L412.format(address=address, reason=error)) from None
    if missing:
        raise LitBertError(Errors.L412.format(address=address, reason=f"the last {missing:,} bytes did not come"))


def _opened(address: str) -> Any:
    """Open a web address, which may have any characters in its path. Raises HTTPError for an answer that is no file."""
    try:
        return urllib.request.urlopen(quote(address, safe=":/?&=%"), timeout=TIMEOUT)
    except HTTPError:
        raise
    except URLError as error:
        raise LitBertError(Errors.L412.format(address=address, reason=error.reason)) from None


def _split_files(folder: Path) -> list[Path]:
    return [path for split in SPLITS for ending in ENDINGS if (path := folder / f"{split}{ending}").is_file()]


def _record(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.fetched.json")


def _read_record(folder: Path) -> dict[str, list[str]]:
    """Read the checksums of what was put there, by name; the last two, for calls that were cut off.

    A record that can't be read says nothing, so that no file is taken for one of an earlier fetch.
    """
    try:
        known = read_json(_record(folder))
    except LitBertError:
        return {}
    return {name: checksums for name, checksums in known.items() if isinstance(checksums, list)}


def _public_address(project: Path, corpus: str, split: str) -> str:
    check_file(project / "project.yml")
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
            _opened(address).close()
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
    with errors_in_one_line():
        fetch(arguments.corpus, arguments.data, Path.cwd())
