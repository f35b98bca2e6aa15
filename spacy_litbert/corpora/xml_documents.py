"""Read streams of XML, one article in memory at a time: PubMed's and JATS into text documents, BioC with mentions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from ..errors import Errors, LitBertError
from .bioc import bioc_document, bioc_text, parsed_bioc
from .document import Document, Item, attempt, strictly
from .files import bare_name, line_error, open_corpus
from .jats import jats_document
from .pubmed_xml import book_document, pubmed_document
from .text_document import TextDocument

LARGEST_ARTICLE = 1 << 26  # bytes
DEEPEST_NESTING = 200
_CHUNK = 1 << 16

_KINDS: dict[str, Callable[[ElementTree.Element], TextDocument]] = {
    "PubmedArticle": pubmed_document,
    "PubmedBookArticle": book_document,
    "article": jats_document,
}
_BIOC = "document"


def read_xml(stream: IO[bytes], path: Path) -> Iterator[TextDocument]:
    """Yield the articles of PubMed's baseline files or of JATS, also those that have no text.

    Raises LitBertError L401 for what is no XML, with the line, and L409 for an article that is nested too deeply or
    too large to be one, or called so without being JATS.
    """
    for number, article in enumerate(_articles(stream, path, _KINDS), 1):
        yield _article(article, path, number)


def read_bioc_xml(path: Path) -> Iterator[Document]:
    """Yield the documents of a BioC XML file, plain or compressed; see ``bioc_document``.

    Raises LitBertError L401 for what is no XML, with the line, and L409 for a document that does not fit together.
    """
    with open_corpus(path) as stream:
        yield from strictly(bioc_xml_items(stream, path))


def bioc_xml_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield what ``read_bioc_xml`` does from an open file, and an error for each document that is none."""
    for number, element in enumerate(_articles(stream, path, (_BIOC,)), 1):
        yield attempt(partial(_bioc_document, element, path, number, bioc_document))


def xml_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield documents for annotation: articles with one blank for each run of white space, BioC as it is,
    whatever is marked in it.

    An error stands for each document that does not fit together. Raises LitBertError L401 as ``read_xml`` does.
    """
    name = bare_name(path)
    for number, element in enumerate(_articles(stream, path, (*_KINDS, _BIOC)), 1):
        if _kind(element) == _BIOC:
            yield attempt(partial(_bioc_document, element, path, number, bioc_text))
        else:
            yield attempt(partial(_text_of_article, element, path, number, f"{name}:{number}"))


def _bioc_document(
    element: ElementTree.Element, path: Path, number: int, make: Callable[[dict[str, Any]], Document]
) -> Document:
    try:
        return make(parsed_bioc(element))
    except ValueError as error:
        raise _document_error(path, number, str(error)) from None


def _article(element: ElementTree.Element, path: Path, number: int) -> TextDocument:
    try:
        return _KINDS[_kind(element)](element)
    except ValueError as error:
        raise _document_error(path, number, str(error)) from None


def _text_of_article(element: ElementTree.Element, path: Path, number: int, default_id: str) -> Document:
    return _without_layout(_article(element, path, number), default_id).as_document()


def _without_layout(article: TextDocument, default_id: str) -> TextDocument:
    title, *paragraphs = (" ".join(text.split()) for text in (article.title, *article.paragraphs))
    return replace(article, id=article.id or default_id, title=title, paragraphs=tuple(filter(None, paragraphs)))


def _articles(stream: IO[bytes], path: Path, kinds: Collection[str]) -> Iterator[ElementTree.Element]:
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
                if event == "end" and _kind(element) in kinds:
                    yield element
                    root.clear()  # what was read would otherwise stay in memory
                    number += 1
                    n_bytes = 0
        except LitBertError:
            raise
        except ElementTree.ParseError as error:
            raise line_error(path, error.position[0], f"it is no XML ({error}). Fetch the file again.") from None
        except (LookupError, ValueError) as error:  # unknown to Python, or of several bytes a character
            raise line_error(path, 1, f"its encoding can't be read ({error}). Save the file as UTF-8.") from None
        if n_bytes > LARGEST_ARTICLE:
            raise _document_error(path, number + 1, f"it has more than {LARGEST_ARTICLE >> 20} MB and no end.")
        if not chunk:
            return


def _kind(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _document_error(path: Path, number: int, problem: str) -> LitBertError:
    return LitBertError(Errors.L409.format(path=path, number=number, problem=problem))
