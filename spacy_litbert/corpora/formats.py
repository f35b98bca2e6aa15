"""Tell the format of a file of documents, and read it for annotation: one unreadable document does not end the rest.

- ``.jsonl``: documents, or text as pretraining reads it
- ``.pubtator``, and ``.txt`` that begins with ``id|t|``: PubTator
- ``.json``: BioC JSON; ``.xml``, ``.nxml``: BioC XML, PubMed's files and JATS
- ``.tsv``: tokens with IOB2 tags
- ``.txt``: plain text, one document a file; with an ``.ann`` file beside it, BRAT's standoff
- ``.tar``: any of these inside

All but the last may be compressed (``.gz``, ``.xz``, ``.bz2``), archives as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from glob import glob
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from ..errors import Errors, LitBertError
from ..files import check_file
from .archive import members
from .bioc_json import bioc_json_items, bioc_json_text_items
from .brat import brat_items, plain_items
from .document import Item
from .files import files_below, format_of, open_corpus
from .iob import iob_items
from .jsonl import jsonl_items, jsonl_text_items
from .pubtator import pubtator_items, pubtator_text_items
from .xml_documents import bioc_xml_items, xml_items

Reader = Callable[[IO[bytes], Path], Iterator[Item]]

_HEAD = 4096  # bytes
_PUBTATOR = re.compile(rb"\s*[^|\s][^|\t\n]*\|t\|")


def find_files(inputs: Iterable[str | Path]) -> list[Path]:
    """Find the files that paths, folders and glob patterns name, each once; those of a folder by their names.

    Of a folder, hidden files and those of unknown endings are passed over; links are followed.

    Raises LitBertError L224 for an input that names no file, L403 for a file that was named and has another ending,
    and as ``files_below`` does.
    """
    found: dict[str, Path] = {}
    for one in map(str, inputs):
        named = [Path(one)] if os.path.lexists(one) else sorted(map(Path, glob(one, recursive=True)))
        paths = list(chain.from_iterable(_files(path) for path in named))
        if not paths:
            raise LitBertError(Errors.L224.format(path=one))
        for path in paths:
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def would_find(pattern: str | Path, path: Path) -> bool:
    """Tell whether a glob pattern of ``find_files`` names a path, or a folder that the path lies in, were it there."""
    parts = Path(os.path.abspath(pattern)).parts
    place = Path(os.path.abspath(path))
    return any(_fits(one.parts, parts) for one in (place, *place.parents))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_fits(parts[i:], rest) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch(parts[0], first) and _fits(parts[1:], rest)


def text_items(path: Path, on_open: Callable[[IO[bytes]], None] = lambda file: None) -> Iterator[Item]:
    """Yield the documents of a file for annotation; for each that can't be read, the error instead.

    Damage after which nothing more can be read ends the file with one error. So does a file without documents (L408),
    or one in an archive, whose other files are read.

    on_open: as of ``open_corpus``.
    """
    return _until_damage(path, _TEXTS, on_open)


def mention_items(path: Path) -> Iterator[Item]:
    """Yield the documents of a file with their mentions, and errors as ``text_items`` does; mere text is none."""
    return _until_damage(path, _MENTIONS)


def _until_damage(
    path: Path, readers: dict[str, Reader], on_open: Callable[[IO[bytes]], None] = lambda file: None
) -> Iterator[Item]:
    try:
        with open_corpus(path, on_open=on_open) as stream:
            yield from _any(_read(stream, path, readers), path)
    except LitBertError as error:
        yield error


def _read(stream: IO[bytes], path: Path, readers: dict[str, Reader]) -> Iterator[Item]:
    ending = format_of(path)
    if ending == ".tar":
        for name, content in members(stream):
            place = path / name.lstrip("/")
            if format_of(place) in readers:
                with open_corpus(place, content) as member:
                    yield from _any(_read(member, place, readers), place)
    elif ending == ".txt":
        head: bytes = cast(Any, stream).peek(_HEAD)  # every stream that ``open_corpus`` and ``members`` give can
        yield from readers[".pubtator" if _PUBTATOR.match(head) else ending](stream, path)
    else:
        yield from readers[ending](stream, path)


def _any(items: Iterable[Item], path: Path) -> Iterator[Item]:
    """Yield the items of a file; if there are none, the error L408."""
    item = None
    for item in items:
        yield item
    if item is None:
        yield LitBertError(Errors.L408.format(path=path, format=format_of(path)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if format_of(path) not in KNOWN:
            raise LitBertError(Errors.L403.format(path=path, choices=", ".join(KNOWN)))
        check_file(path)
        return [path]
    return files_below(path, KNOWN)


_MENTIONS: dict[str, Reader] = {
    ".jsonl": jsonl_items,
    ".pubtator": pubtator_items,
    ".json": bioc_json_items,
    ".xml": bioc_xml_items,
    ".nxml": bioc_xml_items,
    ".tsv": iob_items,
    ".txt": brat_items,
}
_TEXTS: dict[str, Reader] = {
    **_MENTIONS,
    ".jsonl": jsonl_text_items,
    ".pubtator": pubtator_text_items,
    ".json": bioc_json_text_items,
    ".xml": xml_items,
    ".nxml": xml_items,
    ".txt": plain_items,
}
KNOWN = (*_TEXTS, ".tar")
