"""The formats that annotations are written in: for each, what becomes of a Doc, and how a file is made of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from spacy.tokens import Doc, DocBin

from ..docs import document_of
from ..document import Document, problem_of
from ..jsonl import jsonl_line
from . import bioc_json, bioc_xml
from .brat import brat_files
from .limits import cannot_hold, check_id
from .parquet import check_parquet, parquet_row, write_parquet
from .pubtator import pubtator_block

_KEPT = frozenset(["document_id", "passages", "confidence"])  # extensions whose values are written


@dataclass(frozen=True)
class Output:
    """A format.

    ending: of its files; "" for one that makes folders.
    encode: makes of a Doc what is written, with ``doc.ents`` or a group of ``doc.spans``; a DocBin has both.
        Raises LitBertError L624 for a Doc that the format can't hold, L634 for a group that it does not have.
    write: writes what ``encode`` made to a path that is not there yet, or an empty folder.
    unique: the documents of a file must have different ids.
    check: raises LitBertError if the format can't be written here.
    """

    ending: str
    encode: Callable[[Doc, str | None], Any]
    write: Callable[[Path, Iterable[Any]], None]
    unique: bool = False
    check: Callable[[], None] = lambda: None


def _text(
    ending: str, encode: Callable[[Document], str], *, head: str = "", between: str = "", tail: str = ""
) -> Output:
    def write(path: Path, parts: Iterable[str]) -> None:
        with path.open("w", encoding="utf8", newline="") as file:
            file.write(head)
            for i, part in enumerate(parts):
                file.write(between + part if i else part)
            file.write(tail)

    return Output(ending, lambda doc, key: encode(_document(doc, key)), write)


def _document(doc: Doc, spans_key: str | None) -> Document:
    """Return what a Doc says. Raises LitBertError L624 for mentions that no reader would take."""
    document = _named(doc, spans_key)
    for mention in document.entities:
        if problem := problem_of(mention, document.text):
            way_out = "Correct the component that finds it, or write other spans."
            raise cannot_hold("A file of annotations", "a mention", document, problem, way_out)
    return document


def _named(doc: Doc, spans_key: str | None) -> Document:
    document = document_of(doc, spans_key)
    check_id("A file of annotations", document)
    return document


def _write_brat(path: Path, parts: Iterable[dict[str, str]]) -> None:
    path.mkdir(exist_ok=True)
    for files in parts:
        for name, content in files.items():
            with (path / name).open("x", encoding="utf8", newline="") as file:  # two documents can't share a name
                file.write(content)


def _cleaned(doc: Doc, spans_key: str | None) -> Doc:
    """Drop vectors and other user data, which can be large or have no form on disk."""
    _named(doc, spans_key)
    kept = {key: value for key, value in doc.user_data.items() if isinstance(key, tuple) and key[1] in _KEPT}
    doc.user_data.clear()
    doc.user_data.update(kept)
    doc.tensor = np.zeros(0, dtype="float32")
    return doc


def _write_docbin(path: Path, docs: Iterable[Doc]) -> None:
    path.write_bytes(DocBin(docs=docs, store_user_data=True).to_bytes())


OUTPUTS: dict[str, Output] = {
    "jsonl": _text(".jsonl", jsonl_line),
    "pubtator": _text(".pubtator", pubtator_block),
    "bioc-xml": _text(".xml", bioc_xml.bioc_xml, head=bioc_xml.HEAD, tail=bioc_xml.TAIL),
    "bioc-json": _text(
        ".json", bioc_json.bioc_json, head=bioc_json.HEAD, between=bioc_json.BETWEEN, tail=bioc_json.TAIL
    ),
    "brat": Output("", lambda doc, key: brat_files(_document(doc, key)), _write_brat, unique=True),
    "docbin": Output(".spacy", _cleaned, _write_docbin),
    "parquet": Output(
        ".parquet", lambda doc, key: parquet_row(_document(doc, key)), write_parquet, check=check_parquet
    ),
}
