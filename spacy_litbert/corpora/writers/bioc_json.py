"""Write documents as a BioC JSON collection, one a line."""

from __future__ import annotations

import json

from ..bioc import bioc_data
from ..document import Document
from .limits import cannot_hold

HEAD = '{"source": "spacy-litbert", "date": "", "key": "", "infons": {}, "documents": [\n'
BETWEEN = ",\n"
TAIL = "\n]}\n"


def bioc_json(document: Document) -> str:
    """Return the object of a document, without a line end. Raises LitBertError L624 for text between passages."""
    try:
        data = bioc_data(document)
    except ValueError as error:
        raise cannot_hold("BioC", "such passages", document, str(error)) from None
    return json.dumps(data, ensure_ascii=False)
