"""The record of a run in its folder: what it was begun with, then a line for each shard that is done.

A line is appended when the shard's files have their names, so what the manifest says is there; what it does not say is
made again. A line that a killed process left unfinished is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ..corpora.files import line_error
from ..errors import Errors, LitBertError
from ..files import json_text
from ..targets import only
from .shards import Place

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = "manifest.jsonl"
_HEAD = b'{"spacy_litbert": '  # of the first line
_FILES = (NAME, "part-*", "rejects-*", ".part-*", ".rejects-*")


@dataclass(frozen=True)
class Done:
    """A finished shard.

    documents: how many were annotated; rejected: how many were not.
    words: of the texts, at white space; entities: that were found.
    file, bytes, sha256: what was written; of a folder, of all files in it.
    end: the place behind the shard's last document.
    """

    shard: int
    documents: int
    rejected: int
    words: int
    entities: int
    file: str
    bytes: int
    sha256: str
    end: Place


class Manifest:
    """An open manifest; ``done`` holds what it said when it was opened and what was added since."""

    def __init__(self, stream: IO[bytes], done: dict[int, Done]) -> None:
        self._stream = stream
        self.done = done

    def add(self, shard: Done) -> None:
        """Append a finished shard; the line is on the disk when this returns."""
        _append(self._stream, asdict(shard))
        self.done[shard.shard] = shard

    def next_place(self) -> tuple[int, Place]:
        """Return number and place of the first shard that is not done."""
        number, place = 0, Place()
        while number in self.done:
            place = self.done[number].end
            number += 1
        return number, place


@contextmanager
def opened(folder: Path, settings: dict[str, Any]) -> Iterator[Manifest]:
    """Open the manifest in a folder for this process alone, or begin one.

    Of the shards it names, those whose file is gone or has another size are not done.

    Raises LitBertError L626 if shards were made with other settings, L627 if another process has it open, L401 for a
    line that is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+b") as stream:
        _lock(stream, folder)
        stream.seek(0)
        content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        first, *lines = whole.splitlines() or [b""]
        if len(whole) < len(content) or not lines:
            stream.truncate(len(whole) if lines else 0)
        if not lines:
            _append(stream, settings)
        else:
            _compare(json.loads(first), json.loads(json.dumps(settings)), folder)
        done = [_done(folder / NAME, number, line) for number, line in enumerate(lines, 2)]
        yield Manifest(stream, {one.shard: one for one in done if size_of(folder / one.file) == one.bytes})


def begun(folder: Path) -> dict[str, Any] | None:
    """Return what the run in a folder was begun with; None if there is no run."""
    path = folder / NAME
    if not path.is_file():
        return None
    with path.open("rb") as stream, suppress(ValueError):
        settings: dict[str, Any] = json.loads(stream.readline())
        return settings
    return None


def made(folder: Path) -> str | None:
    """Say what speaks against a folder's being one of annotations; None if nothing does."""
    path = folder / NAME
    if not path.is_file():
        return f"it has no {NAME}"
    with path.open("rb") as stream, suppress(ValueError):
        line = stream.readline()
        if line.endswith(b"\n"):  # else a killed process may have left it unfinished
            json.loads(line)
        if _HEAD.startswith(line[: len(_HEAD)]):
            return only(*_FILES)(folder)
    return f"its {NAME} is not that of annotations"


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; -1 if there is none."""
    if path.is_dir():
        return sum(one.stat().st_size for one in path.iterdir())
    return path.stat().st_size if path.is_file() else -1


def _done(path: Path, number: int, line: bytes) -> Done:
    try:
        row = json.loads(line)
        return Done(**{**row, "end": Place(**row["end"])})
    except (ValueError, TypeError, KeyError) as error:
        problem = f"it is damaged ({error}). Remove the line; then the same command makes its shard again."
        raise line_error(path, number, problem) from None


def _compare(begun: dict[str, Any], settings: dict[str, Any], folder: Path) -> None:
    for name in (*begun, *settings):
        expected, found = begun.get(name), settings.get(name)
        if expected != found:
            if isinstance(expected, list) and isinstance(found, list):
                expected, found = _first_difference(expected, found)
            raise LitBertError(Errors.L626.format(path=folder, name=name, expected=expected, found=found))


def _first_difference(one: list[Any], other: list[Any]) -> tuple[Any, Any]:
    if len(one) != len(other):
        return f"of {len(one)} files", f"of {len(other)}"
    return next((a, b) for a, b in zip(one, other) if a != b)


def _append(stream: IO[bytes], row: dict[str, Any]) -> None:
    stream.write(json_text(row).encode("utf8") + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


def _lock(stream: IO[bytes], folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LitBertError(Errors.L627.format(path=folder)) from None
    except OSError:  # a file system without locks
        return
