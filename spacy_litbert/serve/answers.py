"""What is answered for a text: the document that JSONL files hold, with the words of mentions, spans and categories."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc, SpanGroup

from ..confidence import confidences
from ..corpora.docs import document_of, identified
from ..corpora.document import Document, Mention
from ..corpora.jsonl import jsonl_row, mention_row


def answer(doc: Doc, text_id: str) -> bytes:
    """Return what a Doc says as a JSON object, in UTF-8.

    Raises ValueError for a confidence or a score that is no finite number, which JSON does not have.
    """
    document = document_of(identified(doc, Document(text_id, doc.text, ())))
    row = {**jsonl_row(document), "entities": _rows(doc.text, document.entities)}
    if doc.spans:
        row["spans"] = {name: _rows(doc.text, _mentions(group, document)) for name, group in doc.spans.items()}
    if doc.cats:
        row["cats"] = {label: float(score) for label, score in doc.cats.items()}
    return encoded(row)


def encoded(data: Any) -> bytes:
    """Return the JSON of an answer, in UTF-8. Raises ValueError for what JSON does not have."""
    # Half a surrogate pair, as messages of the operating system may have it, is escaped as JSON does it.
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf8", "backslashreplace")


def _mentions(group: SpanGroup, document: Document) -> list[Mention]:
    """Return the spans of a group by place; one that is an entity as well has the entity's concept id."""
    concepts = {(one.start, one.end, one.label): one.concept_id for one in document.entities}
    mentions = []
    for span, score in zip(group, confidences(group)):
        place = (span.start_char, span.end_char, span.label_)
        # Not ``ent_id_``, which is that of the entity around the span's root.
        mentions.append(Mention(*place, span.kb_id_ or span.id_ or concepts.get(place, ""), score))
    return sorted(mentions)


def _rows(text: str, mentions: Iterable[Mention]) -> list[dict[str, Any]]:
    return [{**mention_row(one), "text": text[one.start : one.end]} for one in mentions]
