"""Rows that belong to groups: what a group's rows sum up to, the largest of them, and the places they take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..ragged import starts_of
from .columns import Array


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each row belongs to, those of a group together.

    owners: (rows,) int64, ascending. n: groups; there may be some without rows.
    """

    owners: Array
    n: int

    @cached_property
    def sizes(self) -> Array:
        """How many rows each group has, (n,) int64."""
        return np.bincount(self.owners, minlength=self.n)

    @cached_property
    def starts(self) -> Array:
        """The first row of each group, and behind the last one, (n + 1,) int64."""
        return starts_of(self.sizes)

    def sums(self, values: Array) -> Array:
        """Return the sum of each group's values, (n,) float64."""
        return np.bincount(self.owners, values, self.n)

    def largest(self, values: Array) -> Array:
        """Return the largest of each group's values, 0 if there is none above, (n,) float64."""
        largest = np.zeros(self.n)
        np.maximum.at(largest, self.owners, values)
        return largest

    def ranks(self, values: Array) -> Array:
        """Return the place of each value in its group, from 0 for the highest; of equal ones the first comes first."""
        ranks = np.empty(len(values), np.int64)
        ranks[np.lexsort((-values, self.owners))] = np.arange(len(values)) - self.starts[self.owners]
        return ranks
