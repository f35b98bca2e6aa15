"""Cutting text: exactly as BERT's tokenizer does, word by word through the cache."""

from __future__ import annotations

import pickle
import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.tokenization import word_cache, wordpieces
from spacy_litbert.tokenization.vocabulary import Vocabulary
from spacy_litbert.tokenization.wordpieces import WordpieceEncoder

CASED = Vocabulary.from_folder(resolve("litbert-oa-small"))
UNCASED = Vocabulary(CASED.tokens, lowercase=True)
# Rust's tables of private use and Python's agree; what BERT drops although it is visible is tested apart.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=60)
BIOMEDICAL_PARTS = [
    *["IL-2", "α-synuclein", "10mg", "p<0.05", "CD4⁺", "H₂O", "→", "♂", "♀", "±", "é", "e\u0301", "ﬁ", "İ", "ß"],
    *["[SEP]", "[MASK]x", "漢字", "😀", "a" * 120, "x\u00a0y", "\n\n", "\t", " "],
    *["\u200b", "\u00ad", "\u202e", "\ufffd"],
]
INVISIBLE = ["\u200b", "\u200c", "\u2060"]
BIOMEDICAL = st.lists(st.sampled_from(BIOMEDICAL_PARTS), max_size=12).map("".join)

DECOMPOSED = st.lists(
    TEXT | st.sampled_from(["Sjögren", "Guérin", "Ångström", "Ménière", "Behçet", "naïve", "\u0301", "\u0308", " "])
).map(lambda parts: unicodedata.normalize("NFD", "".join(parts)))


@pytest.mark.parametrize("vocabulary", [CASED, UNCASED], ids=["cased", "uncased"])
@settings(max_examples=400, deadline=None)
@given(st.lists(TEXT | BIOMEDICAL, max_size=4))
@example([""])
@example(["", " ", "\n", "x"])
@example(["a\u2028b \x1c c\x0bd"])
def test_pieces_are_those_of_the_tokenizer_on_the_whole_text(vocabulary: Vocabulary, texts: list[str]) -> None:
    pieces = _encoder(vocabulary).encode(texts)
    for i, text in enumerate(texts):
        expected = _tokenizer(vocabulary).encode(text, add_special_tokens=False)
        rows = slice(*pieces.piece_starts[i : i + 2])
        start = pieces.start[rows] - pieces.text_starts[i]
        end = pieces.end[rows] - pieces.text_starts[i]
        found = list(zip(pieces.ids[rows].tolist(), start.tolist(), end.tolist()))
        assert _without_added_unknowns(text, found, expected.offsets, vocabulary) == [
            (i, *offset) for i, offset in zip(expected.ids, expected.offsets)
        ]


@pytest.mark.parametrize("vocabulary", [CASED, UNCASED], ids=["cased", "uncased"])
@settings(max_examples=400, deadline=None)
@given(st.lists(DECOMPOSED, max_size=4))
@example(["Sjo\u0308gren and Gue\u0301rin", "\u0301 x \u0301\u0308y", "a\u200b\u0301"])
def test_decomposed_text_has_the_ids_of_the_tokenizer(vocabulary: Vocabulary, texts: list[str]) -> None:
    pieces = _encoder(vocabulary).encode(texts)
    for i, text in enumerate(texts):
        expected = _tokenizer(vocabulary).encode(text, add_special_tokens=False)
        assert pieces.ids[slice(*pieces.piece_starts[i : i + 2])].tolist() == expected.ids
    assert np.all(np.diff(pieces.start) >= 0)
    assert np.all(np.diff(pieces.end) >= 0)


def test_a_stripped_mark_belongs_to_the_piece_before_it() -> None:
    pieces = _encoder(UNCASED).encode(["Ze\u0301 e\u0301\u0308 \u0301 x"])
    assert pieces.start.tolist() == [0, 4, 10]
    assert pieces.end.tolist() == [3, 7, 11]


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT | BIOMEDICAL, max_size=4), st.integers(1, 20))
def test_a_text_encoded_in_parts_is_the_same_text(texts: list[str], size: int) -> None:
    whole = _encoder(CASED).encode(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wordpieces, "_PART", size)
        parts = _encoder(CASED).encode(texts)
    for name in ("ids", "start", "end", "starts_word", "text_starts", "invisible"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))


def test_a_special_token_in_a_text_is_text() -> None:
    special = {CASED.ids[token] for token in ("[SEP]", "[MASK]", "[CLS]", "[PAD]")}
    ids = _encoder(CASED).encode(["[SEP] a [MASK][CLS] [PAD]"]).ids
    assert not special & set(ids.tolist())


def test_a_glyph_that_bert_drops_becomes_unknown() -> None:
    pieces = _encoder(CASED).encode(["x\ue000y \uf0b0"])
    assert [CASED.tokens[i] for i in pieces.ids] == ["x", "[UNK]", "##y", "[UNK]"]
    assert pieces.start.tolist() == [0, 1, 2, 4]


def test_a_word_over_the_limit_is_one_unknown() -> None:
    pieces = _encoder(CASED).encode(["A" * 101])
    assert [CASED.tokens[i] for i in pieces.ids] == ["[UNK]"]
    assert (pieces.start[0], pieces.end[0]) == (0, 101)


