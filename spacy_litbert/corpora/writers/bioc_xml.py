"""Write documents as BioC XML (http://bioc.sourceforge.net)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ..bioc import bioc_data
from ..document import Document
from .limits import cannot_hold

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
    "<collection>\n<source>spacy-litbert</source>\n<date></date>\n<key></key>\n"
)
TAIL = "</collection>\n"
_NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def bioc_xml(document: Document) -> str:
    """Return the element of a document. Raises LitBertError L624 for characters that XML does not have."""
    try:
        data = bioc_data(document)
    except ValueError as error:
        raise cannot_hold("BioC", "such passages", document, str(error)) from None
    element = "".join(_document(data))
    if found := _NO_XML.search(element):
        raise cannot_hold("BioC XML", "control characters", document, element[max(0, found.start() - 20) : found.end()])
    return element


def _document(data: dict[str, Any]) -> Iterator[str]:
    yield f"<document>\n<id>{_text(data['id'])}</id>\n"
    for passage in data["passages"]:
        yield f"<passage>\n{_infons(passage['infons'])}<offset>{passage['offset']}</offset>\n"
        yield f"<text>{_text(passage['text'])}</text>\n"
        for annotation in passage["annotations"]:
            [place] = annotation["locations"]
            yield f"<annotation id={quoteattr(annotation['id'])}>{_infons(annotation['infons'])}"
            yield f'<location offset="{place["offset"]}" length="{place["length"]}"/>'
            yield f"<text>{_text(annotation['text'])}</text></annotation>\n"
        yield "</passage>\n"
    yield "</document>\n"


def _infons(infons: Mapping[str, str]) -> str:
    return "".join(f"<infon key={quoteattr(key)}>{_text(value)}</infon>\n" for key, value in infons.items())


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})  # which a parser would take for a line end
