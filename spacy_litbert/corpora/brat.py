"""Read BRAT standoff: a text file, and beside it an ``.ann`` file with what is marked in it.

    T1	Chemical 0 10	Famotidine
    N1	Reference T1 MESH:D015738	Famotidine
    A1	Confidence T1 0.93

Offsets count the characters (Unicode code points) of the text file as it lies. The format is described at
https://brat.nlplab.org/standoff.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO

from ..files import LARGEST_TEXT
from .document import Document, Item, Mention, attempt, confidence_in, problem_of, strictly
from .files import bare_name, files_below, line_error, numbered_lines, open_corpus

# What stands before a concept id that names no vocabulary of its own, as BRAT wants each to do.
OWN = "concept:"
_ENTITY = re.compile(r"(T\S+)\t(\S+) (\d{1,12} \d{1,12}(?:;\d{1,12} \d{1,12})*)\t(.*)", re.ASCII)
_CONCEPT = re.compile(r"N\S+\t\S+ (\S+) (\S+:\S+) *(?:\t.*)?")
_CONFIDENCE = re.compile(r"[AM]\S+\tConfidence (\S+) (\S+)")
_OTHERS = "REAM*#"  # relations, events, attributes, equivalences and notes


def read_brat(path: Path) -> Iterator[Document]:
    """Yield the documents of the ``.txt`` files below a folder, by their names, or that of one ``.txt`` file.

    A document's id is the name of its file. Normalizations give concept ids (several, joined by ``|``), the attribute
    Confidence gives the confidence; relations, events and notes are passed over.

    Raises LitBertError L224 for a text without an ``.ann`` file, which may be empty, L401 for a line that is no
    standoff, and for a mention that does not stand at its offsets or has parts with words between them.
    """
    for text in files_below(path, (".txt",)) if path.is_dir() else [path]:
        with open_corpus(text) as stream:
            yield from strictly(brat_items(stream, text))


def brat_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield the one document of an open text file, with the mentions of the ``.ann`` file beside it, or an error."""
    yield attempt(partial(_document, stream, path))


def plain_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield the one document of an open file of plain text, as it lies, or an error. Its id is the name of the file."""
    yield attempt(lambda: Document(bare_name(path), _text(stream, path).removeprefix("\ufeff"), ()))


def _document(stream: IO[bytes], path: Path) -> Document:
    text = _text(stream, path)
    return Document(bare_name(path), text, _mentions(path.with_name(f"{bare_name(path)}.ann"), text))


def _text(stream: IO[bytes], path: Path) -> str:
    content = stream.read(LARGEST_TEXT)
    if len(content) == LARGEST_TEXT:
        raise line_error(path, 1, f"it is larger than {LARGEST_TEXT >> 20} MB. Divide it: a file is one document.")
    try:
        text = content.decode("utf8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise line_error(path, number, f"it is not UTF-8 ({error.reason}). Save the file as UTF-8.") from None
    if "\0" in text:
        raise line_error(path, 1, "it holds NUL characters, so it is no text, or UTF-16. Save it as UTF-8.")
    return text


def _mentions(path: Path, text: str) -> tuple[Mention, ...]:
    places: dict[str, tuple[int, int, str]] = {}
    concepts: dict[str, list[str]] = {}
    confidences: dict[str, float | None] = {}
    for number, line in numbered_lines(path):
        try:
            if entity := _ENTITY.fullmatch(line):
                places[entity[1]] = _place(entity, text, places)
            elif concept := _CONCEPT.fullmatch(line):
                concepts.setdefault(concept[1], []).append(concept[2].removeprefix(OWN))
            elif confidence := _CONFIDENCE.fullmatch(line):
                confidences[confidence[1]] = confidence_in(confidence[2])
            elif line.startswith("N"):
                raise ValueError(f"expected `N1 TAB Reference T1 vocabulary:id TAB mention`, found {line[:60]!r}.")
            elif line.strip() and line[0] not in _OTHERS:
                raise ValueError(f"expected `T1 TAB label start end TAB mention`, found {line[:60]!r}.")
        except ValueError as error:
            raise line_error(path, number, error) from None
    found = [Mention(*place, "|".join(concepts.get(name, [])), confidences.get(name)) for name, place in places.items()]
    if problem := next(filter(None, (problem_of(mention, text) for mention in found)), None):
        raise line_error(path, 1, problem)
    return tuple(sorted(found))


def _place(entity: re.Match[str], text: str, known: dict[str, tuple[int, int, str]]) -> tuple[int, int, str]:
    name, label, fragments, marked = entity.groups()
    parts = [(int(start), int(end)) for start, end in (part.split(" ") for part in fragments.split(";"))]
    if name in known:
        raise ValueError(f"{name} stands there twice.")
    if any(text[end:start].strip() or end > start for (_, end), (start, _) in pairwise(parts)):
        raise ValueError(f"{name} {marked[:60]!r} has parts with words between them, which can't be kept.")
    start, end = parts[0][0], parts[-1][1]
    if problem := problem_of(Mention(start, end, label), text):
        raise ValueError(problem)
    found = " ".join(text[first:last] for first, last in parts)
    if found != marked:
        raise ValueError(f"the mention {marked[:60]!r} should stand at {fragments}, but there is {found[:60]!r}.")
    return start, end, label
