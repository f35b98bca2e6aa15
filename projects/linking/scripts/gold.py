"""Texts with mentions and the concepts they stand for, as examples for the linker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_litbert.corpora.document import Document, keep_longest
from spacy_litbert.corpora.files import numbered_lines
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.linking.readers.problems import record_error


def read_examples(path: Path, renamed: Mapping[str, str]) -> list[Example]:
    """Read the mentions with ids of a corpus file as gold entities, as ``examples_of`` makes them.

    Raises LitBertError L411 if there are none, and what the reader raises.
    """
    examples = examples_of(read_documents(path), renamed)
    if not any(example.reference.ents for example in examples):
        raise LitBertError(Errors.L411.format(path=path))
    return examples


def examples_of(documents: Iterable[Document], renamed: Mapping[str, str]) -> list[Example]:
    """Make the mentions with ids of documents gold entities.

    renamed: for ids that the vocabulary has withdrawn the ones that took their place.

    A mention of several concepts has their ids joined by ``|``. Tokens end where mentions do, so that none is lost.
    """
    vocab = spacy.blank("en").vocab
    examples = []
    for document in documents:
        reference = _to_doc(vocab, document, renamed)
        examples.append(Example(Doc(vocab, _words(reference), [bool(t.whitespace_) for t in reference]), reference))
    return examples


def read_renamed(path: Path | None) -> dict[str, str]:
    """Read old and new ids from the first two columns of a TSV with a header."""
    renamed = {}
    for number, line in numbered_lines(path) if path is not None else ():
        fields = line.split("\t")
        if len(fields) < 2:
            raise record_error(Path(str(path)), number, f"expected an old and a new id, found {line[:60]!r}.")
        if number > 1:
            renamed[fields[0]] = fields[1]
    return renamed


def _to_doc(vocab: Vocab, document: Document, renamed: Mapping[str, str]) -> Doc:
    text = document.text
    kept, _ = keep_longest(mention for mention in document.entities if mention.ids)
    words: list[str] = []
    spaces: list[bool] = []
    for piece in _pieces(text, {place for mention in kept for place in (mention.start, mention.end)}):
        if piece == " " and words and not spaces[-1]:
            spaces[-1] = True
        else:
            words.append(piece)
            spaces.append(False)
    doc = Doc(vocab, words, spaces)
    for mention in kept:
        ids = "|".join(dict.fromkeys(renamed.get(one, one) for one in mention.ids))
        span = doc.char_span(mention.start, mention.end, mention.label, ids)
        assert span is not None
        doc.set_ents([span], default="unmodified")
    return doc


def _pieces(text: str, cuts: set[int]) -> Iterator[str]:
    places = {0, len(text), *cuts}
    for i, character in enumerate(text):
        if character.isspace():
            places |= {i, i + 1}
    ordered = sorted(places)
    return (text[start:end] for start, end in pairwise(ordered))


def _words(doc: Doc) -> list[str]:
    return [token.text for token in doc]
