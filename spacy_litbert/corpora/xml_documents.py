"""Read streams of PubMed and JATS XML into text documents, one article in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from ..errors import Errors, LitBertError
from .files import line_error
from .jats import jats_document
from .pubmed_xml import pubmed_document
from .text_document import TextDocument

LARGEST_ARTICLE = 1 << 26  # bytes
DEEPEST_NESTING = 200
_CHUNK = 1 << 16

_KINDS: dict[str, Callable[[ElementTree.Element], TextDocument]] = {
    "PubmedArticle": pubmed_document,
    "article": jats_document,
}


def read_xml(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    """Yield the articles of PubMed's baseline files or of JATS, also those that have no text.

    Raises LitBertError L401 for what is no XML, with the line, and L409 for an article that is nested too deeply or
    too large to be one.
    """
    for article in _articles(stream, path):
        yield _KINDS[_kind(article)](article)


def _articles(stream: IO[bytes], path: Path) -> Iterator[ElementTree.Element]:
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    depth = number = n_bytes = 0
    while True:
        chunk = stream.read(_CHUNK)
        n_bytes += len(chunk)
        try:
            parser.feed(chunk) if chunk else parser.close()
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if depth > DEEPEST_NESTING:
                    raise _document_error(path, number + 1, f"it is nested more than {DEEPEST_NESTING} deep.")
                root = element if root is None else root
                if event == "end" and _kind(element) in _KINDS:
                    yield element
                    root.clear()  # what was read would otherwise stay in memory
                    number += 1
                    n_bytes = 0
        except ElementTree.ParseError as error:
            raise line_error(path, error.position[0], f"it is no XML ({error}). Fetch the file again.") from None
        except LookupError as error:
            raise line_error(path, 1, f"its encoding can't be read ({error}). Save the file as UTF-8.") from None
        if n_bytes > LARGEST_ARTICLE:
            raise _document_error(path, number + 1, f"it has more than {LARGEST_ARTICLE >> 20} MB and no end.")
        if not chunk:
            return


def _kind(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _document_error(path: Path, number: int, problem: str) -> LitBertError:
    return LitBertError(Errors.L409.format(path=path, number=number, problem=problem))
