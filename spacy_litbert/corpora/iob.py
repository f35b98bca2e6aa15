"""Read token files with IOB2 tags into documents, one a sentence.

    selegiline	B-Chemical
    -	O
    induced	O
    postural	B-Disease
    hypotension	I-Disease

A blank line ends a sentence. The text is the tokens with blanks between: the original's is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import LitBertError
from .document import Document, Item, Mention, strictly
from .files import line_error, lines_of, open_corpus

_DOCUMENT_MARK = re.compile(r"-DOCSTART-(\s+(-X-|O))*\s*")


def read_iob(path: Path) -> Iterator[Document]:
    """Yield the sentences of a file ``token TAB tag``, plain or compressed; their ids are their numbers from 1.

    Tags are ``O``, ``B-label``, ``I-label``, or bare ``B`` and ``I``, whose label is then ``""``.
    Comments before a sentence (``# …``) and the document marks of CoNLL (``-DOCSTART-``) are passed over.

    Raises LitBertError L401 for any other line, and for an ``I`` that continues nothing.
    """
    with open_corpus(path) as stream:
        yield from strictly(iob_items(stream, path))


def iob_items(stream: IO[bytes], path: Path) -> Iterator[Item]:
    """Yield what ``read_iob`` does from an open file, and an error for each sentence with a line that is none."""
    sentence = _Sentence()
    n_sentences = 0
    for number, line in lines_of(stream, path):
        if is_boundary(line):
            if sentence.begun:
                n_sentences += 1
                yield sentence.item(str(n_sentences))
                sentence = _Sentence()
        elif sentence.begun or not _is_comment(line):
            try:
                sentence.add(line)
            except ValueError as error:
                sentence.error = sentence.error or line_error(path, number, error)
    if sentence.begun:
        yield sentence.item(str(n_sentences + 1))


def is_boundary(line: str) -> bool:
    """Tell whether a line ends a sentence: it is blank, or the mark of a document."""
    return (not line.strip() and "\t" not in line) or _DOCUMENT_MARK.fullmatch(line) is not None


class _Sentence:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.length = 0
        self.entities: list[Mention] = []
        self.open: str | None = None  # the label of the mention that the last token belongs to
        self.error: LitBertError | None = None

    @property
    def begun(self) -> bool:
        return bool(self.tokens) or self.error is not None

    def add(self, line: str) -> None:
        token, tab, tag = line.partition("\t")
        if not tab or not token or token != token.strip() or not _is_tag(tag):
            raise ValueError(f"expected `token TAB tag` with the tag O, B-label or I-label, found {line[:60]!r}.")
        label = None if tag == "O" else tag[2:]
        start = self.length + bool(self.tokens)
        end = start + len(token)
        if tag[0] == "I":
            if label != self.open:
                raise ValueError(f"{tag} continues no mention of that label. IOB2 begins each mention with B.")
            self.entities[-1] = Mention(self.entities[-1].start, end, self.entities[-1].label)
        elif label is not None:
            self.entities.append(Mention(start, end, label))
        self.tokens.append(token)
        self.length = end
        self.open = label

    def item(self, document_id: str) -> Item:
        return self.error or Document(document_id, " ".join(self.tokens), tuple(self.entities))


def _is_comment(line: str) -> bool:
    return line.startswith("#") and "\t" not in line


def _is_tag(tag: str) -> bool:
    label = tag[2:]
    return tag in ("O", "B", "I") or (tag[:2] in ("B-", "I-") and bool(label.strip()) and "\t" not in label)