def test_a_full_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word{i} gene{i % 7} of the" for i in range(50)]
    expected = WordpieceEncoder(CASED).encode(texts)
    monkeypatch.setattr(word_cache, "_MAX_CHARACTERS", 100)
    small = WordpieceEncoder(CASED)
    for text, ids in zip(texts, np.split(expected.ids, expected.piece_starts[1:-1])):
        assert small.encode([text]).ids.tolist() == ids.tolist()
    assert small.encode(texts).ids.tolist() == expected.ids.tolist()
    assert len(small._cache._rows) < 150


def test_words_without_pieces_do_not_grow_the_cache_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "_MAX_CHARACTERS", 1000)
    encoder = WordpieceEncoder(CASED)
    for i in range(50):
        word = "\u200b" * i
        pieces = encoder.encode([" ".join(word + suffix for suffix in INVISIBLE)])
        assert len(pieces.ids) == 0
    assert 0 < len(encoder._cache._rows) <= 150


def test_long_words_count_by_their_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "_MAX_CHARACTERS", 10_000)
    encoder = WordpieceEncoder(CASED)
    for i in range(40):
        assert len(encoder.encode([f"{i}" + "A" * 1000]).ids) == 1
    assert len(encoder._cache._rows) <= 10


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXT | BIOMEDICAL, min_size=1, max_size=30), st.integers(0, 100))
def test_threads_share_an_encoder(texts: list[str], limit: int) -> None:
    expected = [WordpieceEncoder(CASED).encode([text]).ids.tolist() for text in texts]
    with pytest.MonkeyPatch.context() as patch, switching_often(), ThreadPoolExecutor(8) as pool:
        patch.setattr(word_cache, "_MAX_CHARACTERS", limit)
        shared = WordpieceEncoder(CASED)
        found = list(pool.map(lambda text: shared.encode([text]).ids.tolist(), texts * 4))
    assert found == expected * 4


def test_many_threads_with_many_new_words() -> None:
    texts = [" ".join(f"{'gene-' * (n % 5)}{n * 7 % 400}x{i}" for n in range(i, i + 40)) for i in range(200)]
    expected = [WordpieceEncoder(CASED).encode([text]).ids.tolist() for text in texts]
    shared = WordpieceEncoder(CASED)
    with switching_often(), ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: shared.encode([text]).ids.tolist(), texts * 2))
    assert found == expected * 2
    assert [shared.encode([text]).ids.tolist() for text in texts] == expected


@pytest.mark.parametrize("where", ["_cut", "followed_by", "starts_of"])
def test_an_exception_in_the_middle_leaves_the_cache_whole(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    encoder = WordpieceEncoder(CASED)
    encoder.encode(["aspirin caused"])
    with monkeypatch.context() as patch:
        owner = {"_cut": WordpieceEncoder, "followed_by": word_cache.CachedPieces, "starts_of": word_cache}[where]
        patch.setattr(owner, where, _interrupted)
        with pytest.raises(KeyboardInterrupt):
            encoder.encode(["gastric ulcers aspirin"])
    text = ["ulcers caused gastric levodopa aspirin"]
    assert encoder.encode(text).ids.tolist() == WordpieceEncoder(CASED).encode(text).ids.tolist()


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns every few instructions."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def _interrupted(*args: object) -> None:
    raise KeyboardInterrupt


def test_pickling_leaves_the_cache_behind() -> None:
    encoder = WordpieceEncoder(CASED)
    encoder.encode([f"word{i}" for i in range(1000)])
    copied = pickle.loads(pickle.dumps(encoder))
    assert not copied._cache._rows
    assert copied.encode(["α-synuclein"]).ids.tolist() == encoder.encode(["α-synuclein"]).ids.tolist()


def test_visible_is_what_a_reader_sees() -> None:
    assert all(map(wordpieces.is_visible, "aα1-[±₂😀漢\u0301\ue000"))
    assert not any(map(wordpieces.is_visible, " \t\n\u00a0\u200b\u202e\u00ad\ufffd\x00"))
    table = wordpieces.visible_table()
    assert [bool(table[ord(c)]) for c in "a \u200b"] == [True, False, False]


_ENCODERS: dict[bool, WordpieceEncoder] = {}
_TOKENIZERS: dict[bool, Tokenizer] = {}


def _encoder(vocabulary: Vocabulary) -> WordpieceEncoder:
    """Return one encoder for all examples: what its cache has seen before must not matter."""
    if vocabulary.lowercase not in _ENCODERS:
        _ENCODERS[vocabulary.lowercase] = WordpieceEncoder(vocabulary)
    return _ENCODERS[vocabulary.lowercase]


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    if vocabulary.lowercase not in _TOKENIZERS:
        _TOKENIZERS[vocabulary.lowercase] = vocabulary.tokenizer()
    return _TOKENIZERS[vocabulary.lowercase]


def _without_added_unknowns(
    text: str, found: list[tuple[int, int, int]], offsets: list[tuple[int, int]], vocabulary: Vocabulary
) -> list[tuple[int, int, int]]:
    """Leave out [UNK] for visible characters that the tokenizer drops, and stripped marks at the end of a piece."""
    unknown = vocabulary.ids["[UNK]"]
    ends = dict(offsets)
    added = [piece for piece in found if piece[0] == unknown and piece[1] not in ends]
    for _, start, _end in added:
        assert unicodedata.category(text[start]) not in ("Cc", "Cf", "Zs", "Mn")
    kept = [piece for piece in found if piece not in added]
    for _, start, end in kept:
        beyond = text[ends[start] : end]
        assert not beyond or (vocabulary.lowercase and unicodedata.category(beyond[-1]) == "Mn")
    return [(id, start, min(end, ends[start])) for id, start, end in kept]
