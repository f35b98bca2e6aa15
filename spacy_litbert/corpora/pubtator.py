"""PubTator files → documents.

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

from ..errors import Errors, LitBertError
from .document import Document, Mention, problem_of
from .files import numbered_lines

_TITLE = re.compile(r"([^|\t]+)\|t\|(.*)")
_ABSTRACT = re.compile(r"([^|\t]+)\|a\|(.*)")
_WAY_OUT = "Offsets count title + one blank + abstract: correct the line, or fetch the file again."

Block = list[tuple[int, str]]


def read_pubtator(path: Path) -> Iterator[Document]:
    """The documents of a PubTator file, plain or ``.gz``.

    A composite mention ("pulmonary and renal fibrosis") is one mention, whatever parts and ids it names.
    Concept ids and lines of relations (``CID``) are passed over: these documents hold mentions only.

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
        raise _error(path, number, f"a document must begin with a line `id|t|title`, found {line[:60]!r}.")
    abstract = _ABSTRACT.fullmatch(block[1][1]) if len(block) > 1 else None
    if abstract is None or abstract[1] != title[1]:
        raise _error(path, number, f"the title of {title[1]} must be followed by a line `{title[1]}|a|abstract`.")
    text = f"{title[2]} {abstract[2]}"
    mentions = [_mention(path, number, line, title[1], text) for number, line in block[2:] if not _is_relation(line)]
    return Document(title[1], text, tuple(sorted(mentions)))


def _is_relation(line: str) -> bool:
    fields = line.split("\t")
    return len(fields) >= 4 and fields[1][:1].isalpha()


def _mention(path: Path, number: int, line: str, document_id: str, text: str) -> Mention:
    fields = line.split("\t")
    if len(fields) < 5 or fields[0] != document_id:
        expected = f"`{document_id} TAB start TAB end TAB mention TAB type`"
        raise _error(path, number, f"expected {expected} or a blank line, found {line[:60]!r}.")
    try:
        mention = Mention(int(fields[1]), int(fields[2]), fields[4])
    except ValueError:
        raise _error(path, number, f"the offsets {fields[1]!r} and {fields[2]!r} must be integers.") from None
    if problem := problem_of(mention, text):
        raise _error(path, number, f"{problem} {_WAY_OUT}")
    found = text[mention.start : mention.end]
    if found != fields[3]:
        problem = f"the mention {fields[3]!r} should stand at {mention.start}–{mention.end}, but there is {found!r}."
        raise _error(path, number, f"{problem} {_WAY_OUT}")
    return mention


def _error(path: Path, number: int, problem: str) -> LitBertError:
    return LitBertError(Errors.L401.format(path=path, line=number, problem=problem))
