"""Batches of synonyms from a knowledge base: pairs of names of one concept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import Errors, LitBertError
from ..linking.knowledge_base import KnowledgeBase
from ..types import IntArray

_LONGEST = 100  # characters: longer names are systematic ones of chemicals, and one costs as much as ten others


@dataclass(frozen=True)
class SynonymBatch:
    """Names, two of each concept.

    names: in folded form. forms: (names,) int64, their numbers. concepts: (names,) int64, what they are names of.
    """

    names: list[str]
    forms: IntArray
    concepts: IntArray


class Synonyms:
    """The concepts of a knowledge base that have synonyms, and batches of them.

    types: only concepts of one of these.

    Raises LitBertError L528 for unknown types, L540 if there are no two concepts with synonyms.
    """

    def __init__(self, kb: KnowledgeBase, types: Iterable[str] | None) -> None:
        self.kb = kb
        allowed = kb.allowed_concepts(kb.check_types(types))
        short = np.fromiter((len(form) <= _LONGEST for form in kb.forms), bool, len(kb.forms))
        self._forms = {
            number: forms
            for number in np.flatnonzero(allowed).tolist()
            if len(forms := sorted({form for form in kb.forms_of(number).tolist() if short[form]})) > 1
        }
        if len(self._forms) < 2:
            raise LitBertError(Errors.L540.format(path=kb.path))
        numbers = np.fromiter(self._forms, np.int64)
        preferences = kb.preferences[numbers]
        self._by_preference = [numbers[preferences == value] for value in np.unique(preferences)]

    def __len__(self) -> int:
        return len(self._forms)

    def batch(self, n: int, seed: int, step: int) -> SynonymBatch:
        """Return the names of a step, two of each of at most ``n`` concepts; seed and step decide which.

        All preferences are drawn as often, so that hundreds of thousands of supplementary records don't outweigh the
        concepts that come first.
        """
        generator = np.random.default_rng((seed, step))
        chosen: dict[int, list[int]] = {}
        while len(chosen) < min(n, len(self)):
            numbers = self._by_preference[generator.integers(len(self._by_preference))]
            number = int(generator.choice(numbers))
            if number not in chosen:
                chosen[number] = generator.choice(self._forms[number], 2, replace=False).tolist()
        forms = [form for pair in chosen.values() for form in pair]
        concepts = np.repeat(np.fromiter(chosen, np.int64), 2)
        return SynonymBatch([self.kb.forms[form] for form in forms], np.array(forms, np.int64), concepts)
