"""A checksum of what documents say, whatever file they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from .document import Document


def content_digest(documents: Iterable[Document]) -> str:
    """Return the SHA-256 of the documents' ids, texts and mentions, in hexadecimal.

    The order of documents and of mentions does not count, and neither do concept ids or the file format:
    a corpus read from PubTator and from JSONL has one digest.
    """
    lines = sorted(_canonical(document) for document in documents)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _canonical(document: Document) -> bytes:
    entities = sorted({(mention.start, mention.end, mention.label) for mention in document.entities})
    return json.dumps([document.id, document.text, entities], separators=(",", ":")).encode("ascii")
