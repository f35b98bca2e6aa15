"""The formats that annotations are written in: for each, what becomes of a Doc, and how a file is made of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from spacy.tokens import Doc, DocBin

from ..docs import categories_of, document_of
from ..document import Document, problem_of
from ..jsonl import jsonl_line
from . import bioc_json, bioc_xml
from .brat import brat_files
from .limits import cannot_hold, check_id
from .parquet import check_parquet, parquet_row, write_parquet
from .pubtator import pubtator_block

Encode = Callable[[Doc, str | None], Any]  # a Doc, and the key of the group of spans to write, if not doc.ents
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
    encode: Encode
    write: Callable[[Path, Iterable[Any]], None]
    unique: bool = False
    check: Callable[[], None] = lambda: None


def _text(ending: str, encode: Encode, *, head: str = "", between: str = "", tail: str = "") -> Output:
    def write(path: Path, parts: Iterable[str]) -> None:
        with path.open("w", encoding="utf8", newline="") as file:
            file.write(head)
            for i, part in enumerate(parts):
                file.write(between + part if i else part)
            file.write(tail)

    return Output(ending, encode, write)


def _document_by(encode: Callable[[Document], Any]) -> Encode:
    """Return what encodes the document that a Doc is, without its categories."""
    return lambda doc, spans_key: encode(_document(doc, spans_key))


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


def _jsonl(doc: Doc, spans_key: str | None) -> str:
    document = _document(doc, spans_key)
    return jsonl_line(document, cats=_categories(doc, document)) if doc.cats else jsonl_line(document)


def _parquet(doc: Doc, spans_key: str | None) -> dict[str, Any]:
    document = _document(doc, spans_key)
    return {**parquet_row(document), "cats": [*_categories(doc, document).items()]}


def _categories(doc: Doc, document: Document) -> dict[str, float]:
    """Return the categories of a Doc. Raises LitBertError L624 for a score that is no finite number."""
    categories = categories_of(doc)
    for label, score in categories.items():
        if not isfinite(score):
            way_out = "Correct the component that gives it."
            raise cannot_hold("A file of annotations", f"the score {score}", document, label, way_out)
    return categories


def _write_brat(path: Path, parts: Iterable[dict[str, str]]) -> None:
    path.mkdir(exist_ok=True)
    for files in parts:
        for name, content in files.items():
            with (path / name).open("x", encoding="utf8", newline="") as file:  # two documents can't share a name
                file.write(content)


def _cleaned(doc: Doc, spans_key: str | None) -> Doc:
    """Drop vectors and other user data, which can be large or have no form on disk."""
    document = _named(doc, spans_key)
    kept = {key: value for key, value in doc.user_data.items() if isinstance(key, tuple) and key[1] in _KEPT}
    doc.user_data.clear()
    doc.user_data.update(kept)
    for name, group in doc.spans.items():
        try:
            group.to_bytes()
        except TypeError as error:
            raise cannot_hold("A DocBin", f"the attrs of the spans {name!r}", document, str(error)) from None
    doc.tensor = np.zeros(0, dtype="float32")
    return doc


def _write_docbin(path: Path, docs: Iterable[Doc]) -> None:
    path.write_bytes(DocBin(docs=docs, store_user_data=True).to_bytes())


OUTPUTS: dict[str, Output] = {
    "jsonl": _text(".jsonl", _jsonl),
    "pubtator": _text(".pubtator", _document_by(pubtator_block)),
    "bioc-xml": _text(".xml", _document_by(bioc_xml.bioc_xml), head=bioc_xml.HEAD, tail=bioc_xml.TAIL),
    "bioc-json": _text(
        ".json",
        _document_by(bioc_json.bioc_json),
        head=bioc_json.HEAD,
        between=bioc_json.BETWEEN,
        tail=bioc_json.TAIL,
    ),
    "brat": Output("", _document_by(brat_files), _write_brat, unique=True),
    "docbin": Output(".spacy", _cleaned, _write_docbin),
    "parquet": Output(".parquet", _parquet, write_parquet, check=check_parquet),
}
