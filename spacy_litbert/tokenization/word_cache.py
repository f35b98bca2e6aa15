"""Distinct words and their wordpieces, kept for the texts to come: bounded, and safe among threads.

Readers take no lock. ``CachedPieces`` is never changed; a writer puts a longer one in its place and only then
lets its words be found. So a word that a reader finds has its pieces in whatever ``CachedPieces`` it sees next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..locks import lock_across_forks
from ..ragged import starts_of
from ..types import IntArray

# Words with a character more for each; about 100 MB with their wordpieces.
_MAX_CHARACTERS = 4_000_000
_WRITING = lock_across_forks()


@dataclass(frozen=True)
class CachedPieces:
    """The wordpieces of words, end to end.

    counts: (words,) int64, pieces of each word.
    piece_starts: (words + 1,) int64, the first piece of each.
    ids: (pieces,) int32, entries of the vocabulary.
    start: (pieces,) int64, the first character of a piece in its word.
    end: (pieces,) int64, the character after its last.
    """

    counts: IntArray
    piece_starts: IntArray
    ids: IntArray
    start: IntArray
    end: IntArray

    def followed_by(self, other: CachedPieces) -> CachedPieces:
        """Return both, as a new object."""
        counts, ids, start, end = (
            np.concatenate([getattr(part, name) for part in (self, other)])
            for name in ("counts", "ids", "start", "end")
        )
        return CachedPieces(counts, starts_of(counts), ids, start, end)


class WordCache:
    """Words and their pieces. It grows until it is full, and is then replaced by a new one."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._pieces = CachedPieces(_NO_INTS, starts_of(_NO_INTS), _NO_INTS.astype(np.int32), _NO_INTS, _NO_INTS)
        self._n_characters = 0

    @property
    def is_full(self) -> bool:
        """Return whether its words have as many characters as it may hold. A word without pieces takes room as well."""
        return self._n_characters >= _MAX_CHARACTERS

    def missing(self, words: list[str]) -> list[str]:
        """Return the distinct words that it lacks, sorted."""
        return sorted(word for word in set(words) if word not in self._rows)

    def add(self, words: list[str], pieces: CachedPieces) -> None:
        """Keep the words' pieces. Stopped anywhere, by an exception or a fork, it leaves the cache whole."""
        with _WRITING:
            first = len(self._pieces.counts)
            self._pieces = self._pieces.followed_by(pieces)
            self._n_characters += sum(map(len, words)) + len(words)
            # Last: what is found here is looked up there. A word that another thread added meanwhile gets a second row.
            self._rows.update(zip(words, range(first, first + len(words))))

    def rows_of(self, words: list[str]) -> tuple[IntArray, CachedPieces]:
        """Find the row of each word, (words,) int64, in the pieces that are returned with them."""
        rows = np.fromiter(map(self._rows.__getitem__, words), np.int64, len(words))
        return rows, self._pieces


_NO_INTS = np.zeros(0, dtype=np.int64)
