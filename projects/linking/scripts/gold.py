"""Texts with mentions and the concepts they stand for, as examples for the linker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_litbert.corpora.document import Document, Mention, keep_longest, with_all_ids
from spacy_litbert.corpora.files import numbered_lines
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.readers.problems import record_error


def read_examples(path: Path, renamed: Mapping[str, str], kb: KnowledgeBase) -> list[Example]:
    """Read the mentions with ids of a corpus file as gold entities, as ``examples_of`` makes them.

    Raises LitBertError L411 if there are none, and what the reader raises.
    """
    documents = list(read_documents(path))
    examples = examples_of(documents, renamed, kb)
    n_covered = sum(len(_chosen(document)[1]) for document in documents)
    if n_covered:
        print(f"{path}: {n_covered} mentions with ids are left out: a longer one covers part of them")
    if not any(example.reference.ents for example in examples):
        raise LitBertError(Errors.L411.format(path=path))
    return examples


def examples_of(documents: Iterable[Document], renamed: Mapping[str, str], kb: KnowledgeBase) -> list[Example]:
    """Make the mentions with ids of documents gold entities.

    renamed: for ids that the vocabulary has withdrawn the ones that took their place.

    A mention of several concepts has their ids joined by ``|``. Ids that the knowledge base or ``renamed`` has stand as
    the file says them; others may be several in one (``D1,D2``) or MeSH's without ``MESH:``. Tokens end where mentions
    do, so that none is lost but those that a longer one covers.
    """
    vocab = spacy.blank("en").vocab
    examples = []
    for document in documents:
        reference = _to_doc(vocab, document, renamed, kb)
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


def _chosen(document: Document) -> tuple[list[Mention], list[Mention]]:
    """Return the mentions with ids that don't overlap, and those that gave way to them."""
    return keep_longest(with_all_ids(mention for mention in document.entities if mention.ids))


def _ids(mention: Mention, renamed: Mapping[str, str], kb: KnowledgeBase) -> list[str]:
    def is_known(one: str) -> bool:
        return one in renamed or kb.number_of(one) is not None

    ids: list[str] = []
    for part in mention.concept_id.split("|"):
        found = [part] if is_known(part) else replace(mention, concept_id=part).ids
        bare = ((one, one.removeprefix("MESH:")) for one in found)
        ids += [short if not is_known(one) and is_known(short) else one for one, short in bare]
    return [renamed.get(one, one) for one in ids]


def _to_doc(vocab: Vocab, document: Document, renamed: Mapping[str, str], kb: KnowledgeBase) -> Doc:
    text = document.text
    kept, _ = _chosen(document)
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
        ids = "|".join(dict.fromkeys(_ids(mention, renamed, kb)))
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
