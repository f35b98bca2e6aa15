"""Our pipeline on scispaCy's tokens, which keep hyphens, slashes and comparisons inside a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from spacy.language import Language

from .conftest import TEXT, entities, in_two_processes

custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")


@pytest.fixture
def nlp(bundled: Callable[[], Language]) -> Language:
    nlp = bundled()
    nlp.tokenizer = custom_tokenizer.combined_rule_tokenizer(nlp)
    return nlp


def test_mentions_that_are_words_are_found_as_with_our_tokens(nlp: Language, alone: Language) -> None:
    assert [(ent.text, ent.label_) for ent in nlp(TEXT).ents] == [(ent.text, ent.label_) for ent in alone(TEXT).ents]


def test_a_mention_within_a_word_can_only_be_found_with_our_tokens(nlp: Language, alone: Language) -> None:
    text = "We saw lithium-induced tremor and p<0.05 for IL-2-mediated growth."
    assert [token.text for token in nlp(text)][2] == "lithium-induced"
    assert "lithium" in [ent.text for ent in alone(text).ents]
    assert nlp(text).char_span(7, 14) is None


def test_every_token_has_vectors(bundled: Callable[[], Language]) -> None:
    nlp = bundled()
    nlp.tokenizer = custom_tokenizer.combined_rule_tokenizer(nlp)
    nlp.disable_pipe("doc_cleaner")
    doc = nlp("IL-2-mediated growth (p<0.05) of the [3H]dopamine(D2) receptor.")
    assert all(doc._.trf_data.align[i].data.size for i in range(len(doc)))


def test_it_is_saved_and_goes_to_other_processes(nlp: Language, saved_again: Callable[[Language], Language]) -> None:
    expected = nlp(TEXT)
    again = saved_again(nlp)
    assert [token.text for token in again(TEXT)] == [token.text for token in expected]
    assert entities(again(TEXT)) == entities(expected)
    for doc in in_two_processes(nlp, [TEXT] * 4):
        assert entities(doc) == entities(expected)
