"""Training a vocabulary: the same from the same words, every character cut, no idle entries."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.selection import read_texts
from spacy_litbert.corpora.unlabelled_text import find_texts
from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization import train
from spacy_litbert.tokenization.train import count_words, train_vocabulary
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

SAMPLE = Path(__file__).parents[2] / "projects" / "pretrain" / "text" / "text-*"
TEXTS = [("the gene and the protein of α-synuclein", 20), ("lithium therapy in the newborn", 20)]


@pytest.fixture(scope="module")
def sample() -> Counter[str]:
    return count_words((text, 1) for text in read_texts(find_texts([str(SAMPLE)])))


def n_pieces(vocabulary: Vocabulary, words: Counter[str]) -> int:
    tokenizer = vocabulary.tokenizer()
    return sum(n * len(tokenizer.encode(word).ids) for word, n in words.items())


def test_words_are_counted_as_bert_cuts_them() -> None:
    counts = count_words([("TNF-α (10 %) 发烧", 3), ("TNF", 1)])
    assert counts == {"TNF": 4, "-": 3, "α": 3, "(": 3, "10": 3, "%": 3, ")": 3, "发": 3, "烧": 3}


def test_training_is_deterministic_and_keeps_the_alphabet() -> None:
    words = count_words(TEXTS)
    first = train_vocabulary(words, 240, alphabet="±♂-", progress=False)
    assert first == train_vocabulary(count_words(reversed(TEXTS)), 240, alphabet="±♂-", progress=False)
    assert first.tokens[:5] == SPECIAL_TOKENS
    assert {"±", "♂"} <= set(first.tokens)
    assert {"##n", "##±", "-"} <= set(first.tokens)
    assert "##-" not in first.tokens
    assert len(first) <= 240
    assert "lithium" in first.tokens


def test_trimming_cuts_text_into_fewer_pieces_than_stopping_early(
    sample: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trimmed = train_vocabulary(sample, 400, progress=False)
    monkeypatch.setattr(train, "POOL", 1)
    stopped = train_vocabulary(sample, 400, progress=False)
    assert len(trimmed) == len(stopped) == 400
    assert n_pieces(trimmed, sample) < n_pieces(stopped, sample)
    assert any(token.startswith("##") and len(token) > 4 for token in trimmed.tokens)


@given(st.lists(st.text(max_size=30), max_size=5))
def test_every_character_that_was_seen_often_enough_is_cut(texts: list[str]) -> None:
    words = count_words((text, 2) for text in texts)
    vocabulary = train_vocabulary(words, 1000, progress=False)
    tokenizer = vocabulary.tokenizer()
    for word in words:
        if len(word) <= vocabulary.max_word_length:
            assert "[UNK]" not in tokenizer.encode(word).tokens


def test_a_size_that_holds_no_alphabet_is_refused() -> None:
    with pytest.raises(LitBertError, match="L105"):
        train_vocabulary({"x": 1}, 10, alphabet="abcdef", progress=False)
