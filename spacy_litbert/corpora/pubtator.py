"""Read PubTator files into documents.

    8701013|t|Famotidine-associated delirium.
    8701013|a|Famotidine is a histamine H2-receptor antagonist.
    8701013	0	10	Famotidine	Chemical	D015738
    8701013	CID	D015738	D003693

Offsets count the characters of title, one blank, abstract. The format is described at
https://www.ncbi.nlm.nih.gov/research/pubtator3/tutorial.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .document import Document, Mention, problem_of
from .files import line_error, numbered_lines

_TITLE = re.compile(r"([^|\t]+)\|t\|(.*)")
_ABSTRACT = re.compile(r"([^|\t]+)\|a\|(.*)")
_RELATION = re.compile(r"[^\t]+\t[A-Za-z][^\t]*\t[^\t]+\t[^\t]+(\t(Novel|No))?")
_MESH_ID = re.compile(r"[CD]\d{6,9}")
_NO_ID = ("", "-", "-1")
_MENTION_FIELDS = range(5, 8)  # with concept ids, and the parts of a composite mention
_WAY_OUT = "Offsets count title + one blank + abstract: correct the line, or fetch the file again."

Block = list[tuple[int, str]]


def read_pubtator(path: Path) -> Iterator[Document]:
    """Yield the documents of a PubTator file, plain or compressed.

    A composite mention ("pulmonary and renal fibrosis") is one mention, whatever parts and ids it names.
    MeSH ids, which stand in these files alone, get ``MESH:`` before them; -1 is no id. Lines of relations (``CID``,
    ``Association`` …) are passed over.

    Raises LitBertError L401 for any other line, and for a mention that does not stand at its offsets.
    """
    block: Block = []
    for number, line in numbered_lines(path):
        if block and (not line.strip() or _TITLE.match(line)):
            yield _document(path, block)
            block = []
        if line.strip():
            block.append((number, line))
    if block:
        yield _document(path, block)


def _document(path: Path, block: Block) -> Document:
    number, line = block[0]
    title = _TITLE.fullmatch(line)
    if title is None:
        raise line_error(path, number, f"a document must begin with a line `id|t|title`, found {line[:60]!r}.")
    abstract = _ABSTRACT.fullmatch(block[1][1]) if len(block) > 1 else None
    if abstract is None or abstract[1] != title[1]:
        raise line_error(path, number, f"the title of {title[1]} must be followed by a line `{title[1]}|a|abstract`.")
    for number, line in block[:2]:
        if "\t" in line:
            raise line_error(path, number, "the text holds a tab. Has the line run together with the next one?")
    text = f"{title[2]} {abstract[2]}"
    annotations = [(number, line) for number, line in block[2:] if not _is_relation(line, title[1])]
    mentions = [_mention(path, number, line, title[1], text) for number, line in annotations]
    return Document(title[1], text, tuple(sorted(mentions)))


def _is_relation(line: str, document_id: str) -> bool:
    return line.startswith(f"{document_id}\t") and _RELATION.fullmatch(line) is not None


def _mention(path: Path, number: int, line: str, document_id: str, text: str) -> Mention:
    fields = line.split("\t")
    if len(fields) not in _MENTION_FIELDS or fields[0] != document_id or not fields[4].strip():
        expected = f"`{document_id} TAB start TAB end TAB mention TAB type`, concept ids, or a relation"
        raise line_error(path, number, f"expected {expected}, or a blank line, found {line[:60]!r}.")
    ids = _concept_ids(fields[5]) if len(fields) > 5 else ()
    mention = Mention(_offset(path, number, fields[1]), _offset(path, number, fields[2]), fields[4], ids)
    if problem := problem_of(mention, text):
        raise line_error(path, number, f"{problem} {_WAY_OUT}")
    found = text[mention.start : mention.end]
    if found != fields[3]:
        problem = f"the mention {fields[3]!r} should stand at {mention.start}–{mention.end}, but there is {found!r}."
        raise line_error(path, number, f"{problem} {_WAY_OUT}")
    return mention


def _concept_ids(field: str) -> tuple[str, ...]:
    ids = (one.strip() for one in re.split(r"[|+,;]", field))
    return tuple(dict.fromkeys(f"MESH:{one}" if _MESH_ID.fullmatch(one) else one for one in ids if one not in _NO_ID))


def _offset(path: Path, number: int, field: str) -> int:
    if not (field.isascii() and field.isdigit() and len(field) < 12):
        raise line_error(path, number, f"the offset {field[:60]!r} must be an integer.")
    return int(field)
