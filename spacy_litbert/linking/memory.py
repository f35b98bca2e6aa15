"""What mentions of training texts were linked to: how often a name stood for a concept.

Counts are kept by folds of documents, so that a ranker that trains on a document can be shown what the *others*
remember. Otherwise it learns to trust a memory that knows the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .columns import Array
from .hashing import hash_string
from .normalize import fold, normal
from .trigrams import TrigramIndex, make_trigrams

N_FOLDS = 10

Counts = dict[str, float]


def fold_of(text: str) -> int:
    """Return the fold of a document, which its text alone decides."""
    return hash_string(text) % N_FOLDS


def memory_key(name: str) -> str:
    """Return the form in which names are remembered."""
    return normal(fold(name))


class MentionMemory:
    """How often a name stood for each concept id, by folds of documents.

    counts: for each key the ids, and for each id a count for each fold. It is not changed afterwards.
    """

    def __init__(self, counts: dict[str, dict[str, list[int]]] | None = None) -> None:
        self.counts = counts or {}
        self._totals: dict[str, Array] = {}
        for ids in self.counts.values():
            for concept_id, by_fold in ids.items():
                total = self._totals.setdefault(concept_id, np.zeros(N_FOLDS, np.int64))
                total += np.asarray(by_fold)
        self._allowed = lru_cache(maxsize=N_FOLDS + 1)(self._remembered_without)
        self._shares = lru_cache(maxsize=N_FOLDS + 1)(self._shares_without)

    @classmethod
    def of(cls, mentions: Iterable[tuple[str, Iterable[str], int]]) -> MentionMemory:
        """Make a memory of names, the ids they stand for, and the fold of their document."""
        counts: dict[str, dict[str, list[int]]] = {}
        for name, concept_ids, fold_number in mentions:
            for concept_id in concept_ids:
                by_fold = counts.setdefault(memory_key(name), {}).setdefault(concept_id, [0] * N_FOLDS)
                by_fold[fold_number] += 1
        return cls(counts)

    def __len__(self) -> int:
        return len(self.counts)

    def exactly(self, name: str, without: int | None = None) -> Counts:
        """Return how often the name stood for each id. without: a fold whose documents don't count."""
        return _sums(self.counts.get(memory_key(name), {}), without)

    def similar(self, name: str, k: int, without: int | None = None) -> Counts:
        """Return for ids that remembered names similar to this one stood for the cosine, times the share of the id."""
        best: Counts = {}
        shares = self._shares(without)
        numbers, cosines = self._index.search(memory_key(name), k, self._allowed(without))
        for number, cosine in zip(numbers.tolist(), cosines.tolist()):
            for concept_id, share in shares[number].items():
                best[concept_id] = max(best.get(concept_id, 0.0), cosine * share)
        return best

    def ids(self) -> Iterable[str]:
        """Return all ids that names stood for."""
        return self._totals.keys()

    def totals(self, without: int | None = None) -> Counts:
        """Return how many mentions stood for each id."""
        return {
            concept_id: float(by_fold.sum() - (by_fold[without] if without is not None else 0))
            for concept_id, by_fold in self._totals.items()
        }

    @cached_property
    def _keys(self) -> list[str]:
        return sorted(self.counts)

    @cached_property
    def _index(self) -> TrigramIndex:
        return make_trigrams(self._keys)

    def _shares_without(self, without: int | None) -> list[Counts]:
        sums = [_sums(self.counts[key], without) for key in self._keys]
        return [{one: count / sum(counts.values()) for one, count in counts.items()} for counts in sums]

    def _remembered_without(self, without: int | None) -> Array:
        remembered = np.array([bool(_sums(self.counts[key], without)) for key in self._keys], bool)
        return self._index.in_places(remembered)

    def __reduce__(self) -> tuple[Any, ...]:
        return MentionMemory, (self.counts,)


def _sums(by_id: dict[str, list[int]], without: int | None) -> Counts:
    sums = {i: sum(by_fold) - (by_fold[without] if without is not None else 0) for i, by_fold in by_id.items()}
    return {concept_id: float(count) for concept_id, count in sums.items() if count > 0}
