"""Which pieces make up a token: exact, complete, for any text and any spaCy tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization.alignment import align, sentence_cuts
from spacy_litbert.tokenization.tokenizer import biomedical_tokenizer
from spacy_litbert.tokenization.wordpieces import WordpieceEncoder, is_visible

from .test_wordpieces import BIOMEDICAL, CASED

NLP = spacy.blank("en")
VOCAB = Vocab()
ENCODER = WordpieceEncoder(CASED)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | BIOMEDICAL


@cache
def scispacy_tokenizer() -> Callable[[str], Doc]:
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    return custom_tokenizer.combined_rule_tokenizer(NLP)


def _doc_of(words: list[str], spaces: list[bool] | None = None) -> Doc:
    return Doc(VOCAB, words=words, spaces=spaces)


TOKENIZERS = {
    "english": NLP.make_doc,
    "scispacy": lambda text: scispacy_tokenizer()(text),
    "biomedical": biomedical_tokenizer(NLP),
    "whitespace": lambda text: _doc_of(text.split()),
    "character": lambda text: _doc_of(list(text), [False] * len(text)),
}


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=600, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_every_visible_token_has_its_pieces_and_no_other_has_any(name: str, texts: list[str]) -> None:
    docs = [TOKENIZERS[name](text) for text in texts]
    alignment = align(ENCODER, docs)
    pieces = ENCODER.encode([doc.text for doc in docs])
    covered = np.zeros(len(pieces.ids), dtype=bool)
    for d, doc in enumerate(docs):
        for t, token in enumerate(doc, start=alignment.doc_tokens[d]):
            own = range(alignment.first[t], alignment.first[t] + alignment.lengths[t])
            start = token.idx + pieces.text_starts[d]
            end = start + len(token)
            visible = any(map(is_visible, token.text))
            touching = [p for p in range(len(pieces.ids)) if pieces.start[p] < end and pieces.end[p] > start]
            assert list(own) == (touching if visible else [])
            assert bool(own) == visible
            covered[list(own)] = True
    assert covered.all()


def test_tokens_of_several_docs_get_pieces_of_their_own_doc() -> None:
    docs = [NLP.make_doc(text) for text in ("IL-2", "", "  ", "α β", "x")]
    alignment = align(ENCODER, docs)
    assert alignment.doc_tokens.tolist() == [0, 1, 1, 2, 4, 5]
    together = [CASED.tokens[i] for i in alignment.ids]
    apart = [CASED.tokens[i] for doc in docs for i in align(ENCODER, [doc]).ids]
    assert together == apart == ["IL", "-", "2", "α", "β", "x"]


def test_a_piece_that_crosses_a_token_boundary_belongs_to_both() -> None:
    doc = _doc_of(["in", "fection"], [False, False])
    alignment = align(ENCODER, [doc])
    assert [CASED.tokens[i] for i in alignment.ids] == ["infection"]
    assert alignment.first.tolist() == [0, 0]
    assert alignment.lengths.tolist() == [1, 1]


def test_windows_may_begin_only_at_words_and_inside_no_token() -> None:
    doc = _doc_of(["α-syn", "uclein", "x"], [False, True, False])
    alignment = align(ENCODER, [doc])
    pieces = [CASED.tokens[i] for i in alignment.ids]
    allowed = [piece for piece, cut in zip(pieces, alignment.token_cuts) if cut]
    assert allowed == ["α", "x"]
    assert alignment.token_cuts[-1]


def test_sentence_cuts_need_sentences() -> None:
    doc = NLP.make_doc("One gene. Two genes.")
    with pytest.raises(LitBertError, match="L304"):
        sentence_cuts(align(ENCODER, [doc]), [doc])
    doc[3].is_sent_start = True
    alignment = align(ENCODER, [doc])
    cuts = sentence_cuts(alignment, [doc])
    assert [CASED.tokens[i] for i in alignment.ids[np.flatnonzero(cuts[:-1])]] == ["One", "Two"]


def test_no_docs_and_empty_docs() -> None:
    assert len(align(ENCODER, []).ids) == 0
    assert align(ENCODER, [NLP.make_doc("")]).doc_pieces.tolist() == [0, 0]
