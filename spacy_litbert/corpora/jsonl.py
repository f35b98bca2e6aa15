"""Read and write documents as JSON lines.

    {"id": "8701013", "text": "Famotidine-associated delirium.",
     "entities": [{"start": 0, "end": 10, "label": "Chemical"}]}

One document a line. Offsets count characters (Unicode code points). A mention may have a "concept_id" (or several,
in a list "ids") and a "confidence", a document "passages": [{"start": 0, "end": 30, "kind": "title"}]. Other keys are
passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..files import replacing
from .document import Document, Item, Mention, Passage, attempt, problem_of, problem_of_passages, strictly
from .files import bare_name, json_object, line_error, lines_of, open_corpus
from .unlabelled_text import text_document


def read_jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSONL file, plain or compressed.

    Raises LitBertError L401 for a line that is no such document.
    """
    with open_corpus(path) as stream:
        yield from strictly(jsonl_items(stream, path))


def jsonl_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield what ``read_jsonl`` does from an open file, and an error for each line that is no document."""
    for number, line in lines_of(stream, path):
        if line.strip():
            yield attempt(partial(_at_line, path, number, line))


def jsonl_text_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield documents for annotation, of lines with or without mentions, and errors as ``jsonl_items`` does.

    A line may hold what pretraining reads as well: ``{"title", "paragraphs"}`` or ``{"title", "text"}``. Without an id,
    the file and the line are the id.
    """
    name = bare_name(path)
    for number, line in lines_of(stream, path):
        if line.strip():
            yield attempt(partial(_at_line, path, number, line, f"{name}:{number}"))


def write_jsonl(path: Path, documents: Iterable[Document]) -> None:
    """Write documents so that ``read_jsonl`` reads the same; the file appears when it is whole."""
    with replacing(path) as partial, partial.open("w", encoding="utf8", newline="\n") as file:
        for document in documents:
            file.write(jsonl_line(document))


def jsonl_line(document: Document, **more: Any) -> str:
    """Return the document as a line, with other keys behind its own; what is not known is left out."""
    return json.dumps({**jsonl_row(document), **more}, ensure_ascii=False) + "\n"


def jsonl_row(document: Document) -> dict[str, Any]:
    """Return what stands in the document's line, as keys and values."""
    row: dict[str, Any] = {"id": document.id, "text": document.text}
    if document.passages:
        row["passages"] = [{"start": one.start, "end": one.end, "kind": one.kind} for one in document.passages]
    row["entities"] = [mention_row(mention) for mention in document.entities]
    return row


def mention_row(mention: Mention) -> dict[str, Any]:
    """Return a mention as keys and values; what is not known is left out."""
    row: dict[str, Any] = {"start": mention.start, "end": mention.end, "label": mention.label}
    if mention.concept_id:
        row["concept_id"] = mention.concept_id
    if mention.confidence is not None:
        row["confidence"] = mention.confidence
    return row


def _at_line(path: Path, number: int, line: str, default_id: str | None = None) -> Document:
    try:
        data = json_object(line)
        if default_id is None:
            return _document(data)
        return _text(data, default_id, path.name)
    except ValueError as error:
        raise line_error(path, number, error) from None


def _text(data: dict[str, Any], default_id: str, source: str) -> Document:
    """Make a document without mentions. A title goes before a text that is not divided into passages."""
    if "paragraphs" in data:
        return text_document(data, default_id, source).as_document()
    if data.get("title") and isinstance(data.get("text"), str) and not data.get("passages"):
        if "entities" in data:
            problem = '"title", "text" and "entities" do not say whether offsets count the title'
            raise ValueError(f'{problem}. Leave out "title" or "entities".')
        return text_document({**data, "paragraphs": [data["text"]]}, default_id, source).as_document()
    document_id = data.get("id")
    return _document({**data, "id": default_id if document_id in (None, "") else document_id, "entities": []})


def _document(data: dict[str, Any]) -> Document:
    document_id, text, entities = (data.get(key) for key in ("id", "text", "entities"))
    if type(document_id) not in (str, int) or not isinstance(text, str) or not isinstance(entities, list):
        raise ValueError('a document needs "id" (string or integer), "text" (string) and "entities" (list).')
    mentions = tuple(sorted(_mention(entity, text) for entity in entities))
    return Document(str(document_id), text, mentions, _passages(data, text))


def _passages(data: dict[str, Any], text: str) -> tuple[Passage, ...]:
    rows = data.get("passages") or []
    if not isinstance(rows, list):
        raise ValueError('"passages" must be a list.')
    passages = []
    for row in rows:
        row = row if isinstance(row, dict) else {}
        start, end, kind = row.get("start"), row.get("end"), row.get("kind", "")
        if type(start) is not int or type(end) is not int or not isinstance(kind, str):
            raise ValueError('a passage needs "start" and "end" (integers), and may have a "kind" (string).')
        passages.append(Passage(start, end, kind))
    if problem := problem_of_passages(passages, text):
        raise ValueError(problem)
    return tuple(passages)


def _joined(ids: Any) -> str:
    """Join several ids by "|". One alone is kept as it is: ids of variants hold that character (``c|DEL||22``)."""
    ids = [] if ids is None else ids
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ValueError(f'"ids" of a mention must be a list of strings, found {str(ids)[:60]!r}.')
    if len(ids) > 1 and any("|" in one for one in ids):
        raise ValueError(f'of several "ids" of a mention none may have a "|" in it, found {str(ids)[:60]!r}.')
    return "|".join(ids)


def _mention(entity: Any, text: str) -> Mention:
    entity = entity if isinstance(entity, dict) else {}
    start, end, label = (entity.get(key) for key in ("start", "end", "label"))
    if type(start) is not int or type(end) is not int or not isinstance(label, str):  # true is an int in Python
        raise ValueError('a mention needs "start" and "end" (integers) and "label" (string).')
    concept_id, confidence = entity.get("concept_id", _joined(entity.get("ids"))), entity.get("confidence")
    if not isinstance(concept_id, str) or type(confidence) not in (float, int, type(None)):
        raise ValueError('"concept_id" must be a string, and "confidence" a number.')
    mention = Mention(start, end, label, concept_id, None if confidence is None else _number(confidence))
    if problem := problem_of(mention, text):
        raise ValueError(problem)
    return mention


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f'"confidence" has {len(str(value))} digits.') from None
