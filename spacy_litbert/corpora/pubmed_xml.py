"""Read a ``PubmedArticle`` or ``PubmedBookArticle`` of PubMed's baseline or update files into a text document."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from .text_document import TextDocument

_ID_PREFIXES = {"pmc": "", "doi": "doi:"}


def pubmed_document(article: Element) -> TextDocument:
    """Read title and abstract; an article without an abstract has no paragraphs.

    A section's label stands before its text, as PubMed shows it ("METHODS: …").
    Format: https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/index.html
    """
    citation = article.find("MedlineCitation")
    record = citation.find("Article") if citation is not None else None
    if citation is None or record is None:
        return TextDocument("", "", (), source="PubMed")
    return _document(record, citation, record.find("ArticleTitle"), article.iterfind("PubmedData/ArticleIdList/*"))


def book_document(article: Element) -> TextDocument:
    """Read a ``PubmedBookArticle``: a chapter with its title and abstract, or a whole book."""
    record = article.find("BookDocument")
    if record is None:
        return TextDocument("", "", (), source="PubMed")
    chapter = record.find("ArticleTitle")
    title = record.find("Book/BookTitle") if chapter is None else chapter
    return _document(record, record, title, record.iterfind("ArticleIdList/*"))


def _document(record: Element, citation: Element, title: Element | None, ids: Iterable[Element]) -> TextDocument:
    paragraphs = tuple(filter(None, map(_section, record.iterfind("Abstract/AbstractText"))))
    pmid = citation.findtext("PMID", "").strip()
    return TextDocument(
        id=f"PMID:{pmid}" if pmid else "",
        title="" if title is None else "".join(title.itertext()),
        paragraphs=paragraphs,
        source="PubMed",
        license="PubMed abstract (rights with the publishers)",
        kind="abstract",
        other_ids=tuple(
            _ID_PREFIXES[kind] + (entry.text or "").strip()
            for entry in ids
            if (kind := entry.get("IdType", "")) in _ID_PREFIXES
        ),
    )


def _section(element: Element) -> str:
    text = "".join(element.itertext()).strip()
    label = element.get("Label", "")
    return f"{label}: {text}" if label and text and label != "UNLABELLED" else text
