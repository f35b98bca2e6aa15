"""Read unlabelled text for pretraining: JSON lines, PubMed and PMC XML, plain text; all streamed.

Formats are told by the ending, in either case, compressed (``.gz``, ``.xz``, ``.bz2``) or not:

- ``.jsonl``: one object a line, ``{"id", "title", "paragraphs"}`` or ``{"text"}``; ``source``, ``license``, ``kind``
- ``.xml``, ``.nxml``: PubMed's baseline files and JATS articles (PubMed Central)
- ``.txt``: a line is a paragraph, an empty line ends the document
- ``.tar``: any of these inside (PMC's bulk packages); members with other endings are passed over

Nothing here knows spaCy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from glob import glob
from itertools import chain
from pathlib import Path
from typing import IO, Any

from ..errors import Errors, LitBertError
from .archive import members
from .files import bare_name, format_of, json_object, line_error, lines_of, open_corpus
from .text_document import TextDocument
from .xml_documents import read_xml


def read_documents(path: Path) -> Iterator[TextDocument]:
    """Yield every document of one file, also those without text; ``selection.py`` leaves these out.

    Raises LitBertError L403 for an unknown ending, L401 or L409 for a bad line or article, L207 for a damaged file
    and L408 for a file, or a member of an archive, without documents.
    """
    yield from _read(path)


def find_texts(patterns: Iterable[str]) -> list[Path]:
    """Find the files that the paths and glob patterns name, each once.

    Raises LitBertError L207 for one that names none.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        found = [Path(pattern)] if Path(pattern).exists() else sorted(map(Path, glob(pattern)))
        if not found:
            raise LitBertError(Errors.L224.format(path=pattern))
        paths.update(dict.fromkeys(found))
    return list(paths)


def _read(path: Path, member: IO[bytes] | None = None) -> Iterator[TextDocument]:
    read = _READERS.get(format_of(path))
    if read is None:
        raise LitBertError(Errors.L403.format(path=path, choices=", ".join(_READERS)))
    n_documents = 0
    with open_corpus(path, member) as stream:
        for document in read(stream, path):
            n_documents += 1
            yield document.clean()
    if not n_documents:
        raise LitBertError(Errors.L408.format(path=path, format=format_of(path)))


def _read_jsonl(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    name = bare_name(path)
    for number, line in lines_of(stream, path):
        if not line.strip():
            continue
        try:
            document = text_document(json_object(line), f"{name}:{number}", name)
        except ValueError as error:
            raise line_error(path, number, error) from None
        yield document


def text_document(data: dict[str, Any], default_id: str, default_source: str) -> TextDocument:
    """Make a document of a JSON object. Raises ValueError for one that is none."""
    if "paragraphs" in data:
        paragraphs = data["paragraphs"]
        if not isinstance(paragraphs, list) or not all(isinstance(one, str) for one in paragraphs):
            raise ValueError('"paragraphs" must be a list of strings. A whole text goes into "text".')
    elif isinstance(data.get("text"), str):
        paragraphs = data["text"].split("\n")
    else:
        raise ValueError('a document needs "paragraphs" (list of strings) or "text" (string).')
    document_id = data.get("id")
    if type(document_id) not in (str, int, type(None)):
        raise ValueError(f'"id" is {document_id!r}; it must be a string or an integer.')
    return TextDocument(
        id=default_id if document_id in (None, "") else str(document_id),
        title=_string(data, "title", ""),
        paragraphs=tuple(paragraphs),
        source=_string(data, "source", default_source),
        license=_string(data, "license", "not stated"),
        kind=_string(data, "kind", "not stated"),
    )


def _string(data: dict[str, Any], key: str, default: str) -> str:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{key}" is {value!r}; it must be a string.')
    return value or default


def _read_plain(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    name = bare_name(path)
    lines: list[str] = []
    n_documents = 0
    for number, line in chain(lines_of(stream, path), [(0, "")]):
        if "\0" in line:
            raise line_error(path, number, "it holds NUL characters, so it is no text, or UTF-16. Save it as UTF-8.")
        for paragraph in line.split("\r"):  # line ends of old Macs
            if paragraph.strip():
                lines.append(paragraph)
            elif lines:
                n_documents += 1
                yield TextDocument(id=f"{name}:{n_documents}", title="", paragraphs=tuple(lines), source=name)
                lines = []


def _read_tar(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    for name, content in members(stream):
        if format_of(Path(name)) in _READERS:
            yield from _read(path / name.lstrip("/"), content)


_READERS: dict[str, Callable[[IO[bytes], Path], Iterator[TextDocument]]] = {
    ".jsonl": _read_jsonl,
    ".xml": read_xml,
    ".nxml": read_xml,
    ".txt": _read_plain,
    ".tar": _read_tar,
}
