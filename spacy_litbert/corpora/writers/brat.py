"""Write documents as BRAT standoff: two files each."""

from __future__ import annotations

import re
from pathlib import Path

from ..brat import OWN
from ..document import Document, Mention
from ..files import bare_name
from .limits import cannot_hold

_LONGEST_NAME = 200  # bytes: with an ending, what file systems take


def brat_files(document: Document) -> dict[str, str]:
    """Return the contents of a document's two files by their names, ``ID.txt`` and ``ID.ann``.

    There is no place for passages.

    Raises LitBertError L624 for an id that is no file name, and for a label or concept id with white space.
    """
    if "\0" in document.text:
        raise cannot_hold("BRAT", "NUL characters in the text", document, document.text)
    return {f"{_name(document)}.txt": document.text, f"{document.id}.ann": brat_annotations(document)}


def brat_annotations(document: Document) -> str:
    """Return the content of the ``.ann`` file. Raises LitBertError L624 as ``brat_files`` does."""
    lines = []
    for number, mention in enumerate(document.entities, 1):
        _check(mention, document)
        text = document.text[mention.start : mention.end]
        # A mention over several lines is written in parts.
        parts = [(part.start(), part.end()) for part in re.finditer(r"[^\n]*\S[^\n]*", text)]
        places = ";".join(f"{mention.start + start} {mention.start + end}" for start, end in parts)
        marked = " ".join(text[start:end] for start, end in parts)
        lines.append(f"T{number}\t{mention.label} {places}\t{marked}\n")
        if mention.concept_id:
            own = ":" not in mention.concept_id[1:-1] or mention.concept_id.startswith(OWN)
            concept = OWN * own + mention.concept_id
            lines.append(f"N{number}\tReference T{number} {concept}\t{marked}\n")
        if mention.confidence is not None:
            lines.append(f"A{number}\tConfidence T{number} {mention.confidence!r}\n")
    return "".join(lines)


def _name(document: Document) -> str:
    name = document.id
    too_long = len(name.encode("utf8")) > _LONGEST_NAME
    is_other = Path(f"{name}.txt").name != f"{name}.txt" or bare_name(Path(f"{name}.txt")) != name
    if not name or name.startswith(".") or "\0" in name or too_long or is_other:
        raise cannot_hold("BRAT", "the id, which names its files,", document, name)
    return name


def _check(mention: Mention, document: Document) -> None:
    if mention.label.split() != [mention.label]:
        raise cannot_hold("BRAT", "the label", document, mention.label)
    if mention.concept_id and mention.concept_id.split() != [mention.concept_id]:
        raise cannot_hold("BRAT", "the concept id", document, mention.concept_id)
    if "\r" in document.text[mention.start : mention.end] or "\t" in document.text[mention.start : mention.end]:
        raise cannot_hold("BRAT", "tabs in a mention", document, document.text[mention.start : mention.end])
