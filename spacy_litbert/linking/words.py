"""The words of names as numbers: what features compare of hundreds of names at a time.

A word's number is its place among the keys of all words. ``normal`` and ``bag`` say what the words of a name are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..ragged import starts_of
from .columns import Array, Lists, distinct, read_array, read_lists, write_array
from .hashing import hash_string, hash_strings
from .normalize import SMALL_WORDS, bag, preferred_word

_MORE = 0.1  # than nothing weighs a word that every name has


class Words(NamedTuple):
    """Words of several names, those of each name together.

    numbers: (words,) int64. owners: (words,) int64, which of the names each belongs to.
    """

    numbers: Array
    owners: Array


@dataclass(frozen=True)
class Queries:
    """Names that others are compared with: their words, in their order and in bags. A word that no name has is −1.

    lengths: (names,) int64, how many words each has. first, last: (names,) int64, numbers of its first and last word.
    bags: the words in the bags; sizes: (names,) int64, how many; weights: (names,) float64, of all of them together.
    specific: the distinct words that are specific; n_specific: (names,) int64, how many.
    """

    lengths: Array
    first: Array
    last: Array
    bags: Words
    sizes: Array
    weights: Array
    specific: Words
    n_specific: Array


@dataclass(frozen=True)
class WordTable:
    """The words of all forms, memory-mapped.

    keys: (words,) uint64, ascending. weights: inverse document frequencies, float32. is_specific: (words,) bool,
    numbers and single letters. initials: (words,) uint32, the code point of the first letter. in_bag: (words,) int32,
    the word that a bag has in its place, −1 for a small word. of_forms: the words of each form in their order.
    """

    keys: Array
    weights: Array
    is_specific: Array
    initials: Array
    in_bag: Array
    of_forms: Lists

    @classmethod
    def open(cls, folder: Path) -> WordTable:
        """Map what ``write_words`` wrote. Raises LitBertError L526 for damaged files."""
        return cls(
            keys=read_array(folder, "word_keys"),
            weights=read_array(folder, "word_weights"),
            is_specific=read_array(folder, "word_specific"),
            initials=read_array(folder, "word_initials"),
            in_bag=read_array(folder, "word_in_bag"),
            of_forms=read_lists(folder, "form_words"),
        )

    def of(self, forms: Array) -> Words:
        """Return the words of forms in their order."""
        return Words(*self.of_forms.gather(forms))

    def lengths(self, forms: Array) -> Array:
        """Return how many words forms have, (n,) int64."""
        return self.of_forms.starts[forms + 1] - self.of_forms.starts[forms]  # type: ignore[no-any-return]

    def bags(self, words: Words, n: int) -> Words:
        """Return the bags of n names: words that are preferred, each once, without small ones if there are others."""
        numbers = self.in_bag[words.numbers]
        has_others = np.zeros(n, bool)
        has_others[words.owners[numbers >= 0]] = True
        only_small = ~has_others[words.owners]
        return self.distinct(Words(np.where(only_small, words.numbers, numbers), words.owners))

    def distinct(self, words: Words, which: Array | None = None) -> Words:
        """Return the words of each name once, those that ``which`` says, (words,) bool; never −1."""
        keep = words.numbers >= 0 if which is None else which
        keys = distinct(words.owners[keep].astype(np.int64) * len(self.keys) + words.numbers[keep])
        return Words(keys % len(self.keys), keys // len(self.keys))

    def weigh(self, numbers: Array) -> Array:
        """Return what words count, (words,) float64."""
        return self.weights[numbers].astype(np.float64) + _MORE

    def queries(self, normalized: Sequence[str]) -> Queries:
        """Look the words of normal names up."""
        names = [name.split() for name in normalized]
        bags = self._look_up([bag(name).split() for name in normalized])
        specific = self._look_up([sorted({word for word in words if is_specific(word)}) for words in names])
        ends = self._look_up([[words[0], words[-1]] if words else ["", ""] for words in names]).numbers.reshape(-1, 2)
        weights = np.where(bags.numbers >= 0, self.weigh(bags.numbers), self._of_unknown)
        return Queries(
            lengths=np.array([len(words) for words in names], np.int64),
            first=ends[:, 0],
            last=ends[:, 1],
            bags=bags,
            sizes=np.bincount(bags.owners, minlength=len(names)),
            weights=np.bincount(bags.owners, weights, len(names)),
            specific=specific,
            n_specific=np.bincount(specific.owners, minlength=len(names)),
        )

    def are_in(self, words: Words, others: Words) -> Array:
        """Say of each word whether the others have it with the same owner, (words,) bool."""
        n, known = len(self.keys), others.numbers >= 0
        return np.isin(words.owners * n + words.numbers, others.owners[known] * n + others.numbers[known])

    def first_letters(self, forms: Array) -> list[str]:
        """Return for each form the first letters of its words."""
        words = self.of(forms)
        letters = "".join(map(chr, self.initials[words.numbers].tolist()))
        starts = starts_of(np.bincount(words.owners, minlength=len(forms))).tolist()
        return [letters[start:end] for start, end in pairwise(starts)]

    @cached_property
    def _of_unknown(self) -> float:
        return float(np.log(len(self.of_forms) + 1)) + _MORE

    def _look_up(self, names: Sequence[Sequence[str]]) -> Words:
        wanted = np.array([_key(word) for words in names for word in words], np.uint64)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        owners = np.repeat(np.arange(len(names)), [len(words) for words in names])
        return Words(np.where(self.keys[places] == wanted, places, -1), owners)


_key = lru_cache(maxsize=1 << 14)(hash_string)


def is_specific(word: str) -> bool:
    """Return whether a word tells one of a kind from others: a number, a letter, anything that is not all letters."""
    return len(word) == 1 or not word.isalpha()


def write_words(folder: Path, normals: Sequence[str]) -> None:
    """Write the words of forms. normals: the normal form of each."""
    numbers: dict[str, int] = {}
    met = _column((numbers.setdefault(word, len(numbers)) for form in normals for word in form.split()), np.int64)
    lengths = _column((len(form.split()) for form in normals), np.int64)
    for word in list(numbers):
        numbers.setdefault(preferred_word(word), len(numbers))
    keys = hash_strings(numbers)
    order = np.argsort(keys, kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    listed = list(numbers)
    words = [listed[i] for i in order.tolist()]
    of_forms = distinct(np.repeat(np.arange(len(normals)), lengths) * len(words) + met) % max(len(words), 1)
    frequencies = np.bincount(of_forms, minlength=len(words))[order]
    write_array(folder, "word_keys", keys[order])
    # A word that stands in names only for others weighs as much as one that stands in none.
    weights = np.where(frequencies, np.log(len(normals) / np.maximum(frequencies, 1)), np.log(len(normals) + 1))
    write_array(folder, "word_weights", weights.astype(np.float32))
    write_array(folder, "word_specific", _column(map(is_specific, words), np.bool_))
    write_array(folder, "word_initials", _column((ord(word[0]) for word in words), np.uint32))
    in_bag = (-1 if (one := preferred_word(word)) in SMALL_WORDS else places[numbers[one]] for word in words)
    write_array(folder, "word_in_bag", _column(in_bag, np.int32))
    write_array(folder, "form_words_starts", starts_of(lengths))
    write_array(folder, "form_words", places[met].astype(np.int32))


def _column(values: Iterable[float], dtype: type[np.generic]) -> Array:
    return np.fromiter(values, dtype)
