"""Read a JATS ``article`` (PubMed Central, PLOS, eLife …) into a text document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from .text_document import TextDocument

# What is no running prose. Captions of figures are prose, tables are not.
_NO_PROSE = frozenset([
    "table-wrap", "table", "disp-formula", "inline-formula", "tex-math", "math", "ref-list", "label", "object-id",
    "supplementary-material", "media", "graphic", "inline-graphic", "fn", "permissions", "code",
])  # fmt: skip
_BLOCKS = frozenset(["p", "fig", "fig-group", "list", "def-list", "boxed-text", "disp-quote", "sec", "caption"])
_TAKEN_OUT = "\0"  # stands for what is no prose; XML has no such character
_EMPTY_BRACKETS = re.compile(r"\s*[\[(][\s,;–-]*(?:\0[\s,;–-]*)+[\])]")  # what is left of "[3, 4]" without its links
_ID_PREFIXES = {"pmc": "PMC", "pmcid": "PMC", "pmid": "PMID:", "doi": "doi:"}


def jats_document(article: Element) -> TextDocument:
    """Read title, abstracts and body, without tables, formulas, references and numbered citations.

    An article without text (scanned pages) has no paragraphs. Raises ValueError for one that has neither front nor
    body, as DocBook's, which are called so as well.
    Format: https://jats.nlm.nih.gov/archiving/tag-library/1.3/
    """
    for element in article.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    meta = article.find("front/article-meta")
    if meta is None:
        if article.find("body") is None:
            raise ValueError("it is no JATS article: it has neither <front> with <article-meta> nor <body>.")
        meta = Element("article-meta")
    parts = [*meta.iterfind("abstract"), *article.iterfind("body")]
    paragraphs = tuple(text for part in parts for text in _paragraphs(part) if text)
    title = meta.find("title-group/article-title")
    ids = [_identifier(one) for one in meta.iterfind("article-id") if one.get("pub-id-type") in _ID_PREFIXES]
    ids.sort(key=lambda name: (not name.startswith("PMC"), name))
    journal = article.find("front/journal-meta/journal-title-group/journal-title")
    return TextDocument(
        id=ids[0] if ids else "",
        title="" if title is None else _inline(title),
        paragraphs=paragraphs,
        source="JATS" if journal is None else _inline(journal),
        license=_license(meta),
        kind="fulltext",
        other_ids=tuple(ids[1:]),
    )


def _paragraphs(element: Element) -> Iterator[str]:
    """Yield the texts of the ``p`` elements below, outermost first; blocks inside a ``p`` follow it."""
    for child in element:
        if child.tag in _NO_PROSE:
            continue
        if child.tag == "p":
            yield _inline(child)
        yield from _paragraphs(child)


def _inline(element: Element) -> str:
    text = _EMPTY_BRACKETS.sub("", "".join(_pieces(element)))
    return " ".join(text.replace(_TAKEN_OUT, "").split())


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        citation = child.tag == "xref" and child.get("ref-type") in ("bibr", "fn", "table-fn")
        if child.tag in _BLOCKS or child.tag == "break":
            yield " "
        elif child.tag in _NO_PROSE or citation:
            yield _TAKEN_OUT
        elif isinstance(child.tag, str):
            yield from _pieces(child)
        yield child.tail or ""


def _identifier(element: Element) -> str:
    prefix = _ID_PREFIXES[element.get("pub-id-type", "")]
    return prefix + (element.text or "").strip().removeprefix(prefix)


def _license(meta: Element) -> str:
    for element in meta.iterfind("permissions/license"):
        for attribute, value in element.attrib.items():
            if attribute.endswith("href"):
                return value
        for link in element.iter("ext-link"):
            for attribute, value in link.attrib.items():
                if attribute.endswith("href"):
                    return value
        return element.get("license-type") or "not stated"
    return "not stated"
