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
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from ..errors import LitBertError
from .document import Document, Item, Mention, Passage, attempt, problem_of, strictly
from .files import line_error, lines_of, open_corpus

_TITLE = re.compile(r"([^|\t]+)\|t\|(.*)")
_ABSTRACT = re.compile(r"([^|\t]+)\|a\|(.*)")
_RELATION = re.compile(r"[^\t]+\t[A-Za-z][^\t]*\t[^\t]+\t[^\t]+(\t(Novel|No))?")
_MENTION_FIELDS = range(5, 8)  # with concept ids, and the parts of a composite mention
_WAY_OUT = "Offsets count title + one blank + abstract: correct the line, or fetch the file again."

Block = list[tuple[int, str]]


def read_pubtator(path: Path) -> Iterator[Document]:
    """Yield the documents of a PubTator file, plain or compressed, with two passages: title and abstract.

    A composite mention ("pulmonary and renal fibrosis") is one mention, whatever parts it names; its concept ids are
    one string, as the file has them. Lines of relations (``CID``, ``Association`` …) are passed over.

    Raises LitBertError L401 for any other line, and for a mention that does not stand at its offsets.
    """
    with open_corpus(path) as stream:
        yield from strictly(pubtator_items(stream, path))


def pubtator_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield what ``read_pubtator`` does from an open file, and an error for each block that is no document."""
    return _items(stream, path, _document)


def pubtator_text_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield the same documents for annotation, whatever is marked in them."""
    return _items(stream, path, _text)


def _items(stream: IO[bytes], path: Path, make: Callable[[Path, Block], Document]) -> Iterator[Item]:
    block: Block = []
    for number, line in lines_of(stream, path):
        if block and (not line.strip() or _TITLE.match(line)):
            yield attempt(partial(make, path, block))
            block = []
        if line.strip():
            block.append((number, line))
    if block:
        yield attempt(partial(make, path, block))


def _document(path: Path, block: Block) -> Document:
    document = _text(path, block)
    annotations = [(number, line) for number, line in block[2:] if not _RELATION.fullmatch(line)]
    mentions = [_mention(path, number, line, document) for number, line in annotations]
    return replace(document, entities=tuple(sorted(mentions)))


def _text(path: Path, block: Block) -> Document:
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
    for number, line in block[2:]:
        if not line.startswith(f"{title[1]}\t"):
            raise _no_annotation(path, number, line, title[1])
    text = f"{title[2]} {abstract[2]}" if abstract[2] else title[2]
    end = len(title[2])
    passages = [Passage(0, end, "title"), Passage(end + 1, len(text), "abstract")]
    return Document(title[1], text, (), tuple(passages[: 1 + bool(abstract[2])]))


def _no_annotation(path: Path, number: int, line: str, document_id: str) -> LitBertError:
    expected = f"`{document_id} TAB start TAB end TAB mention TAB type`, concept ids, or a relation"
    return line_error(path, number, f"expected {expected}, or a blank line, found {line[:60]!r}.")


def _mention(path: Path, number: int, line: str, document: Document) -> Mention:
    fields = line.split("\t")
    if len(fields) not in _MENTION_FIELDS or not fields[4].strip():
        raise _no_annotation(path, number, line, document.id)
    mention = Mention(
        _offset(path, number, fields[1]), _offset(path, number, fields[2]), fields[4], "".join(fields[5:6])
    )
    if problem := problem_of(mention, document.text):
        raise line_error(path, number, f"{problem} {_WAY_OUT}")
    found = document.text[mention.start : mention.end]
    if found != fields[3]:
        problem = f"the mention {fields[3]!r} should stand at {mention.start}–{mention.end}, but there is {found!r}."
        raise line_error(path, number, f"{problem} {_WAY_OUT}")
    return mention


def _offset(path: Path, number: int, field: str) -> int:
    if not (field.isascii() and field.isdigit() and len(field) < 12):
        raise line_error(path, number, f"the offset {field[:60]!r} must be an integer.")
    return int(field)
