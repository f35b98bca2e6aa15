"""What a ranker sees of the candidates of a mention: strings, memory, the concept, and the other mentions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from .candidates import Candidate, Matches, Mention
from .columns import Array
from .knowledge_base import LEVELS, KnowledgeBase
from .memory import MentionMemory
from .normalize import bag, fold, normal

FEATURES = (
    "is_nil",
    "equal_fold",
    "equal_normal",
    "equal_bag",
    "cosine",
    "cosine_below_best",
    "cosine_rank",
    "second_cosine",
    "n_forms",
    "mention_words_covered",
    "name_words_covered",
    "words_jaccard",
    "mention_words_missing",
    "name_words_extra",
    "first_word_equal",
    "last_word_equal",
    "mention_specifics_missing",
    "name_specifics_extra",
    "common_prefix",
    "length_ratio",
    "canonical_cosine",
    "is_canonical",
    "text_equal",
    "text_cosine",
    "same_case",
    "initials",
    "is_first_choice",
    "is_second_choice",
    "is_later_choice",
    "n_names",
    "tree_depth",
    "n_tree_numbers",
    "remembered_share",
    "remembered_count",
    "remembered_text_share",
    "remembered_text_count",
    "remembered_similar",
    "remembered_concept",
    "in_document",
    "n_in_document",
    # The same for all candidates of a mention
    "best_cosine",
    "any_equal",
    "n_equal",
    "any_remembered",
    "best_remembered_similar",
    "is_abbreviation",
    "looks_like_abbreviation",
    "n_words",
    "n_letters",
    "n_candidates",
)
# Where names have vectors: how near the name is, and how well the concept fits what stands around it.
VECTOR_FEATURES = (
    "nearness",
    "nearness_below_best",
    "nearness_rank",
    "has_vector",
    "best_nearness",
    "fitness",
    "fitness_below_best",
    "fitness_rank",
    "has_fitness",
    "best_fitness",
)
_OF_THE_LIST = FEATURES.index("best_cosine")
_OF_THE_DOCUMENT = slice(FEATURES.index("in_document"), _OF_THE_LIST)
_OF_CONTEXT = len(FEATURES) + VECTOR_FEATURES.index("fitness")


class Words(NamedTuple):
    """A name cut into words in normal form, with their weights and those that make it specific (numbers, letters)."""

    form: str
    words: tuple[str, ...]
    weights: dict[str, float]
    total: float
    specifics: frozenset[str]


class FeatureExtractor:
    """Computes the features of candidates, (n + 1, features) float32; the last row stands for none of them.

    with_vectors: add ``VECTOR_FEATURES``.
    """

    def __init__(self, kb: KnowledgeBase, memory: MentionMemory, *, with_vectors: bool = False) -> None:
        self.kb = kb
        self.memory = memory
        self.names = FEATURES + VECTOR_FEATURES if with_vectors else FEATURES
        self._words_of_form = lru_cache(maxsize=1 << 14)(self._read_words)
        self._of_concept = lru_cache(maxsize=1 << 14)(self._describe_concept)

    def __call__(
        self,
        mention: Mention,
        candidates: Sequence[Candidate],
        without: int | None = None,
    ) -> Array:
        """Compute the features of a mention's candidates, but for those that its document alone tells.

        without: as for the candidates.
        """
        rows = np.zeros((len(candidates) + 1, len(self.names)), np.float32)
        query = self._cut(fold(mention.long_form))
        ranks = _ranks([c.by_long.cosine for c in candidates])
        best = max((c.by_long.cosine for c in candidates), default=0.0)
        known = sum(c.remembered_long for c in candidates), sum(c.remembered_text for c in candidates)
        canonical = self.kb.cosines(
            mention.long_form, np.array([self.kb.canonical_form(c.number) for c in candidates], np.int64)
        )
        for row, candidate, rank, cosine in zip(rows, candidates, ranks, canonical):
            matches = candidate.by_long
            strings = self._strings(query, matches)
            preference, *of_concept = self._of_concept(candidate.number)
            text = candidate.by_text
            row[1 : _OF_THE_DOCUMENT.start] = (
                *(matches.level <= i for i in range(len(LEVELS))),
                matches.cosine,
                best - matches.cosine,
                1 / (1 + rank),
                matches.second,
                math.log1p(matches.n_forms),
                *strings,
                cosine,
                matches.form >= 0 and matches.form == self.kb.canonical_form(candidate.number),
                1 - text.level / len(LEVELS),
                text.cosine,
                self._same_case(mention, candidate),
                self._initials(mention, candidate),
                preference == 0,
                preference == 1,
                preference > 1,
                *of_concept,
                candidate.remembered_long / known[0] if known[0] else 0,
                math.log1p(candidate.remembered_long),
                candidate.remembered_text / known[1] if known[1] else 0,
                math.log1p(candidate.remembered_text),
                candidate.remembered_similar,
                math.log1p(self.memory.total(self.kb.id_of(candidate.number), without)) if self.memory else 0,
            )
        rows[:, _OF_THE_LIST : len(FEATURES)] = (
            best,
            any(c.by_long.level < len(LEVELS) for c in candidates),
            math.log1p(sum(c.by_long.level < len(LEVELS) for c in candidates)),
            known[0] > 0 or known[1] > 0,
            max((c.remembered_similar for c in candidates), default=0.0),
            mention.is_abbreviation,
            _looks_like_abbreviation(mention.text),
            math.log1p(len(query.words)),
            math.log1p(len(query.form)),
            math.log1p(len(candidates)),
        )
        rows[-1, 0] = 1
        if len(self.names) > len(FEATURES):
            rows[:, len(FEATURES) : _OF_CONTEXT] = _compared([candidate.nearness for candidate in candidates])
        return rows

    def in_document(
        self, rows: Array, candidates: Sequence[Candidate], others: Mapping[int, tuple[float, int]]
    ) -> Array:
        """Return the features of candidates with those that the document tells.

        rows: without them.
        others: for concepts that other mentions of the document may stand for, the best similarity and how many.
        """
        rows = rows.copy()
        for row, candidate in zip(rows, candidates):
            if (other := others.get(candidate.number)) is not None:
                row[_OF_THE_DOCUMENT] = other[0], math.log1p(other[1])
        if len(self.names) > len(FEATURES):
            rows[:, _OF_CONTEXT:] = _compared([candidate.fitness for candidate in candidates])
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        with_vectors = len(self.names) > len(FEATURES)
        return partial(FeatureExtractor, with_vectors=with_vectors), (self.kb, self.memory)

    def _strings(self, query: Words, matches: Matches) -> tuple[float, ...]:
        if matches.form < 0 or not query.words:
            return (0.0,) * 11
        name = self._words_of_form(matches.form)
        common = sum(weight for word, weight in query.weights.items() if word in name.weights)
        prefix = 0
        for a, b in zip(query.form, name.form):
            if a != b:
                break
            prefix += 1
        longest = max(len(query.form), len(name.form))
        return (
            common / query.total,
            common / name.total,
            common / (query.total + name.total - common),
            len(query.weights.keys() - name.weights.keys()),
            len(name.weights.keys() - query.weights.keys()),
            query.words[0] == name.words[0],
            query.words[-1] == name.words[-1],
            len(query.specifics - name.specifics),
            len(name.specifics - query.specifics),
            prefix / longest,
            min(len(query.form), len(name.form)) / longest,
        )

    def _same_case(self, mention: Mention, candidate: Candidate) -> bool:
        form = candidate.by_text.form
        if form < 0 or candidate.by_text.level > 0:
            return False
        return mention.text in self.kb.surfaces_of(form, candidate.number)

    def _initials(self, mention: Mention, candidate: Candidate) -> bool:
        """Tell whether an abbreviation without a definition is made of the first letters of the canonical name."""
        if mention.is_abbreviation or not _looks_like_abbreviation(mention.text):
            return False
        words = self._words_of_form(self.kb.canonical_form(candidate.number)).words
        letters = fold(mention.text).replace(" ", "")
        return letters.rstrip("s") == "".join(word[0] for word in words).rstrip("s")

    def _describe_concept(self, number: int) -> tuple[float, ...]:
        tree_numbers = self.kb.tree_numbers_of(number)
        depth = min((tree.count(".") + 1 for tree in tree_numbers), default=0)
        n_names = int(self.kb.name_starts[number + 1] - self.kb.name_starts[number])
        return int(self.kb.preferences[number]), math.log1p(n_names), depth, math.log1p(len(tree_numbers))

    def _read_words(self, form: int) -> Words:
        return self._cut(self.kb.forms[form])

    def _cut(self, form: str) -> Words:
        normalized = normal(form)
        words = tuple(normalized.split())
        weights = {word: self.kb.word_weight(word) + 0.1 for word in bag(normalized).split()}
        specifics = frozenset(word for word in words if len(word) == 1 or not word.isalpha())
        return Words(normalized, words, weights, sum(weights.values()) or 1.0, specifics)


def _compared(cosines: Sequence[float | None]) -> Array:
    """Return of each cosine how high it is, how far below the best, which place it has, and whether it is known.

    (candidates + 1, 5) float32; the last column is the best one.
    """
    rows = np.zeros((len(cosines) + 1, 5), np.float32)
    if all(cosine is None for cosine in cosines):
        return rows
    values = [cosine or 0.0 for cosine in cosines]
    best = max(values)
    for row, cosine, value, rank in zip(rows, cosines, values, _ranks(values)):
        row[:4] = value, best - value, 1 / (1 + rank), cosine is not None
    rows[:, 4] = best
    return rows


def _ranks(values: Sequence[float]) -> list[int]:
    """Return the place of each value, from 0 for the highest."""
    ranks = [0] * len(values)
    for rank, i in enumerate(sorted(range(len(values)), key=lambda i: (-values[i], i))):
        ranks[i] = rank
    return ranks


def _looks_like_abbreviation(text: str) -> bool:
    return len(text) <= 8 and " " not in text and sum(map(str.isupper, text)) >= 2
