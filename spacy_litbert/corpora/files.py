"""Read corpus files, plain or compressed: their bytes, their lines, and JSON objects on lines."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ..errors import Errors, LitBertError
from ..files import check_file

LONGEST_LINE = 1 << 26  # bytes
COMPRESSED = (".gz", ".xz", ".bz2")
_FORMATS = (".jsonl", ".json", ".xml", ".nxml", ".txt", ".pubtator", ".tsv", ".tar", ".spacy")
_CHUNK = 1 << 16
_XZ_MEMORY = 1 << 29
_CUT = "it ends before its end mark"
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)


def format_of(path: Path) -> str:
    """Tell a format by the ending, in lower case and without that of the compression: ``.jsonl`` of ``A.JSONL.gz``."""
    return Path(path.stem if path.suffix.lower() in COMPRESSED else path.name).suffix.lower()


def bare_name(path: Path) -> str:
    """Return the file's name without the endings that tell its format: ``a.xml`` of ``a.xml.txt.gz``."""
    name = path.stem if path.suffix.lower() in COMPRESSED else path.name
    return Path(name).stem if Path(name).suffix.lower() in _FORMATS else name


def files_below(folder: Path, endings: Collection[str]) -> list[Path]:
    """Find the files of these endings in a folder and those in it, linked ones too, by their names; not hidden ones.

    Raises LitBertError as ``check_file`` does for one that is no file, and L222 for a folder that can't be read.
    """

    def refuse(error: OSError) -> None:
        raise LitBertError(Errors.L222.format(path=error.filename, reason=error.strerror))

    found = []
    read = set()
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in read else [name for name in folders if not name.startswith(".")]
        if real not in read:
            found += [Path(place, name) for name in names if not name.startswith(".")]
        read.add(real)
    paths = sorted(path for path in found if format_of(path) in endings)
    for path in paths:
        check_file(path)
    return paths


@contextmanager
def open_corpus(
    path: Path, member: IO[bytes] | None = None, *, on_open: Callable[[IO[bytes]], None] = lambda file: None
) -> Iterator[IO[bytes]]:
    """Open the decompressed bytes of a file; the ending tells the compression (``.gz``, ``.xz``, ``.bz2``).

    member: what to read instead of the file on disk, when ``path`` is a place inside an archive.
    on_open: called with the file on disk once it is open; its place tells how much of it has been read.

    Raises LitBertError as ``check_file`` does and, while it is read, L207 for damage.
    """
    try:
        if member is None:
            check_file(path)
            with path.open("rb") as file, _decompressed(file, path) as stream:
                on_open(file)
                yield stream
        else:
            with _decompressed(member, path) as stream:
                yield stream
    except PermissionError as error:
        raise LitBertError(Errors.L222.format(path=path, reason=error.strerror)) from None
    except _DAMAGED as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file with their numbers from 1, without line ends.

    Raises LitBertError L207 if the file can't be read, L401 for a line that is not UTF-8 or too long.
    """
    with open_corpus(path) as stream:
        yield from lines_of(stream, path)


def lines_of(stream: IO[bytes], path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of an open file, as ``numbered_lines`` does.

    path: what errors call it.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise line_error(path, number, f"it is longer than {LONGEST_LINE >> 20} MB. Give each document its lines.")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf8")
        except UnicodeDecodeError as error:
            raise line_error(path, number, f"it is not UTF-8 ({error.reason}). Save the file as UTF-8.") from None
        yield number, text.removesuffix("\n").removesuffix("\r")


def numbered_objects(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file of JSON lines that are not blank, with their numbers."""
    return ((number, line) for number, line in numbered_lines(path) if line.strip())


def json_object(line: str) -> dict[str, Any]:
    """Read a line that holds one JSON object. Raises ValueError for anything else, and as ``json_value`` does."""
    data = json_value(line)
    if not isinstance(data, dict):
        raise ValueError("it must be a JSON object.")
    return data


def json_value(line: str) -> Any:
    """Read a line of JSON.

    Raises ValueError for anything else, for a key that stands in an object twice, for nesting without end and
    for half a surrogate pair, written as ``\\ud800``, which is no text.
    """
    try:
        data = _DECODER.decode(line)
        if "\\u" in line:
            json.dumps(data, ensure_ascii=False).encode("utf8")
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    return data


def line_error(path: Path, line: int, problem: object) -> LitBertError:
    """Make the error L401 for a line of a file."""
    return LitBertError(Errors.L401.format(path=path, line=line, problem=problem))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        doubled = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {doubled!r} stands in one object twice.")
    return data


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


@contextmanager
def _decompressed(stream: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    ending = path.suffix.lower()
    if ending == ".gz":
        if not cast(Any, stream).peek(1):  # which Python's own reader takes for a stream of nothing
            raise EOFError(_CUT)
        with gzip.GzipFile(fileobj=stream, mode="rb") as unzipped:
            yield cast(IO[bytes], unzipped)
    elif ending == ".xz":
        yield io.BufferedReader(_Streams(stream, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)), _CHUNK)
    elif ending == ".bz2":
        yield io.BufferedReader(_Streams(stream, bz2.BZ2Decompressor), _CHUNK)
    else:
        yield stream


class _Streams(io.RawIOBase):
    """All compressed streams of a file, end to end.

    Python's own readers of ``.xz`` and ``.bz2`` end in silence before a damaged stream that is not the first.
    """

    def __init__(self, stream: IO[bytes], make_decompressor: Callable[[], Any]) -> None:
        self._stream = stream
        self._make_decompressor = make_decompressor
        self._current = make_decompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            chunk = b""
            if self._current.eof:
                chunk = self._next_stream()
                if not chunk:
                    return 0
                self._current = self._make_decompressor()
            elif self._current.needs_input:
                chunk = self._stream.read(_CHUNK)
                if not chunk:
                    raise EOFError(_CUT)
            data = self._current.decompress(chunk, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next_stream(self) -> bytes:
        rest: bytes = self._current.unused_data.lstrip(b"\0")  # zeros may stand between streams
        while not rest and (chunk := self._stream.read(_CHUNK)):
            rest = chunk.lstrip(b"\0")
        return rest
