"""Write documents as PubTator."""

from __future__ import annotations

import re

from ..document import Document, Mention, Passage
from .limits import cannot_hold

_ID = re.compile(r"[^|\t\n\r\ufeff]+")
_FIELD = re.compile(r"[^\t\n\r]*")
_SENTENCE_END = re.compile(r"(?<=[.?!]) ")


def pubtator_block(document: Document) -> str:
    """Return the lines of a document, with a blank one at the end.

    The title is the first passage, if it is called so; else the first sentence, which may be the whole text. There is
    no place for confidence, nor for passages within the abstract.

    Raises LitBertError L624 for an id, a text, a label or a concept id with characters that the format lives on.
    """
    if not _ID.fullmatch(document.id) or not document.id.strip():
        raise cannot_hold("PubTator", "the id", document, document.id)
    for character in "\t\n\r":
        place = document.text.find(character)
        if place >= 0:
            around = document.text[max(0, place - 20) : place + 20]
            raise cannot_hold("PubTator", "tabs and line ends in the text", document, around)
    end = _end_of_title(document)
    lines = [f"{document.id}|t|{document.text[:end]}", f"{document.id}|a|{document.text[end + 1 :]}"]
    lines += [_line(mention, document) for mention in document.entities]
    return "\n".join(lines) + "\n\n"


def _end_of_title(document: Document) -> int:
    text = document.text
    sentence = _SENTENCE_END.search(text)
    end = sentence.start() if sentence else len(text)
    if document.passages and _is_title(document.passages[0], text):
        end = document.passages[0].end
    return len(text) if text[end:] == " " else end  # without an abstract no blank is read behind the title


def _is_title(first: Passage, text: str) -> bool:
    return first.kind == "title" and first.start == 0 and text[first.end :][:1] in (" ", "")


def _line(mention: Mention, document: Document) -> str:
    if not mention.label.strip() or not _FIELD.fullmatch(mention.label):
        raise cannot_hold("PubTator", "the label", document, mention.label)
    if not _FIELD.fullmatch(mention.concept_id):
        raise cannot_hold("PubTator", "the concept id", document, mention.concept_id)
    marked = document.text[mention.start : mention.end]
    return "\t".join([document.id, str(mention.start), str(mention.end), marked, mention.label, mention.concept_id])
