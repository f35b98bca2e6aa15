"""A document of raw text, before spaCy or any tokenizer has seen it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from .document import Document, Passage


@dataclass(frozen=True)
class TextDocument:
    """Title and paragraphs of one document, and where they came from.

    id: unique within its source ("PMID:123", "PMC456").
    source, license: for the model card of what is trained on it.
    kind: "abstract", "fulltext" or whatever else the file calls it.
    other_ids: further names of the same document.
    """

    id: str
    title: str
    paragraphs: tuple[str, ...]
    source: str = "not stated"
    license: str = "not stated"
    kind: str = "not stated"
    other_ids: tuple[str, ...] = ()

    @property
    def texts(self) -> list[str]:
        """Return the title and the paragraphs, without empty ones."""
        return [text for text in (self.title, *self.paragraphs) if text]

    def as_document(self) -> Document:
        """Return title and paragraphs as the passages of one text, with a blank between."""
        kinds = ["title"] * bool(self.title) + ["abstract" if self.kind == "abstract" else "paragraph"] * len(
            self.texts
        )
        passages: list[Passage] = []
        for text, kind in zip(self.texts, kinds):
            start = passages[-1].end + 1 if passages else 0
            passages.append(Passage(start, start + len(text), kind))
        return Document(self.id, " ".join(self.texts), (), tuple(passages))

    def clean(self) -> TextDocument:
        """Return the same document with Unicode in NFC and one blank for each run of white space."""
        paragraphs = tuple(filter(None, map(_normalise, self.paragraphs)))
        return replace(self, title=_normalise(self.title), paragraphs=paragraphs)


def _normalise(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
