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

from .document import Document, Mention
from .files import line_error, numbered_lines

_DOCUMENT_MARK = re.compile(r"-DOCSTART-(\s+(-X-|O))*\s*")


def read_iob(path: Path) -> Iterator[Document]:
    """Yield the sentences of a file ``token TAB tag``, plain or compressed; their ids are their numbers from 1.

    Tags are ``O``, ``B-label``, ``I-label``, or bare ``B`` and ``I``, whose label is then ``""``.
    Comments before a sentence (``# …``) and the document marks of CoNLL (``-DOCSTART-``) are passed over.

    Raises LitBertError L401 for any other line, and for an ``I`` that continues nothing.
    """
    sentence = _Sentence()
    n_sentences = 0
    for number, line in numbered_lines(path):
        if _is_blank(line) or _DOCUMENT_MARK.fullmatch(line):
            if sentence.tokens:
                n_sentences += 1
                yield sentence.document(str(n_sentences))
                sentence = _Sentence()
        elif sentence.tokens or not _is_comment(line):
            try:
                sentence.add(line)
            except ValueError as error:
                raise line_error(path, number, error) from None
    if sentence.tokens:
        yield sentence.document(str(n_sentences + 1))


class _Sentence:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.length = 0
        self.entities: list[Mention] = []
        self.open: str | None = None  # the label of the mention that the last token belongs to

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

    def document(self, document_id: str) -> Document:
        return Document(document_id, " ".join(self.tokens), tuple(self.entities))


def _is_blank(line: str) -> bool:
    return not line.strip() and "\t" not in line


def _is_comment(line: str) -> bool:
    return line.startswith("#") and "\t" not in line


def _is_tag(tag: str) -> bool:
    label = tag[2:]
    return tag in ("O", "B", "I") or (tag[:2] in ("B-", "I-") and bool(label.strip()) and "\t" not in label)
