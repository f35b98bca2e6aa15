"""The best tags are those of a search through all sequences; confidences are probabilities of whole mentions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.ner.decoding import BEGINS, INSIDE, OUTSIDE, Mentions, confidence, decode, gather

NOTHING = np.zeros(0, dtype=bool)


def allowed(tags: tuple[int, ...], never_begins: np.ndarray) -> bool:
    follows = all(tag != INSIDE or before != OUTSIDE for before, tag in zip((OUTSIDE, *tags), tags))
    return follows and not any(tag == BEGINS and never for tag, never in zip(tags, never_begins))


def total(scores: np.ndarray, tags: tuple[int, ...]) -> float:
    return float(scores[np.arange(len(tags)), list(tags)].sum())


def tags_of(mentions: Mentions, n_labels: int, n_tokens: int) -> np.ndarray:
    tags = np.full((n_labels, n_tokens), OUTSIDE)
    for label, start, end in zip(mentions.labels, mentions.starts, mentions.ends):
        assert (tags[label, start:end] == OUTSIDE).all()
        tags[label, start:end] = INSIDE
        tags[label, start] = BEGINS
    return tags


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    n_labels=st.integers(1, 2),
    spaces=st.floats(0, 0.5),
    whole=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_viterbi_is_brute_force(lengths: list[int], n_labels: int, spaces: float, whole: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    n_tokens = sum(lengths)
    # Whole numbers have many ties, and additions without rounding.
    scores = random.normal(size=(n_tokens, n_labels, 3)) * 3 + random.normal(size=3)
    scores = (scores.round() if whole else scores).astype("f")
    never_begins = random.random(n_tokens) < spaces
    mentions = decode(scores, np.array(lengths), never_begins)
    found = tags_of(mentions, n_labels, n_tokens)
    end = 0
    for length in lengths:
        start, end = end, end + length
        paths = [path for path in product(range(3), repeat=length) if allowed(path, never_begins[start:end])]
        for label in range(n_labels):
            part = scores[start:end, label]
            tags = tuple(found[label, start:end])
            assert allowed(tags, never_begins[start:end])
            assert total(part, tags) == pytest.approx(max(total(part, path) for path in paths), abs=1e-4)


def test_a_long_text_is_decoded_as_step_by_step() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(20_000, 2, 3)).astype("f") + np.array([0, -1.5, 1], dtype="f")  # long runs of I
    mentions = decode(scores, np.array([20_000]), np.zeros(20_000, dtype=bool))
    found = tags_of(mentions, 2, 20_000)
    for label in range(2):
        best = np.array([0.0, -np.inf, -np.inf])
        for token, row in enumerate(scores[:, label].astype("d")):
            best = row + np.array([best.max(), best.max(), best[1:].max() if token else -np.inf])
        assert total(scores[:, label].astype("d"), tuple(found[label])) == pytest.approx(best.max(), abs=1e-2)


def test_mentions_of_neighbouring_texts_and_labels_stay_apart() -> None:
    scores = np.full((4, 2, 3), -5.0, dtype="f")
    scores[:, :, BEGINS] = 1
    scores[1:, :, INSIDE] = 2
    mentions = decode(scores, np.array([2, 0, 2]), np.zeros(4, dtype=bool))
    assert list(zip(mentions.labels, mentions.starts, mentions.ends)) == [(0, 0, 2), (0, 2, 4), (1, 0, 2), (1, 2, 4)]


def test_confidences_of_all_ways_to_cover_a_token_sum_to_its_probability() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=(4, 1, 3)).astype("f")
    p = np.exp(scores[:, 0].astype("d"))
    p /= p.sum(axis=1, keepdims=True)
    spans = [(start, end) for start in range(4) for end in range(start + 1, 5)]
    zeros = np.zeros(len(spans), dtype=int)
    mentions = Mentions(zeros, np.array([s for s, _ in spans]), np.array([e for _, e in spans]))
    evidence = gather(scores, np.array([4]), mentions)
    found = dict(zip(spans, confidence(evidence, np.ones(len(spans)))))
    for start in range(4):
        assert sum(found[start, end] for end in range(start + 1, 5)) == pytest.approx(p[start, BEGINS])
    assert found[1, 3] == pytest.approx(p[1, BEGINS] * p[2, INSIDE] * (1 - p[3, INSIDE]))
    cold, hot = (confidence(evidence, np.full(len(spans), t)) for t in (1e-3, 1e3))
    assert np.isfinite([*cold, *hot]).all()
    assert ((cold >= 0) & (cold <= 1)).all()


def test_no_tokens_have_no_mentions() -> None:
    scores = np.zeros((0, 2, 3), dtype="f")
    mentions = decode(scores, np.array([0, 0]), NOTHING)
    assert len(mentions) == 0
    assert len(confidence(gather(scores, np.array([0, 0]), mentions), np.zeros(0))) == 0
