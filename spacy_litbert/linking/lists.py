"""Lists of candidates: what the mentions of a document may stand for, and what a ranker sees of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..ragged import starts_of
from .candidates import CandidateGenerator, Candidates, Mention
from .columns import Array
from .features import FeatureExtractor
from .nearest import Near

_KEPT = 1 << 11  # names whose candidates are kept: some 20 kB each


@dataclass
class Listed:
    """A mention's candidates, their features, and what is right.

    rows: (candidates + 1, features) float32; the last row stands for none of them.
    right: (candidates + 1,) bool; None where that is not known.
    is_gold: whether the mention stands for a concept, found or not.
    """

    candidates: Candidates
    rows: Array
    right: Array | None = None
    is_gold: bool = False

    def shortened(self, n: int) -> Listed:
        """Return the list with the n candidates that names and memory favour, the n nearest, and all that are right."""
        if len(self.candidates) <= n or self.right is None:
            return self
        kept = self.right.copy()
        kept[np.argsort(-self.candidates.similarities - self.candidates.remembered_similar, kind="stable")[:n]] = True
        nearness = np.nan_to_num(self.candidates.nearness)
        if nearness.any():
            # A ranker that saw near names only where they are right would take every near name.
            kept[np.argsort(-nearness, kind="stable")[:n]] = True
        kept[-1] = True
        return Listed(self.candidates[kept[:-1]], self.rows[kept], self.right[kept], self.is_gold)


_Key = tuple[Mention, int | None]  # without its context; a fold that is left out


class ListMaker:
    """Makes the lists of the mentions of documents.

    What a name has in every document is kept for the next one, as long as there is room.

    generate: finds the candidates. with_vectors: as for ``FeatureExtractor``.
    """

    def __init__(self, generate: CandidateGenerator, *, with_vectors: bool = False) -> None:
        self._generate = generate
        self._features = FeatureExtractor(generate.kb, generate.memory, with_vectors=with_vectors)
        self._with_vectors = with_vectors
        self._kept: dict[_Key, Listed] = {}

    def __call__(self, mentions: Sequence[Mention], names: Mapping[Mention, Listed], near: Near) -> list[Listed]:
        """Return a list for each of a document's mentions; equal mentions share one.

        names: what ``of_names`` made of them. near: what vectors say of the mentions, if names have some.
        """
        found = {}
        for mention in dict.fromkeys(mentions):
            context = None if mention.context is None else near.contexts.get(mention.context)
            found[mention] = self._generate.in_context(names[mention].candidates, context)
        others = _in_other_lists(list(found.values()))
        listed = {
            mention: Listed(candidates, self._features.in_document(names[mention].rows, candidates, *of_others))
            for (mention, candidates), of_others in zip(found.items(), others)
        }
        return [listed[mention] for mention in mentions]

    def of_names(self, mentions: Iterable[Mention], without: int | None, near: Near) -> dict[Mention, Listed]:
        """Return what mentions have whatever their document; many are made in less time together than one by one.

        without: a fold of documents whose mentions are not to be remembered.
        """
        keys = {mention: (mention.in_context(None), without) for mention in mentions}
        kept = self._kept  # taken once: another thread may put another one in its place at any time
        found = {key: kept[key] for key in keys.values() if key in kept}
        if new := {key: mention for mention, key in keys.items() if key not in found}:
            nearest = [near.names.get(mention) for mention in new.values()]
            candidates, groups = self._generate(list(new.values()), without, nearest)
            rows = self._features(list(new.values()), candidates, groups, without)
            places = pairwise(groups.starts.tolist())
            made = {key: Listed(candidates[a:b], of_name) for key, of_name, (a, b) in zip(new, rows, places)}
            found |= made
            self._kept = (kept | made) if len(kept) + len(made) <= _KEPT else made
        return {mention: found[key] for mention, key in keys.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self._generate, self._with_vectors)


def _in_other_lists(lists: Sequence[Candidates]) -> Iterator[tuple[Array, Array]]:
    """Yield for the candidates of each list their best similarity in any other, 0 if there is none, and in how many."""
    if not lists:
        return
    starts = starts_of([len(candidates) for candidates in lists])
    numbers = np.concatenate([candidates.numbers for candidates in lists])
    similarities = np.concatenate([candidates.similarities for candidates in lists])
    order = np.lexsort((-similarities, numbers))
    _, first, group, counts = np.unique(numbers[order], return_index=True, return_inverse=True, return_counts=True)
    in_order = np.append(similarities[order], 0.0)
    # The best of all is that of the others, but for the list that has it: there it is the second.
    best = in_order[first][group]
    best[first] = np.where(counts > 1, in_order[first + 1], 0.0)
    of_others, n_others = np.empty(len(order)), np.empty(len(order), np.int64)
    of_others[order], n_others[order] = best, counts[group] - 1
    for start, end in pairwise(starts.tolist()):
        yield of_others[start:end], n_others[start:end]


def _make(generate: CandidateGenerator, with_vectors: bool) -> ListMaker:
    return ListMaker(generate, with_vectors=with_vectors)
