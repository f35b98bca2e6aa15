"""Read and write documents as JSON lines.

    {"id": "8701013", "text": "Famotidine-associated delirium.",
     "entities": [{"start": 0, "end": 10, "label": "Chemical"}]}

One document a line. Offsets count characters (Unicode code points). A mention may have ``"ids"``, a list of the
concepts that it stands for; other keys are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..files import replacing
from .document import Document, Mention, problem_of
from .files import json_object, line_error, numbered_objects


def read_jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSONL file, plain or compressed.

    Raises LitBertError L401 for a line that is no such document.
    """
    for number, line in numbered_objects(path):
        try:
            yield _document(json_object(line))
        except ValueError as error:
            raise line_error(path, number, error) from None


def write_jsonl(path: Path, documents: Iterable[Document]) -> None:
    """Write documents so that ``read_jsonl`` reads the same; the file appears when it is whole."""
    with replacing(path) as partial, partial.open("w", encoding="utf8", newline="\n") as file:
        for document in documents:
            entities = [_plain(mention) for mention in document.entities]
            line = json.dumps({"id": document.id, "text": document.text, "entities": entities}, ensure_ascii=False)
            file.write(line + "\n")


def _document(data: dict[str, Any]) -> Document:
    document_id, text, entities = (data.get(key) for key in ("id", "text", "entities"))
    if type(document_id) not in (str, int) or not isinstance(text, str) or not isinstance(entities, list):
        raise ValueError('a document needs "id" (string or integer), "text" (string) and "entities" (list).')
    return Document(str(document_id), text, tuple(sorted(_mention(entity, text) for entity in entities)))


def _plain(mention: Mention) -> dict[str, Any]:
    plain: dict[str, Any] = {"start": mention.start, "end": mention.end, "label": mention.label}
    return {**plain, "ids": list(mention.ids)} if mention.ids else plain


def _mention(entity: Any, text: str) -> Mention:
    entity = entity if isinstance(entity, dict) else {}
    start, end, label = (entity.get(key) for key in ("start", "end", "label"))
    if type(start) is not int or type(end) is not int or not isinstance(label, str):  # true is an int in Python
        raise ValueError('a mention needs "start" and "end" (integers) and "label" (string).')
    ids = entity.get("ids") or []
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ValueError(f'"ids" of a mention must be a list of strings, found {str(ids)[:60]!r}.')
    mention = Mention(start, end, label, tuple(ids))
    if problem := problem_of(mention, text):
        raise ValueError(problem)
    return mention
