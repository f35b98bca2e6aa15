from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Mention, keep_longest, problem_of

from .strategies import RELAXED

MENTIONS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda p: Mention(p[0], sum(p), "X")))


def test_the_longest_of_overlapping_mentions_is_kept() -> None:
    short, long, apart = Mention(0, 3, "A"), Mention(2, 9, "B"), Mention(9, 12, "A")
    assert keep_longest([short, apart, long]) == ([long, apart], [short])


@RELAXED
@given(MENTIONS)
def test_a_mention_gives_way_to_longer_ones_alone(mentions: list[Mention]) -> None:
    expected: list[Mention] = []
    for one in sorted(set(mentions), key=lambda m: (m.start - m.end, m)):
        if not any(one.start < other.end and other.start < one.end for other in expected):
            expected.append(one)
    assert keep_longest(mentions)[0] == sorted(expected)


def test_of_two_equally_long_the_first_is_kept() -> None:
    first, second = Mention(0, 4, "A"), Mention(2, 6, "A")
    assert keep_longest([second, first]) == ([first], [second])


@RELAXED
@given(MENTIONS)
def test_what_is_kept_never_overlaps_and_nothing_is_lost(mentions: list[Mention]) -> None:
    kept, dropped = keep_longest(mentions)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    assert {*kept, *dropped} == set(mentions)


@pytest.mark.parametrize(
    "mention, word",
    [
        (Mention(0, 99, "X"), "99"),
        (Mention(3, 3, "X"), "3–3"),
        (Mention(-1, 2, "X"), "-1"),
        (Mention(0, 5, "X"), "white space"),
        (Mention(4, 8, "X"), "white space"),
    ],
)
def test_problems_are_named(mention: Mention, word: str) -> None:
    assert word in str(problem_of(mention, "drug use"))


def test_a_sound_mention_has_no_problem() -> None:
    assert problem_of(Mention(0, 4, "X"), "drug use") is None
