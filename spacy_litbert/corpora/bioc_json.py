"""Read BioC JSON: a collection, PubTator's exports, or a document a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..errors import Errors, LitBertError
from .bioc import bioc_document, bioc_text
from .document import Document, Item, attempt, strictly
from .files import json_object, json_value, line_error, open_corpus

LARGEST_COLLECTION = 1 << 30  # bytes


def read_bioc_json(path: Path) -> Iterator[Document]:
    """Yield the documents of a BioC JSON file, plain or compressed; see ``bioc_document``.

    The file is one object with a list ``documents`` (or ``PubTator3``, as PubTator exports it), a list of such objects
    (as BioC-PMC gives), or a line for each document. A collection is held in memory.

    Raises LitBertError L401 for what is no JSON, L409 for a document that does not fit together.
    """
    with open_corpus(path) as stream:
        yield from strictly(bioc_json_items(stream, path))


def bioc_json_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield what ``read_bioc_json`` does from an open file, and an error for each document that is none."""
    return _items(stream, path, bioc_document)


def bioc_json_text_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield the same documents for annotation, whatever is marked in them."""
    return _items(stream, path, bioc_text)


def _items(stream: IO[bytes], path: Path, make: Callable[[dict[str, Any]], Document]) -> Iterator[Item]:
    content = stream.read(LARGEST_COLLECTION)
    if len(content) == LARGEST_COLLECTION:
        raise line_error(path, 1, f"it is larger than {LARGEST_COLLECTION >> 30} GB. Divide it, or use BioC XML.")
    for number, data in enumerate(_documents(content, path), 1):
        yield data if isinstance(data, LitBertError) else attempt(partial(_document, data, path, number, make))


def _documents(content: bytes, path: Path) -> Iterator[Any]:
    """Yield the documents of a file; an error for each line that is none, in a file of lines."""
    try:
        text = content.decode("utf-8-sig")
        try:
            data = json_value(text)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data") or not _is_object(text.lstrip().split("\n", 1)[0]):
                raise
            yield from _lines(text, path)
            return
    except ValueError as error:
        raise line_error(path, getattr(error, "lineno", 1), error) from None
    for collection in data if isinstance(data, list) else [data]:
        yield from _of_collection(collection, path)


def _is_object(line: str) -> bool:
    try:
        json_object(line)
    except ValueError:
        return False
    return True


def _lines(text: str, path: Path) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json_object(line)
            except ValueError as error:
                yield line_error(path, number, getattr(error, "msg", error))


def _of_collection(data: Any, path: Path) -> list[Any]:
    found = data.get("documents", data.get("PubTator3")) if isinstance(data, dict) else None
    if found is None and isinstance(data, dict) and "passages" in data:
        return [data]
    if not isinstance(found, list):
        raise line_error(path, 1, 'it is no BioC collection: it has no list "documents".')
    return found


def _document(data: Any, path: Path, number: int, make: Callable[[dict[str, Any]], Document]) -> Document:
    try:
        if not isinstance(data, dict):
            raise ValueError("it must be a JSON object.")
        return make(data)
    except ValueError as error:
        raise LitBertError(Errors.L409.format(path=path, number=number, problem=error)) from None
