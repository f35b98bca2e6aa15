"""Read a corpus file of any known format into documents: the ending tells the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import Errors, LitBertError
from .bioc_json import read_bioc_json
from .document import Document
from .files import format_of
from .iob import read_iob
from .jsonl import read_jsonl
from .pubtator import read_pubtator
from .xml_documents import read_bioc_xml

Reader = Callable[[Path], Iterator[Document]]

READERS: dict[str, Reader] = {
    ".jsonl": read_jsonl,
    ".tsv": read_iob,
    ".pubtator": read_pubtator,
    ".txt": read_pubtator,
    ".xml": read_bioc_xml,
    ".json": read_bioc_json,
}


def read_documents(path: Path, labels: Mapping[str, str] | None = None) -> Iterator[Document]:
    """Read a ``.jsonl``, ``.tsv`` (IOB2), ``.pubtator`` or ``.txt`` (PubTator), ``.xml`` or ``.json`` (BioC) file.

    It may be compressed.

    labels: the label wanted for each label in the file; those not named stay as they are.

    Yields its documents. One that stands in the file twice word for word is yielded once (NCBI-disease has one).

    Raises LitBertError L403 for another ending, L402 for different documents with the same id, L408 for a file
    without documents, and what the readers raise.
    """
    reader = READERS.get(format_of(path))
    if reader is None:
        raise LitBertError(Errors.L403.format(path=path, choices=", ".join(READERS)))
    yield from read_with(reader, path, labels)


def read_with(reader: Reader, path: Path, labels: Mapping[str, str] | None = None) -> Iterator[Document]:
    """Read a file with a reader, as ``read_documents`` does whatever its ending is."""
    seen: dict[str, int] = {}
    for document in reader(path):
        if document.id not in seen:
            seen[document.id] = _content(document)
            yield _renamed(document, labels or {})
        elif seen[document.id] != _content(document):
            raise LitBertError(Errors.L402.format(path=path, ids=document.id))
    if not seen:
        raise LitBertError(Errors.L408.format(path=path, format=format_of(path)))


def read_each(reader: Reader, paths: Iterable[Path]) -> Iterator[Document]:
    """Read several files; one document that stands in two of them word for word is yielded once.

    Not so the sentences of IOB2, which every file numbers from 1.
    """
    seen: set[tuple[str, int]] = set()
    for path in paths:
        for document in read_with(reader, path):
            key = document.id, _content(document)
            if key not in seen or format_of(path) == ".tsv":
                yield document
            seen.add(key)


def _content(document: Document) -> int:
    return hash((document, tuple(mention.concept_id for mention in document.entities)))


def _renamed(document: Document, labels: Mapping[str, str]) -> Document:
    entities = (replace(mention, label=labels.get(mention.label, mention.label)) for mention in document.entities)
    return replace(document, entities=tuple(sorted(entities)))
