from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.pretraining.packing import MOST_IN_A_ROW, pack


@given(st.lists(st.integers(1, 20), max_size=60))
def test_every_example_has_one_place_that_fits(lengths: list[int]) -> None:
    order, starts = pack(np.array(lengths, dtype=np.int64), 20)
    assert sorted(order.tolist()) == list(range(len(lengths)))
    assert starts[-1] == len(lengths)
    for start, end in itertools.pairwise(starts):
        assert 1 <= end - start <= MOST_IN_A_ROW
        assert sum(lengths[i] for i in order[start:end]) <= 20


def test_takes_the_best_fit() -> None:
    order, starts = pack(np.array([10, 3, 7, 6, 4, 10]), 10)
    rows = [sorted(order[start:end].tolist()) for start, end in itertools.pairwise(starts)]
    assert sorted(rows) == [[0], [1, 2], [3, 4], [5]]
