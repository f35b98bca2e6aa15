"""Candidates of a mention: the union of equal, similar and near names, and what training mentions stood for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from .columns import Array, distinct
from .groups import Groups
from .knowledge_base import LEVELS, KnowledgeBase
from .memory import MentionMemory
from .name_vectors import Nearest
from .remembered import RememberedConcepts, places_of

MOST_SIMILAR = 0.97  # of a name that is not equal
_NEAR = 20  # concepts that the vectors of names add
_OF_CONTEXT = 0.004  # from a context that fits to the opposite: less than from one level to the next

Types = frozenset[str] | None


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
    types: Types = None
    context: str | None = None

    @property
    def is_abbreviation(self) -> bool:
        """Whether the document says what it abbreviates."""
        return self.text != self.long_form

    def in_context(self, context: str | None) -> Mention:
        """Return the same mention with something else around it."""
        return replace(self, context=context)


@dataclass(frozen=True, eq=False)
class Matches:
    """How concepts were found by a name, a row for each concept.

    forms: (n,) int64, the number of the form that fits best, −1 for none.
    levels: (n,) int64, index in ``LEVELS`` of the strictest at which a name equals, ``len(LEVELS)`` for none.
    cosines, seconds: (n,) float64, of the most similar form and of the second.
    n_forms: (n,) int64, how many forms of the concept were found.
    """

    forms: Array
    levels: Array
    cosines: Array
    seconds: Array
    n_forms: Array

    @property
    def similarities(self) -> Array:
        """1 for an equal name, a little less for a less strict level, else the cosine, at most 0.97; (n,) float64."""
        return np.where(self.levels < len(LEVELS), 1 - self.levels / 100, np.minimum(self.cosines, MOST_SIMILAR))

    def __getitem__(self, rows: Array | slice) -> Matches:
        return Matches(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __add__(self, other: Matches) -> Matches:
        return Matches(*(np.append(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)))


_NOT_FOUND = Matches(*(np.array([value]) for value in (-1, len(LEVELS), 0.0, 0.0, 0)))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The concepts that a mention may stand for, and what speaks for each; (n,) all of them.

    numbers: int64, of the concepts, ascending.
    by_long, by_text: how they were found by the long form and by the text itself.
    remembered_*: float64, of training mentions; how many of the same name stood for it, and the similarity of others
        that did.
    nearness: float64, the cosine of the long form's vector and the nearest of the concept's names; NaN without vectors.
    fitness: float64, the cosine of the context's vector and the concept's canonical name; NaN without vectors or
        context.
    """

    numbers: Array
    by_long: Matches
    by_text: Matches
    remembered_long: Array
    remembered_text: Array
    remembered_similar: Array
    nearness: Array
    fitness: Array

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Array | slice) -> Candidates:
        return Candidates(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def similarities(self) -> Array:
        """How well names fit: what an untrained linker sorts by. Of equal names the context decides. (n,) float64."""
        by_name = np.maximum(self.by_long.similarities, 0.999 * self.by_text.similarities)
        without = np.isnan(self.nearness) | (by_name > MOST_SIMILAR)
        # A concept without a vector is assumed to fit as well as the one that fits least.
        least = np.fmin.reduce(self.fitness, initial=1.0)
        misfit = 1 - np.where(np.isnan(self.fitness), least, self.fitness)
        between = np.minimum((by_name + self.nearness) / 2, MOST_SIMILAR)
        return np.where(without, by_name - _OF_CONTEXT * misfit, between)


class CandidateGenerator:
    """Finds candidates in a knowledge base and a memory of training mentions.

    k: forms that are looked up by similarity for a name, and the most candidates that come of it.
    """

    def __init__(self, kb: KnowledgeBase, memory: MentionMemory, k: int) -> None:
        self.kb = kb
        self.memory = RememberedConcepts(kb, memory)
        self.k = k
        self._is_ambiguous = lru_cache(maxsize=1 << 13)(self._has_several)

    def __call__(
        self, mentions: Sequence[Mention], without: int | None, nearest: Sequence[Nearest | None]
    ) -> tuple[Candidates, Groups]:
        """Return the candidates of all mentions, each one's in the order of concepts, and whose each is.

        without: a fold of documents whose mentions are not to be remembered.
        nearest: the names that are near the long form of each mention.
        """
        # Rows are told apart by a key, which has the number of the mention and that of the concept.
        short = [i for i, mention in enumerate(mentions) if mention.is_abbreviation]
        long_forms = [mention.long_form for mention in mentions]
        keys, matches = self._by_names(
            [*long_forms, *(mentions[i].text for i in short)],
            [mention.types for mention in (*mentions, *(mentions[i] for i in short))],
            [*nearest, *(None for _ in short)],
        )
        owners = keys // len(self.kb)
        # The mention whose text each name is; −1 for a long form.
        texts = np.append(np.arange(len(mentions)), np.array(short, np.int64))
        texts[short] = -1
        by_text = np.flatnonzero(texts[owners] >= 0)
        by_text = by_text[np.argsort(texts[owners[by_text]], kind="stable")]
        keys_by_text = keys[by_text] + (texts[owners[by_text]] - owners[by_text]) * len(self.kb)
        by_long = slice(0, np.searchsorted(owners, len(mentions)))
        long = self.memory.exactly(long_forms, without)
        text = self.memory.exactly([mention.text for mention in mentions], without)
        similar = self.memory.similar(long_forms, without)
        remembered = np.concatenate([long.keys, text.keys, similar.keys])
        remembered = remembered[self._are_allowed(remembered, [mention.types for mention in mentions])]
        wanted = distinct(np.concatenate([keys[by_long], keys_by_text, remembered]))
        groups, numbers = Groups(wanted // len(self.kb), len(mentions)), wanted % len(self.kb)
        found = Candidates(
            numbers,
            by_long=(matches[by_long] + _NOT_FOUND)[places_of(wanted, keys[by_long])],
            by_text=(matches[by_text] + _NOT_FOUND)[places_of(wanted, keys_by_text)],
            remembered_long=long.at(wanted),
            remembered_text=text.at(wanted),
            remembered_similar=similar.at(wanted),
            nearness=self._nearness(nearest, numbers, groups),
            fitness=np.full(len(wanted), np.nan),
        )
        return found, groups

    def is_ambiguous(self, mention: Mention) -> bool:
        """Tell whether several concepts equal a name, most strictly, or training mentions of it stood for several."""
        return self._is_ambiguous(mention.long_form, mention.types)

    def in_context(self, candidates: Candidates, context: Array | None) -> Candidates:
        """Return candidates that know how well they fit the context of this vector; the same ones without any."""
        if context is None or not len(candidates):
            return candidates
        assert self.kb.vectors is not None
        canonical = self.kb.canonical_forms(candidates.numbers)
        return replace(candidates, fitness=self.kb.vectors.cosines(context, canonical))

    def __reduce__(self) -> tuple[Any, ...]:
        return CandidateGenerator, (self.kb, self.memory.memory, self.k)

    def _has_several(self, name: str, types: Types) -> bool:
        allowed = self.kb.allowed_concepts(types)
        if np.count_nonzero(allowed[self.memory.exactly([name]).keys]) > 1:
            return True
        equal = self.kb.forms_equal_to(name)
        for level in LEVELS:
            forms = np.array([form for form, of_form in equal.items() if of_form == level], np.int64)
            found = self.kb.concepts_of_all(forms)[0]
            if n := np.count_nonzero(allowed[distinct(found)]):
                return bool(n > 1)
        return False

    def _by_names(
        self, names: Sequence[str], types: Sequence[Types], nearest: Sequence[Nearest | None]
    ) -> tuple[Array, Matches]:
        """Look names up; return the keys of the concepts of these types that each one finds, ascending, and how."""
        looked_up = [self._forms(*one) for one in zip(names, types, nearest)]
        forms, levels, cosines, near = (np.concatenate(part) for part in zip(*looked_up))
        names_of_forms = np.repeat(np.arange(len(names)), [len(found) for found, *_ in looked_up])
        unknown = np.isnan(cosines)
        cosines[unknown] = self.kb.cosines(names, forms[unknown], names_of_forms[unknown])
        concepts, owners = self.kb.concepts_of_all(forms)
        keys = names_of_forms[owners] * len(self.kb) + concepts
        allowed = self._are_allowed(keys, types)
        keys, owners = keys[allowed], owners[allowed]
        order = np.lexsort((forms[owners], -cosines[owners], levels[owners], keys))
        best = owners[order]
        wanted, first, n_forms = np.unique(keys[order], return_index=True, return_counts=True)
        in_order = cosines[owners[np.lexsort((-cosines[owners], keys))]]
        seconds = np.where(n_forms > 1, in_order[np.minimum(first + 1, len(in_order) - 1)], 0.0)
        found = Matches(forms[best[first]], levels[best[first]], in_order[first], seconds, n_forms)
        groups = Groups(wanted // len(self.kb), len(names))
        # An abbreviation may equal a name of hundreds of concepts.
        kept = groups.ranks(found.similarities) < self.k
        nearest_form = np.minimum.reduceat(near[best], first) if len(first) else near[:0]
        kept |= (nearest_form < np.inf) & (groups.ranks(-nearest_form) < _NEAR)
        return wanted[kept], found[kept]

    def _forms(self, name: str, types: Types, nearest: Nearest | None) -> tuple[Array, Array, Array, Array]:
        """Return the forms that equal a name, are similar or near: numbers, levels, cosines, places among the near.

        Cosines are NaN where they are not known.
        """
        may_stand = types is None or len(types) > 0
        equal = {form: LEVELS.index(level) for form, level in self.kb.forms_equal_to(name).items() if may_stand}
        near = {} if nearest is None else {form: place for place, form in enumerate(nearest.forms.tolist())}
        similar: dict[int, float] = {}
        # Beside an equal name and near ones, similar ones don't pay for the time that it may take to find them.
        if may_stand and not (near and self.kb.is_searched_at_length(types) and self._is_name(equal, types)):
            similar = dict(zip(*(part.tolist() for part in self.kb.similar_forms(name, self.k, types))))
        forms = list(dict.fromkeys((*similar, *equal, *near)))
        return (
            np.array(forms, np.int64),
            np.array([equal.get(form, len(LEVELS)) for form in forms], np.int64),
            np.array([similar.get(form, np.nan) for form in forms], np.float64),
            np.array([near.get(form, np.inf) for form in forms], np.float64),
        )

    def _is_name(self, equal: Mapping[int, int], types: Types) -> bool:
        """Say whether one of the forms with these levels is letter by letter the name of a concept of these types."""
        allowed = self.kb.allowed_forms(types)
        return any(level == 0 and allowed[form] for form, level in equal.items())

    def _are_allowed(self, keys: Array, types: Sequence[Types]) -> Array:
        """Say of keys whether the types of their names allow their concepts, (n,) bool."""
        numbers, owners = keys % len(self.kb), keys // len(self.kb)
        distinct = list(dict.fromkeys(types))
        which = np.array([distinct.index(one) for one in types], np.int64)[owners]
        allowed = np.ones(len(keys), bool)
        for i, kinds in enumerate(distinct):
            allowed[which == i] = self.kb.allowed_concepts(kinds)[numbers[which == i]]
        return allowed

    def _nearness(self, nearest: Sequence[Nearest | None], numbers: Array, groups: Groups) -> Array:
        """Return how near all candidates are, however they were found; (n,) float64, NaN without vectors."""
        nearness = np.full(len(numbers), np.nan)
        for one, (start, end) in zip(nearest, pairwise(groups.starts.tolist())):
            if one is not None and end > start:
                assert self.kb.vectors is not None
                forms, owners = self.kb.forms_of_all(numbers[start:end])
                first = np.searchsorted(owners, np.arange(end - start))
                nearness[start:end] = np.fmax.reduceat(self.kb.vectors.cosines(one.vector, forms), first)
        return nearness
