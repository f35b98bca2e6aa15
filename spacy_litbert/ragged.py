"""Arithmetic on ragged arrays: rows of unequal length kept end to end in one flat array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .types import BoolArray, IntArray


def starts_of(lengths: IntArray | BoolArray | Sequence[int]) -> IntArray:
    """Return the first index of each row, and after the last one the total.

    lengths: (rows,) integers or booleans. Returns (rows + 1,) int64.
    """
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def indices_of(first: IntArray, lengths: IntArray) -> IntArray:
    """Return the flat indices ``first[i] … first[i] + lengths[i] - 1`` of all rows, end to end.

    first, lengths: (rows,) integers. Returns (sum of lengths,) int64.
    """
    starts = starts_of(lengths)
    return np.arange(starts[-1], dtype=np.int64) + np.repeat(first - starts[:-1], lengths)
