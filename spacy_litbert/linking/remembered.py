"""What a memory of mentions says of the concepts of a knowledge base, by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

import numpy as np

from .columns import Array
from .knowledge_base import KnowledgeBase
from .memory import N_FOLDS, MentionMemory

_SIMILAR = 10  # names that are remembered


class Keyed(NamedTuple):
    """Values by keys. keys: (n,) int64, ascending. values: (n,) float64."""

    keys: Array
    values: Array

    def at(self, keys: Array) -> Array:
        """Return the values of keys, float64; 0 for those that are not there."""
        return np.append(self.values, 0.0)[places_of(keys, self.keys)]


def places_of(wanted: Array, keys: Array) -> Array:
    """Return where each wanted key stands among ascending keys, (wanted,) int64; −1 for one that does not."""
    if not len(keys):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


class RememberedConcepts:
    """A memory whose ids are numbers of a knowledge base; ids that it lacks are left out.

    ``without`` is a fold of documents whose mentions don't count.
    """

    def __init__(self, kb: KnowledgeBase, memory: MentionMemory) -> None:
        self.kb = kb
        self.memory = memory
        self._numbers = {one: number for one in memory.ids() if (number := kb.number_of(one)) is not None}
        self._all = lru_cache(maxsize=N_FOLDS + 1)(self._count_all)

    def __bool__(self) -> bool:
        return bool(self.memory)

    def exactly(self, names: Sequence[str], without: int | None = None) -> Keyed:
        """Return how often each name stood for concepts; the key of name i and concept n is i · concepts + n."""
        return self._of([self.memory.exactly(name, without) for name in names])

    def similar(self, names: Sequence[str], without: int | None = None) -> Keyed:
        """Return for concepts that names similar to each stood for the cosine, times the share of the concept."""
        return self._of([self.memory.similar(name, _SIMILAR, without) for name in names], max)

    def totals(self, without: int | None = None) -> Keyed:
        """Return how many mentions stood for each concept, by its number."""
        return self._all(without)

    def _count_all(self, without: int | None) -> Keyed:
        return self._of([self.memory.totals(without)])

    def _of(self, values: Sequence[Mapping[str, float]], put: Callable[[float, float], float] = add) -> Keyed:
        """Return values by keys; what several ids that are one concept have is put together."""
        found: dict[int, float] = {}
        for i, of_name in enumerate(values):
            for concept_id, value in of_name.items():
                if (number := self._numbers.get(concept_id)) is not None:
                    key = i * len(self.kb) + number
                    found[key] = put(found.get(key, 0.0), value)
        keys = sorted(found)
        return Keyed(np.array(keys, np.int64), np.array([found[key] for key in keys], np.float64))

    def __reduce__(self) -> tuple[Any, ...]:
        return RememberedConcepts, (self.kb, self.memory)
