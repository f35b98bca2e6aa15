"""The best tags are those of a search through all sequences; confidences are probabilities of whole mentions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.ner.decoding import BEGINS, ENDS, INSIDE, OUTSIDE, SINGLE, Mentions, confidence, decode, gather

NOTHING = np.zeros(0, dtype=bool)


def allowed(tags: tuple[int, ...], never_begins: np.ndarray, n_tags: int) -> bool:
    if n_tags == 3:
        fit = all(tag != INSIDE or before != OUTSIDE for before, tag in zip((OUTSIDE, *tags), tags))
    else:
        pairs = zip((OUTSIDE, *tags), (*tags, OUTSIDE))
        fit = all((tag in (INSIDE, ENDS)) == (before in (BEGINS, INSIDE)) for before, tag in pairs)
    return fit and not any(tag in (BEGINS, SINGLE) and never for tag, never in zip(tags, never_begins))


def total(scores: np.ndarray, tags: tuple[int, ...]) -> float:
    return float(scores[np.arange(len(tags)), list(tags)].sum())


def tags_of(mentions: Mentions, n_labels: int, n_tokens: int, n_tags: int = 5) -> np.ndarray:
    tags = np.full((n_labels, n_tokens), OUTSIDE)
    for label, start, end in zip(mentions.labels, mentions.starts, mentions.ends):
        assert (tags[label, start:end] == OUTSIDE).all()
        tags[label, start:end] = INSIDE
        tags[label, start] = BEGINS
        if n_tags == 5:
            tags[label, end - 1] = ENDS if end - start > 1 else SINGLE
    return tags


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    n_labels=st.integers(1, 2),
    spaces=st.floats(0, 0.5),
    whole=st.booleans(),
    n_tags=st.sampled_from([3, 5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_viterbi_is_brute_force(
    lengths: list[int], n_labels: int, spaces: float, whole: bool, n_tags: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    n_tokens = sum(lengths)
    # Whole numbers have many ties, and additions without rounding.
    scores = random.normal(size=(n_tokens, n_labels, n_tags)) * 3 + random.normal(size=n_tags)
    scores = (scores.round() if whole else scores).astype("f")
    never_begins = random.random(n_tokens) < spaces
    mentions = decode(scores, np.array(lengths), never_begins)
    found = tags_of(mentions, n_labels, n_tokens, n_tags)
    end = 0
    for length in lengths:
        start, end = end, end + length
        paths = [
            path for path in product(range(n_tags), repeat=length) if allowed(path, never_begins[start:end], n_tags)
        ]
        for label in range(n_labels):
            part = scores[start:end, label]
            tags = tuple(found[label, start:end])
            assert allowed(tags, never_begins[start:end], n_tags)
            assert total(part, tags) == pytest.approx(max(total(part, path) for path in paths), abs=1e-4)


def test_a_long_text_is_decoded_as_step_by_step() -> None:
    random = np.random.default_rng(0)
    # Long runs of I, and long stretches in which a mention is open before a token just if none is open behind it.
    for most in ([0, -1.5, 1, -1.5, -1.5], [0, 5, 0, 5, -5]):
        scores = random.normal(size=(20_000, 2, 5)).astype("f") + np.array(most, dtype="f")
        mentions = decode(scores, np.array([20_000]), np.zeros(20_000, dtype=bool))
        found = tags_of(mentions, 2, 20_000)
        for label in range(2):
            closed, opened = 0.0, -np.inf
            for row in scores[:, label].astype("d"):
                closed, opened = (
                    max(closed + max(row[OUTSIDE], row[SINGLE]), opened + row[ENDS]),
                    max(closed + row[BEGINS], opened + row[INSIDE]),
                )
            assert total(scores[:, label].astype("d"), tuple(found[label])) == pytest.approx(closed, abs=1e-2)


def test_mentions_of_neighbouring_texts_and_labels_stay_apart() -> None:
    scores = np.full((4, 2, 5), -5.0, dtype="f")
    scores[:, :, BEGINS] = 1
    scores[:, :, INSIDE] = 2  # would go on over the end of a text, and from one label to the next
    scores[:, :, ENDS] = 1
    mentions = decode(scores, np.array([2, 0, 2]), np.zeros(4, dtype=bool))
    assert list(zip(mentions.labels, mentions.starts, mentions.ends)) == [(0, 0, 2), (0, 2, 4), (1, 0, 2), (1, 2, 4)]


def confidences(n_tags: int) -> tuple[np.ndarray, dict[tuple[int, int], float]]:
    """The probabilities of random tags of four tokens, and the confidences of all mentions there may be of them."""
    scores = np.random.default_rng(1).normal(size=(4, 1, n_tags)).astype("f")
    p = np.exp(scores[:, 0].astype("d"))
    p /= p.sum(axis=1, keepdims=True)
    spans = [(start, end) for start in range(4) for end in range(start + 1, 5)]
    zeros = np.zeros(len(spans), dtype=int)
    mentions = Mentions(zeros, np.array([s for s, _ in spans]), np.array([e for _, e in spans]))
    evidence = gather(scores, np.array([4]), mentions)
    cold, hot = (confidence(evidence, np.full(len(spans), t)) for t in (1e-3, 1e3))
    assert np.isfinite([*cold, *hot]).all()
    assert ((cold >= 0) & (cold <= 1)).all()
    return p, dict(zip(spans, confidence(evidence, np.ones(len(spans)))))


def test_a_confidence_is_the_probability_of_the_tags_of_a_mention() -> None:
    p, found = confidences(5)
    assert found[2, 3] == pytest.approx(p[2, SINGLE])
    assert found[1, 3] == pytest.approx(p[1, BEGINS] * p[2, ENDS])
    assert found[0, 4] == pytest.approx(p[0, BEGINS] * p[1, INSIDE] * p[2, INSIDE] * p[3, ENDS])


def test_with_three_tags_confidences_of_all_mentions_from_a_token_sum_to_its_probability() -> None:
    p, found = confidences(3)
    for start in range(4):
        assert sum(found[start, end] for end in range(start + 1, 5)) == pytest.approx(p[start, BEGINS])
    assert found[1, 3] == pytest.approx(p[1, BEGINS] * p[2, INSIDE] * (1 - p[3, INSIDE]))


def test_no_tokens_have_no_mentions() -> None:
    scores = np.zeros((0, 2, 5), dtype="f")
    mentions = decode(scores, np.array([0, 0]), NOTHING)
    assert len(mentions) == 0
    assert len(confidence(gather(scores, np.array([0, 0]), mentions), np.zeros(0))) == 0
