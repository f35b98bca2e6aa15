"""What is answered for a text: the document that JSONL files hold, with the words of mentions, spans and categories."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc

from ..corpora.docs import categories_of, document_of, identified, mentions_of
from ..corpora.document import Document, Mention
from ..corpora.jsonl import jsonl_row, mention_row


def answer(doc: Doc, text_id: str) -> bytes:
    """Return what a Doc says as a JSON object, in UTF-8.

    Raises ValueError for a confidence or a score that is no finite number, which JSON does not have.
    """
    document = document_of(identified(doc, Document(text_id, doc.text, ())))
    row = {**jsonl_row(document), "entities": _rows(doc.text, document.entities)}
    if doc.spans:
        row["spans"] = {name: _rows(doc.text, mentions_of(group, document)) for name, group in doc.spans.items()}
    if doc.cats:
        row["cats"] = categories_of(doc)
    return encoded(row)


def encoded(data: Any) -> bytes:
    """Return the JSON of an answer, in UTF-8. Raises ValueError for what JSON does not have."""
    # Half a surrogate pair, as messages of the operating system may have it, is escaped as JSON does it.
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf8", "backslashreplace")


def _rows(text: str, mentions: Iterable[Mention]) -> list[dict[str, Any]]:
    return [{**mention_row(one), "text": text[one.start : one.end]} for one in mentions]
