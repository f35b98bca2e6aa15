"""Select unlabelled documents: each text once, and none that is to be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from ..errors import Errors, LitBertError
from .files import numbered_lines
from .text_document import TextDocument
from .unlabelled_text import read_documents


@dataclass
class Selection:
    """A filter that lets each text through once, and none that is to be left out; it counts what it keeps back.

    exclude: ids of documents to leave out (test sets, held-out text); any of a document's ids counts.
    seen: fingerprints of the texts that were let through.
    n_without_text: documents without paragraphs, such as articles of PubMed that have no abstract.
    """

    exclude: frozenset[str] = frozenset()
    seen: set[int] = field(default_factory=set)
    n_excluded: int = 0
    n_duplicates: int = 0
    n_without_text: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return how many documents were kept back for which reason."""
        reasons = {"excluded": self.n_excluded, "duplicates": self.n_duplicates}
        return {**reasons, "without_text": self.n_without_text}

    def __call__(self, documents: Iterable[TextDocument]) -> Iterator[TextDocument]:
        for document in documents:
            if not document.paragraphs:
                self.n_without_text += 1
                continue
            if not self.exclude.isdisjoint((document.id, *document.other_ids)):
                self.n_excluded += 1
                continue
            mark = fingerprint(document)
            if mark in self.seen:
                self.n_duplicates += 1
                continue
            self.seen.add(mark)
            yield document


def check_some_left(n: int, texts: Iterable[Path], counts: Mapping[str, int]) -> None:
    """Raise LitBertError L416 if no document of the files is left. counts: as ``Selection.counts``."""
    if not n:
        raise LitBertError(Errors.L416.format(texts=", ".join(map(str, texts)), **counts))


def fingerprint(document: TextDocument) -> int:
    """Return 64 bits that are equal for equal texts, whatever their white space and ids."""
    words = " ".join(" ".join(document.texts).split())
    return int.from_bytes(blake2b(words.encode("utf8"), digest_size=8).digest(), "little")


def read_exclusions(path: Path) -> frozenset[str]:
    """Read ids to leave out, one a line. Raises LitBertError L207 or L401 for a file that can't be read."""
    return frozenset(filter(None, (line.strip() for _, line in numbered_lines(path))))


def read_texts(paths: Iterable[Path]) -> Iterator[str]:
    """Yield titles and paragraphs of the files' documents, each document once."""
    for document in read_selected(paths):
        yield from document.texts


def read_selected(paths: Iterable[Path], exclude: frozenset[str] = frozenset()) -> Iterator[TextDocument]:
    """Yield the files' documents, each once.

    exclude: as in ``Selection``.

    Raises LitBertError as ``read_documents`` does, L416 if none is left.
    """
    paths, select = list(paths), Selection(exclude)
    for path in paths:
        yield from select(read_documents(path))
    check_some_left(len(select.seen), paths, select.counts)
