"""Distinct values are those of ``np.unique``, in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.linking.columns import distinct


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64])
@given(values=st.lists(st.integers(0, 30)))
def test_distinct_values_are_those_of_numpy(dtype: type[np.generic], values: list[int]) -> None:
    array = np.array(values, dtype)
    found = distinct(array)
    assert found.tolist() == np.unique(array).tolist()
    assert found.dtype == array.dtype
