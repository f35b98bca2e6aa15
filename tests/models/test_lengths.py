"""Batches measured in wordpieces."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.training import Example
from spacy.util import registry

from spacy_litbert.tokenization.vocabulary import Vocabulary

from ..conftest import TEXTS


def test_a_doc_and_its_example_are_as_long_as_their_wordpieces(checkpoint: Path, vocabulary: Vocabulary) -> None:
    length = registry.misc.get("spacy-litbert.wordpiece_length.v1")(str(checkpoint))
    nlp = spacy.blank("en")
    for text in [*TEXTS, "", " "]:
        doc = nlp.make_doc(text)
        assert length(doc) == len(vocabulary.tokenizer().encode(text).ids)
        assert length(Example(nlp.make_doc(""), doc)) == length(doc)


def test_batches_hold_what_they_say(checkpoint: Path) -> None:
    length = registry.misc.get("spacy-litbert.wordpiece_length.v1")(str(checkpoint))
    batcher = registry.batchers.get("spacy.batch_by_padded.v1")(
        size=200, buffer=16, discard_oversize=False, get_length=length
    )
    docs = [spacy.blank("en").make_doc(text) for text in TEXTS * 4]
    batches = list(batcher(docs))
    assert sum(map(len, batches)) == len(docs)
    assert all(max(map(length, batch)) * len(batch) <= 200 for batch in batches)
