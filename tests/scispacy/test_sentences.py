"""Sentences of pysbd, as scispaCy offers them, before or after our components."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from spacy.language import Language

from .conftest import TEXT, entities, in_two_processes

pytest.importorskip("scispacy.custom_sentence_segmenter")


@pytest.mark.parametrize("place", [{"first": True}, {"last": True}, {"after": "transformer"}], ids=str)
def test_sentences_beside_entities(
    bundled: Callable[[], Language],
    alone: Language,
    saved_again: Callable[[Language], Language],
    place: dict[str, object],
) -> None:
    nlp = bundled()
    nlp.add_pipe("pysbd_sentencizer", **place)
    doc = nlp(TEXT)
    sentences = [sentence.text for sentence in doc.sents]
    assert [sentence.split()[0] for sentence in sentences] == ["Aspirin", "The", "Lithium,"]
    assert entities(doc) == entities(alone(TEXT))
    for other in [saved_again(nlp)(TEXT), *in_two_processes(nlp, [TEXT] * 4)]:
        assert [sentence.text for sentence in other.sents] == sentences
        assert entities(other) == entities(doc)


def test_an_empty_doc(bundled: Callable[[], Language]) -> None:
    nlp = bundled()
    nlp.add_pipe("pysbd_sentencizer", first=True)
    assert [*nlp("").sents] == [*nlp("").ents] == []
