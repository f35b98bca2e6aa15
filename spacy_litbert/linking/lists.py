"""Lists of candidates: what the mentions of a document may stand for, and what a ranker sees of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .candidates import Candidate, CandidateGenerator, Mention
from .columns import Array
from .features import FeatureExtractor
from .name_vectors import Nearest
from .nearest import Near

_KEPT = 1 << 11  # names whose candidates are kept: some 20 kB each


@dataclass
class Listed:
    """A mention's candidates, their features, and what is right.

    rows: (candidates + 1, features) float32; the last row stands for none of them.
    right: (candidates + 1,) bool; None where that is not known.
    is_gold: whether the mention stands for a concept, found or not.
    """

    candidates: list[Candidate]
    rows: Array
    right: Array | None = None
    is_gold: bool = False

    def similarities(self) -> Array:
        """Return how well the candidates' names fit, (candidates,) float64."""
        return np.array([candidate.similarity for candidate in self.candidates], np.float64)

    def shortened(self, n: int) -> Listed:
        """Return the list with the n candidates that names and memory favour, the n nearest, and all that are right."""
        if len(self.candidates) <= n or self.right is None:
            return self
        promise = np.array([c.similarity + c.remembered_similar for c in self.candidates])
        kept = self.right.copy()
        kept[np.argsort(-promise, kind="stable")[:n]] = True
        nearness = np.array([c.nearness or 0.0 for c in self.candidates])
        if nearness.any():
            # A ranker that saw near names only where they are right would take every near name.
            kept[np.argsort(-nearness, kind="stable")[:n]] = True
        kept[-1] = True
        candidates = [c for c, keep in zip(self.candidates, kept) if keep]
        return Listed(candidates, self.rows[kept], self.right[kept], self.is_gold)


class ListMaker:
    """Makes the lists of the mentions of a document.

    What a name has in every document is kept for the next one, as long as there is room.

    generate: finds the candidates. with_vectors: as for ``FeatureExtractor``.
    """

    def __init__(self, generate: CandidateGenerator, *, with_vectors: bool = False) -> None:
        self._generate = generate
        self._features = FeatureExtractor(generate.kb, generate.memory, with_vectors=with_vectors)
        self._with_vectors = with_vectors
        self._of_name = lru_cache(maxsize=_KEPT)(self._make_of_name)

    def __call__(self, mentions: Sequence[Mention], without: int | None, near: Near) -> list[Listed]:
        """Return a list for each of a document's mentions; equal mentions share one.

        without: a fold of documents whose mentions are not to be remembered.
        near: what vectors say of the mentions, if names have some.
        """
        names, found = {}, {}
        for mention in dict.fromkeys(mentions):
            names[mention] = self._of_name(mention.in_context(None), without, near.names.get(mention))
            context = None if mention.context is None else near.contexts.get(mention.context)
            found[mention] = self._generate.in_context(names[mention].candidates, context)
        strongest: dict[int, list[tuple[float, Mention]]] = {}
        for mention, candidates in found.items():
            for candidate in candidates:
                strongest.setdefault(candidate.number, []).append((candidate.similarity, mention))
        listed = {}
        for mention, candidates in found.items():
            others = {}
            for candidate in candidates:
                similarities = [value for value, other in strongest[candidate.number] if other != mention]
                if similarities:
                    others[candidate.number] = (max(similarities), len(similarities))
            rows = self._features.in_document(names[mention].rows, candidates, others)
            listed[mention] = Listed(candidates, rows)
        return [listed[mention] for mention in mentions]

    def _make_of_name(self, mention: Mention, without: int | None, nearest: Nearest | None) -> Listed:
        candidates = self._generate(mention, without, nearest)
        return Listed(candidates, self._features(mention, candidates, without))

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self._generate, self._with_vectors)


def _make(generate: CandidateGenerator, with_vectors: bool) -> ListMaker:
    return ListMaker(generate, with_vectors=with_vectors)
