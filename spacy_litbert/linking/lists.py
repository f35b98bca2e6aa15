"""Lists of candidates: what the mentions of a document may stand for, and what a ranker sees of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .candidates import Candidate, CandidateGenerator, Mention
from .columns import Array
from .features import FeatureExtractor
from .name_vectors import Nearest


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

    generate: finds the candidates. with_vectors: as for ``FeatureExtractor``.
    """

    def __init__(self, generate: CandidateGenerator, *, with_vectors: bool = False) -> None:
        self._generate = generate
        self._features = FeatureExtractor(generate.kb, generate.memory, with_vectors=with_vectors)

    def __call__(
        self, mentions: Sequence[Mention], without: int | None = None, nearest: Mapping[Mention, Nearest] | None = None
    ) -> list[Listed]:
        """Return a list for each of a document's mentions; equal mentions share one.

        without: a fold of documents whose mentions are not to be remembered.
        nearest: the names near each mention, if names have vectors.
        """
        near = nearest or {}
        found = {mention: self._generate(mention, without, near.get(mention)) for mention in dict.fromkeys(mentions)}
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
            listed[mention] = Listed(candidates, self._features(mention, candidates, others, without))
        return [listed[mention] for mention in mentions]
