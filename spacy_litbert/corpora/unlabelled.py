"""Raw text for pretraining → documents: JSON lines, PubMed and PMC XML, plain text; all streamed.

Formats are told by the ending, compressed (``.gz``, ``.xz``, ``.bz2``) or not:

- ``.jsonl``: one object a line, ``{"id", "title", "paragraphs"}`` or ``{"text"}``; ``source``, ``license``, ``kind``
- ``.xml``, ``.nxml``: PubMed's baseline files and JATS articles (PubMed Central)
- ``.txt``: a line is a paragraph, an empty line ends the document
- ``.tar``: any of these inside (PMC's bulk packages)

Nothing here knows spaCy.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from ..errors import Errors, LitBertError
from .jats import jats_document
from .pubmed_xml import pubmed_document
from .text_document import TextDocument

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
_DAMAGED = (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError, tarfile.TarError, ElementTree.ParseError)


@dataclass
class Selection:
    """Lets each text through once, and none that is to be left out.

    exclude: ids of documents to leave out (test sets, held-out text); any of a document's ids counts.
    seen: fingerprints of the texts that were let through.
    """

    exclude: frozenset[str] = frozenset()
    seen: set[int] = field(default_factory=set)
    n_excluded: int = 0
    n_duplicates: int = 0

    def __call__(self, documents: Iterable[TextDocument]) -> Iterator[TextDocument]:
        for document in documents:
            if not self.exclude.isdisjoint((document.id, *document.other_ids)):
                self.n_excluded += 1
                continue
            mark = fingerprint(document)
            if mark in self.seen:
                self.n_duplicates += 1
                continue
            self.seen.add(mark)
            yield document


def fingerprint(document: TextDocument) -> int:
    """64 bits that are equal for equal texts, whatever their white space and ids."""
    words = " ".join(" ".join(document.texts).split())
    return int.from_bytes(blake2b(words.encode("utf8"), digest_size=8).digest(), "little")


def read_exclusions(path: Path) -> frozenset[str]:
    """Ids to leave out, one a line."""
    lines = path.read_text(encoding="utf8").splitlines()
    return frozenset(filter(None, map(str.strip, lines)))


def read_texts(paths: Iterable[Path]) -> Iterator[str]:
    """Titles and paragraphs of the files' documents, each document once."""
    for document in read_selected(paths):
        yield from document.texts


def read_selected(paths: Iterable[Path], exclude: frozenset[str] = frozenset()) -> Iterator[TextDocument]:
    """The files' documents, each once. exclude: as in ``Selection``."""
    select = Selection(exclude)
    for path in paths:
        yield from select(read_documents(path))


def read_documents(path: Path) -> Iterator[TextDocument]:
    """The documents of one file, as it lies on disk.

    Raises LitBertError L403 for an unknown ending, L401 for a bad line and L207 for a damaged file.
    """
    read = _reader(path.name)
    opener = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rb") as stream:
            for document in read(stream, path):
                yield document.clean()
    except _DAMAGED as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


def find_texts(patterns: Iterable[str]) -> list[Path]:
    """The files that the paths and glob patterns name. Raises LitBertError L207 for one that names none."""
    paths: list[Path] = []
    for pattern in patterns:
        found = sorted(map(Path, glob(pattern)))
        if not found:
            raise LitBertError(Errors.L207.format(path=pattern, reason="there is no such file"))
        paths += found
    return paths


def bare_name(path: Path) -> str:
    """The file's name without the endings that tell its format."""
    name = path.name
    while Path(name).suffix in {*_OPENERS, *_READERS}:
        name = Path(name).stem
    return name


def _reader(name: str) -> Callable[[IO[bytes], Path], Iterator[TextDocument]]:
    bare = Path(name)
    if bare.suffix in _OPENERS:
        bare = Path(bare.stem)
    if bare.suffix not in _READERS:
        raise LitBertError(Errors.L403.format(path=name, choices=", ".join(_READERS)))
    return _READERS[bare.suffix]


def _read_jsonl(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        try:
            data = json.loads(line)
            paragraphs = data["paragraphs"] if "paragraphs" in data else data["text"].split("\n")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"no JSON object with `paragraphs` or `text` ({error})"
            raise LitBertError(Errors.L401.format(path=path, line=number, problem=problem)) from None
        yield TextDocument(
            id=str(data.get("id") or f"{bare_name(path)}:{number}"),
            title=data.get("title") or "",
            paragraphs=tuple(paragraphs),
            source=data.get("source") or bare_name(path),
            license=data.get("license") or "not stated",
            kind=data.get("kind") or "not stated",
        )


def _read_plain(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    lines: list[str] = []
    number = 0
    for line in chain(io.TextIOWrapper(stream, encoding="utf8"), [""]):
        if line.strip():
            lines.append(line)
        elif lines:
            number += 1
            name = bare_name(path)
            yield TextDocument(id=f"{name}:{number}", title="", paragraphs=tuple(lines), source=name)
            lines = []


def _read_xml(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    root: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):
        if event == "start":
            root = element if root is None else root
            continue
        kind = element.tag.rpartition("}")[2]
        if kind in _XML_KINDS:
            document = _XML_KINDS[kind](element)
            if document is not None:
                yield document
            if root is not None:
                root.clear()  # what was read would otherwise stay in memory


def _read_tar(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if not member.isfile() or Path(member.name).suffix not in _READERS:
                continue
            content = archive.extractfile(member)
            if content is not None:
                yield from _reader(member.name)(content, path / member.name)


_XML_KINDS: dict[str, Callable[[ElementTree.Element], TextDocument | None]] = {
    "PubmedArticle": pubmed_document,
    "article": jats_document,
}
_READERS: dict[str, Callable[[IO[bytes], Path], Iterator[TextDocument]]] = {
    ".jsonl": _read_jsonl,
    ".xml": _read_xml,
    ".nxml": _read_xml,
    ".txt": _read_plain,
    ".tar": _read_tar,
}
