from __future__ import annotations

import numpy as np
import pytest

from spacy_litbert.pretraining.examples import Examples, draw_pairs, draw_singles
from spacy_litbert.ragged import starts_of
from spacy_litbert.types import IntArray

ROOM = 61


@pytest.fixture(scope="module")
def text() -> tuple[IntArray, IntArray]:
    """Starts of sentences of 3 to 40 tokens, and of 2,000 documents of 0 to 30 sentences."""
    random = np.random.default_rng(0)
    sentences = random.integers(0, 31, 2000)
    return starts_of(random.integers(3, 41, sentences.sum())), starts_of(sentences)


@pytest.fixture(scope="module")
def pairs(text: tuple[IntArray, IntArray]) -> Examples:
    return draw_pairs(*text, ROOM, np.random.default_rng(1))


def _document(text: tuple[IntArray, IntArray], token: IntArray) -> IntArray:
    sentence = np.searchsorted(text[0], token, side="right") - 1
    return np.searchsorted(text[1], sentence, side="right") - 1


def test_pairs_fit_and_are_never_empty(pairs: Examples) -> None:
    total = pairs.a_length + pairs.b_length
    assert pairs.a_length.min() >= 1
    assert pairs.b_length.min() >= 1
    assert total.max() == ROOM


def test_half_of_the_pairs_are_random(pairs: Examples) -> None:
    # A document's last sentence alone has no next one, so it is a little more than half.
    assert len(pairs.a_start) > 10_000
    assert 0.49 < pairs.is_random.mean() < 0.56


def test_segments_lie_where_the_label_says(text: tuple[IntArray, IntArray], pairs: Examples) -> None:
    a, b = _document(text, pairs.a_start), _document(text, pairs.b_start)
    np.testing.assert_array_equal(a == b, ~pairs.is_random)
    np.testing.assert_array_equal(_document(text, pairs.a_start + pairs.a_length - 1), a)
    np.testing.assert_array_equal(_document(text, pairs.b_start + pairs.b_length - 1), b)
    follows = ~pairs.is_random
    gap = (pairs.b_start - pairs.a_start - pairs.a_length)[follows]
    assert gap.min() == 0  # more where one of them was cut
    whole = follows & (pairs.a_length + pairs.b_length < ROOM)
    assert (pairs.b_start - pairs.a_start - pairs.a_length)[whole].max() == 0


def test_a_tenth_is_short(text: tuple[IntArray, IntArray]) -> None:
    endless = text[0], np.array([0, len(text[0]) // 2, len(text[0]) - 1])  # no ends of documents in the way
    pairs = draw_pairs(*endless, ROOM, np.random.default_rng(2))
    short = (pairs.a_length + pairs.b_length < ROOM).mean()
    assert 0.03 < short < 0.1  # a short pair still ends with a whole sentence, so some fill the row


def test_an_epoch_shows_nearly_all_text(text: tuple[IntArray, IntArray], pairs: Examples) -> None:
    seen = np.zeros(text[0][-1], dtype=bool)
    for start, length in ((pairs.a_start, pairs.a_length), (pairs.b_start, pairs.b_length)):
        for i in range(len(start)):
            seen[start[i] : start[i] + length[i]] = True
    assert seen.mean() > 0.85  # the rest was cut off; another epoch cuts elsewhere


def test_draws_depend_on_the_seed_alone(text: tuple[IntArray, IntArray], pairs: Examples) -> None:
    same, other = (draw_pairs(*text, ROOM, np.random.default_rng(seed)) for seed in (1, 3))
    np.testing.assert_array_equal(same.b_start, pairs.b_start)
    assert len(other.b_start) != len(pairs.b_start) or (other.b_start != pairs.b_start).any()


def test_singles_have_one_segment(text: tuple[IntArray, IntArray]) -> None:
    singles = draw_singles(*text, ROOM, np.random.default_rng(1))
    assert singles.a_length.max() == ROOM
    assert singles.a_length.min() >= 1
    assert not singles.b_length.any()
    assert not singles.is_random.any()
    end = singles.a_start + singles.a_length - 1
    np.testing.assert_array_equal(_document(text, singles.a_start), _document(text, end))
