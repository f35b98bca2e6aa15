"""What a ranker sees of the candidates of a mention: strings, memory, the concept, and the other mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..ragged import starts_of
from .candidates import Candidates, Mention
from .columns import Array
from .groups import Groups
from .knowledge_base import LEVELS, KnowledgeBase
from .normalize import fold, normal
from .remembered import RememberedConcepts
from .words import Words

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
_IS_KNOWN = {"nearness": "has_vector", "fitness": "has_fitness"}

Columns = Mapping[str, Any]  # by the names of features: a number for each candidate, or one for all


class FeatureExtractor:
    """Computes the features of candidates, (candidates, features) float32, and those of none of them.

    with_vectors: add ``VECTOR_FEATURES``.
    """

    def __init__(self, kb: KnowledgeBase, memory: RememberedConcepts, *, with_vectors: bool = False) -> None:
        self.kb = kb
        self.memory = memory
        self.names = FEATURES + VECTOR_FEATURES if with_vectors else FEATURES
        self._places = {name: place for place, name in enumerate(self.names)}
        self._with_vectors = with_vectors

    def __call__(
        self, mentions: Sequence[Mention], candidates: Candidates, groups: Groups, without: int | None = None
    ) -> list[Array]:
        """Compute the features of mentions' candidates, but for those that their document alone tells.

        groups: which mention's each candidate is. without: as for the candidates.

        Returns for each mention (its candidates + 1, features) float32; the last row stands for none of them.
        """
        rows = np.zeros((len(candidates), len(self.names)), np.float32)
        none = np.zeros((len(mentions), len(self.names)), np.float32)
        of_lists = _of_lists(mentions, candidates, groups)
        self._set(none, {"is_nil": 1, **of_lists})
        self._set(rows, {name: column[groups.owners] for name, column in of_lists.items()})
        self._set(rows, self._of_names(mentions, candidates, groups))
        self._set(rows, self._of_words(mentions, candidates.by_long.forms, groups.owners))
        self._set(rows, self._of_concepts(candidates))
        self._set(rows, self._of_memory(candidates, groups, without))
        if self._with_vectors:
            self._compare(rows, none, "nearness", candidates.nearness, groups)
        return [
            np.append(rows[start:end], none[i : i + 1], axis=0)
            for i, (start, end) in enumerate(pairwise(groups.starts.tolist()))
        ]

    def in_document(self, rows: Array, candidates: Candidates, best: Array, n_others: Array) -> Array:
        """Return the features of a mention's candidates with those that the document tells.

        rows: without them.
        best, n_others: (n,) of other mentions of the document that may stand for the concept, the best similarity and
            how many there are.
        """
        rows = rows.copy()
        self._set(rows[:-1], {"in_document": best, "n_in_document": np.log1p(n_others)})
        if self._with_vectors:
            one = Groups(np.zeros(len(candidates), np.int64), 1)
            self._compare(rows[:-1], rows[-1:], "fitness", candidates.fitness, one)
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(FeatureExtractor, with_vectors=self._with_vectors), (self.kb, self.memory)

    def _set(self, rows: Array, columns: Columns) -> None:
        for name, column in columns.items():
            rows[:, self._places[name]] = column

    def _of_names(self, mentions: Sequence[Mention], candidates: Candidates, groups: Groups) -> Columns:
        long, text = candidates.by_long, candidates.by_text
        canonical = self.kb.canonical_forms(candidates.numbers)
        initials = np.zeros(len(canonical), bool)
        for mention, (start, end) in zip(mentions, pairwise(groups.starts.tolist())):
            if not mention.is_abbreviation and _looks_like_abbreviation(mention.text):
                initials[start:end] = self._are_initials(mention.text, canonical[start:end])
        return {
            **{f"equal_{level}": long.levels <= i for i, level in enumerate(LEVELS)},
            "cosine": long.cosines,
            "cosine_below_best": groups.largest(long.cosines)[groups.owners] - long.cosines,
            "cosine_rank": 1 / (1 + groups.ranks(long.cosines)),
            "second_cosine": long.seconds,
            "n_forms": np.log1p(long.n_forms),
            "canonical_cosine": self.kb.cosines([one.long_form for one in mentions], canonical, groups.owners),
            "is_canonical": long.forms == canonical,
            "text_equal": 1 - text.levels / len(LEVELS),
            "text_cosine": text.cosines,
            "same_case": self._are_in_same_case(mentions, candidates, groups),
            "initials": initials,
        }

    def _of_words(self, mentions: Sequence[Mention], forms: Array, owners: Array) -> Columns:
        """Compare the words of mentions with those of the forms that fit best; nothing is said where there is none."""
        folded = [fold(mention.long_form) for mention in mentions]
        table = self.kb.words
        queries = table.queries([normal(name) for name in folded])
        has_words = (forms >= 0) & (table.lengths(forms) > 0) & (queries.lengths[owners] > 0)
        n_rows, found = len(forms), np.flatnonzero(has_words)
        forms, owners, n = forms[found], owners[found], len(found)
        words = table.of(forms)
        starts = starts_of(np.bincount(words.owners, minlength=n))
        bags = table.bags(words, n)
        weights = table.weigh(bags.numbers)
        is_common = table.are_in(Words(bags.numbers, owners[bags.owners]), queries.bags)
        common = np.bincount(bags.owners, weights * is_common, n)
        n_common = np.bincount(bags.owners, is_common, n)
        specific = table.distinct(words, table.is_specific[words.numbers])
        is_common = table.are_in(Words(specific.numbers, owners[specific.owners]), queries.specific)
        n_specific = np.bincount(specific.owners, is_common, n)
        of_name, of_mention = np.bincount(bags.owners, weights, n), queries.weights[owners]
        lengths = self.kb.forms.lengths(forms), np.array([*map(_n_bytes, folded)], np.int64)[owners]
        shorter, longer = np.minimum(*lengths), np.maximum(*lengths)
        columns = {
            "mention_words_covered": common / of_mention,
            "name_words_covered": common / of_name,
            "words_jaccard": common / (of_mention + of_name - common),
            "mention_words_missing": queries.sizes[owners] - n_common,
            "name_words_extra": np.bincount(bags.owners, minlength=n) - n_common,
            "first_word_equal": words.numbers[starts[:-1]] == queries.first[owners],
            "last_word_equal": words.numbers[starts[1:] - 1] == queries.last[owners],
            "mention_specifics_missing": queries.n_specific[owners] - n_specific,
            "name_specifics_extra": np.bincount(specific.owners, minlength=n) - n_specific,
            "common_prefix": self.kb.forms.common_prefixes(forms, folded, owners) / longer,
            "length_ratio": shorter / longer,
        }
        whole = np.zeros((len(columns), n_rows))
        whole[:, found] = [*columns.values()]
        return dict(zip(columns, whole))

    def _of_concepts(self, candidates: Candidates) -> Columns:
        numbers = candidates.numbers
        preferences = self.kb.preferences[numbers]
        return {
            "is_first_choice": preferences == 0,
            "is_second_choice": preferences == 1,
            "is_later_choice": preferences > 1,
            "n_names": np.log1p(self.kb.name_starts[numbers + 1] - self.kb.name_starts[numbers]),
            "tree_depth": self.kb.tree_depths[numbers],
            "n_tree_numbers": np.log1p(self.kb.tree_counts[numbers]),
        }

    def _of_memory(self, candidates: Candidates, groups: Groups, without: int | None) -> Columns:
        if not self.memory:
            return {}
        long, text = candidates.remembered_long, candidates.remembered_text
        return {
            "remembered_share": long / np.maximum(1.0, groups.sums(long))[groups.owners],
            "remembered_count": np.log1p(long),
            "remembered_text_share": text / np.maximum(1.0, groups.sums(text))[groups.owners],
            "remembered_text_count": np.log1p(text),
            "remembered_similar": candidates.remembered_similar,
            "remembered_concept": np.log1p(self.memory.totals(without).at(candidates.numbers)),
        }

    def _are_in_same_case(self, mentions: Sequence[Mention], candidates: Candidates, groups: Groups) -> Array:
        text = candidates.by_text
        same = np.zeros(len(candidates), bool)
        for row in np.flatnonzero((text.levels == 0) & (text.forms >= 0)).tolist():
            surfaces = self.kb.surfaces_of(int(text.forms[row]), int(candidates.numbers[row]))
            same[row] = mentions[groups.owners[row]].text in surfaces
        return same

    def _are_initials(self, abbreviation: str, forms: Array) -> Array:
        """Tell whether an abbreviation is made of the first letters of names."""
        letters = fold(abbreviation).replace(" ", "").rstrip("s")
        return np.array([first.rstrip("s") == letters for first in self.kb.words.first_letters(forms)], bool)

    def _compare(self, rows: Array, none: Array, name: str, cosines: Array, groups: Groups) -> None:
        """Set of each cosine how high it is, how far below the best, which place it has, and whether it is known.

        none: the rows of none of a mention's candidates. Where nothing is known of a mention's, all stays 0.
        """
        is_known = ~np.isnan(cosines)
        of_mention = (groups.sums(is_known) > 0)[groups.owners]
        values = np.where(is_known, cosines, 0.0)
        best = groups.largest(values)
        columns = {
            name: values,
            f"{name}_below_best": best[groups.owners] - values,
            f"{name}_rank": of_mention / (1 + groups.ranks(values)),
            _IS_KNOWN[name]: is_known,
            f"best_{name}": best[groups.owners],
        }
        self._set(rows, columns)
        self._set(none, {f"best_{name}": best})


def _of_lists(mentions: Sequence[Mention], candidates: Candidates, groups: Groups) -> Mapping[str, Array]:
    """Return what is the same for all candidates of a mention, (mentions,) each."""
    long = candidates.by_long
    n_equal = groups.sums(long.levels < len(LEVELS))
    remembered = candidates.remembered_long + candidates.remembered_text
    names = [normal(fold(mention.long_form)) for mention in mentions]
    return {
        "best_cosine": groups.largest(long.cosines),
        "any_equal": n_equal > 0,
        "n_equal": np.log1p(n_equal),
        "any_remembered": groups.sums(remembered) > 0,
        "best_remembered_similar": groups.largest(candidates.remembered_similar),
        "is_abbreviation": np.array([mention.is_abbreviation for mention in mentions], bool),
        "looks_like_abbreviation": np.array([_looks_like_abbreviation(one.text) for one in mentions], bool),
        "n_words": np.log1p([len(name.split()) for name in names]),
        "n_letters": np.log1p([len(name) for name in names]),
        "n_candidates": np.log1p(groups.sizes),
    }


def _n_bytes(text: str) -> int:
    return len(text.encode("utf8"))


def _looks_like_abbreviation(text: str) -> bool:
    return len(text) <= 8 and " " not in text and sum(map(str.isupper, text)) >= 2
