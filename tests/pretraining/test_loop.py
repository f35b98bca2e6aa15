from __future__ import annotations

import itertools

import pytest

from spacy_litbert.pretraining.loop import Budget, Stopwatch
from spacy_litbert.pretraining.optimizer import learning_rate_factor


def test_rises_and_falls_to_exactly_zero() -> None:
    factors = [learning_rate_factor(i / 100, 0.1) for i in range(101)]
    assert factors[0] == 0
    assert factors[5] == pytest.approx(0.5)
    assert max(factors) == factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[100] == 0
    assert learning_rate_factor(0.0, 0.0) == 1


def test_progress_by_steps_or_seconds() -> None:
    assert Budget(10, None).progress(4, 1e9) == 0.4
    assert Budget(None, 60.0).progress(10**9, 45.0) == 0.75
    assert Budget(10, None).progress(11, 0.0) == Budget(None, 60.0).progress(0, 61.0) == 1


def test_the_stopwatch_counts_earlier_sittings() -> None:
    watch = Stopwatch(100.0, clock=itertools.count(7.0, 5.0).__next__)
    assert [watch.elapsed(), watch.elapsed()] == [105.0, 110.0]
