"""Candidates of a mention: the union of equal, similar and near names, and what training mentions stood for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from .columns import Array
from .knowledge_base import LEVELS, KnowledgeBase
from .memory import MentionMemory
from .name_vectors import Nearest

_SIMILAR_IN_MEMORY = 10
MOST_SIMILAR = 0.97  # of a name that is not equal
_NEAR = 20  # concepts that the vectors of names add
_OF_CONTEXT = 0.004  # from a context that fits to the opposite: less than from one level to the next


@dataclass(frozen=True)
class Mention:
    """A name in a document.

    text: as it stands there.
    long_form: what it abbreviates, if the document says so; else the text.
    types: kinds of concepts that it may stand for; None for all.
    context: what stands around it, where the name alone does not tell what it stands for.
    """

    text: str
    long_form: str
    types: frozenset[str] | None = None
    context: str | None = None

    @property
    def is_abbreviation(self) -> bool:
        """Whether the document says what it abbreviates."""
        return self.text != self.long_form

    def in_context(self, context: str | None) -> Mention:
        """Return the same mention with something else around it."""
        return replace(self, context=context)


@dataclass
class Matches:
    """How a concept was found by one name.

    level: index in ``LEVELS`` of the strictest at which a name equals, ``len(LEVELS)`` for none.
    cosine: of the most similar form; second: of the second; form: the number of the best one.
    """

    form: int = -1
    level: int = len(LEVELS)
    cosine: float = 0.0
    second: float = 0.0
    n_forms: int = 0

    @property
    def similarity(self) -> float:
        """1 for an equal name, a little less for a less strict level, else the cosine, at most 0.97."""
        return 1 - self.level / 100 if self.level < len(LEVELS) else min(self.cosine, MOST_SIMILAR)


@dataclass
class Candidate:
    """A concept that a mention may stand for, and what speaks for it.

    by_long, by_text: how it was found by the long form and by the text itself; one object if they are the same.
    remembered_*: of training mentions; how many of the same name stood for it, of how many, and the similarity of
    others that did.
    nearness: the cosine of the long form's vector and the nearest of the concept's names; None without vectors.
    fitness: the cosine of the context's vector and the concept's canonical name; None without vectors or context.
    assumed_fitness: the same, or for a concept without a vector the lowest of the others'.
    """

    number: int
    by_long: Matches = field(default_factory=Matches)
    by_text: Matches = field(default_factory=Matches)
    remembered_long: float = 0.0
    remembered_text: float = 0.0
    remembered_similar: float = 0.0
    nearness: float | None = None
    fitness: float | None = None
    assumed_fitness: float = 1.0

    @property
    def similarity(self) -> float:
        """How well a name fits: what an untrained linker sorts by. Of equal names the context decides."""
        by_name = max(self.by_long.similarity, 0.999 * self.by_text.similarity)
        if self.nearness is None or by_name > MOST_SIMILAR:
            return by_name - _OF_CONTEXT * (1 - self.assumed_fitness)
        return min((by_name + self.nearness) / 2, MOST_SIMILAR)


class CandidateGenerator:
    """Finds candidates in a knowledge base and a memory of training mentions.

    k: forms that are looked up by similarity for a name, and the most candidates that come of it.
    """

    def __init__(self, kb: KnowledgeBase, memory: MentionMemory, k: int) -> None:
        self.kb = kb
        self.memory = memory
        self.k = k
        self._is_ambiguous = lru_cache(maxsize=1 << 13)(self._has_several)

    def __call__(self, mention: Mention, without: int | None = None, nearest: Nearest | None = None) -> list[Candidate]:
        """Return the candidates of a mention, in the order of concepts in the knowledge base.

        without: a fold of documents whose mentions are not to be remembered.
        nearest: the names that are near the long form.
        """
        found: dict[int, Candidate] = {}
        by_long = self._by_name(mention.long_form, mention.types, nearest)
        by_text = self._by_name(mention.text, mention.types) if mention.is_abbreviation else by_long
        for number, matches in by_long.items():
            found.setdefault(number, Candidate(number)).by_long = matches
        for number, matches in by_text.items():
            found.setdefault(number, Candidate(number)).by_text = matches
        self._remember(mention, found, without)
        if nearest is not None and found:
            self._compare_vectors(nearest, found)
        return [found[number] for number in sorted(found)]

    def is_ambiguous(self, mention: Mention) -> bool:
        """Tell whether several concepts are called exactly so, or were remembered under the name."""
        return self._is_ambiguous(mention.long_form, mention.types)

    def in_context(self, candidates: list[Candidate], context: Array | None) -> list[Candidate]:
        """Return candidates that know how well they fit the context of this vector; the same ones without any."""
        if context is None or not candidates:
            return candidates
        assert self.kb.vectors is not None
        canonical = np.array([self.kb.canonical_form(candidate.number) for candidate in candidates])
        cosines = self.kb.vectors.cosines(context, canonical).tolist()
        lowest = min((cosine for cosine in cosines if not np.isnan(cosine)), default=1.0)
        return [
            replace(one, assumed_fitness=lowest)
            if np.isnan(cosine)
            else replace(one, fitness=cosine, assumed_fitness=cosine)
            for one, cosine in zip(candidates, cosines)
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        return CandidateGenerator, (self.kb, self.memory, self.k)

    def _has_several(self, name: str, types: frozenset[str] | None) -> bool:
        allowed = self.kb.allowed_concepts(types)
        concepts = {one for form in self.kb.forms_equal_to(name) for one in self.kb.concepts_of(form)}
        remembered = (self.kb.number_of(concept_id) for concept_id in self.memory.exactly(name))
        concepts.update(number for number in remembered if number is not None)
        return sum(bool(allowed[number]) for number in concepts) > 1

    def _by_name(self, name: str, types: frozenset[str] | None, nearest: Nearest | None = None) -> dict[int, Matches]:
        allowed = self.kb.allowed_concepts(types)
        numbers, cosines = self.kb.similar_forms(name, self.k, types)
        similar = dict(zip(numbers.tolist(), cosines.tolist()))
        equal = {form: LEVELS.index(level) for form, level in self.kb.forms_equal_to(name).items()}
        near = [] if nearest is None else nearest.forms.tolist()
        if missing := [form for form in dict.fromkeys([*equal, *near]) if form not in similar]:
            similar |= zip(missing, self.kb.cosines(name, np.array(missing)).tolist())
        found: dict[int, Matches] = {}
        for form in sorted(similar, key=lambda form: (equal.get(form, len(LEVELS)), -similar[form], form)):
            for number in self.kb.concepts_of(form):
                if allowed[number]:
                    _add(found.setdefault(number, Matches()), form, equal.get(form, len(LEVELS)), similar[form])
        # An abbreviation may equal a name of hundreds of concepts.
        best = sorted(found, key=lambda number: (-found[number].similarity, number))[: self.k]
        by_vector = dict.fromkeys(number for form in near for number in self.kb.concepts_of(form) if allowed[number])
        return {number: found[number] for number in dict.fromkeys([*best, *islice(by_vector, _NEAR)])}

    def _compare_vectors(self, nearest: Nearest, found: dict[int, Candidate]) -> None:
        """Say of all candidates, however they were found, how near they are."""
        assert self.kb.vectors is not None
        forms = [self.kb.forms_of(number) for number in found]
        starts = np.cumsum([0, *map(len, forms[:-1])])
        cosines = np.fmax.reduceat(self.kb.vectors.cosines(nearest.vector, np.concatenate(forms)), starts)
        for candidate, cosine in zip(found.values(), cosines.tolist()):
            candidate.nearness = None if np.isnan(cosine) else cosine

    def _remember(self, mention: Mention, found: dict[int, Candidate], without: int | None) -> None:
        if not self.memory:
            return
        allowed = self.kb.allowed_concepts(mention.types)
        kinds = {
            "remembered_long": self.memory.exactly(mention.long_form, without),
            "remembered_text": self.memory.exactly(mention.text, without),
            "remembered_similar": self.memory.similar(mention.long_form, _SIMILAR_IN_MEMORY, without),
        }
        for kind, values in kinds.items():
            for concept_id, value in values.items():
                number = self.kb.number_of(concept_id)
                if number is not None and allowed[number]:
                    candidate = found.setdefault(number, Candidate(number))
                    setattr(candidate, kind, value + (getattr(candidate, kind) if kind != "remembered_similar" else 0))


def _add(matches: Matches, form: int, level: int, cosine: float) -> None:
    matches.n_forms += 1
    if matches.form < 0:
        matches.form, matches.level, matches.cosine = form, level, cosine
        return
    first, second = sorted((matches.cosine, matches.second, cosine), reverse=True)[:2]
    matches.cosine, matches.second = first, second
