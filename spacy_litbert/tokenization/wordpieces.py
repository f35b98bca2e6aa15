"""Cut texts into ragged wordpieces with character offsets: each distinct word is encoded once.

BERT cuts a text at white space before anything else, and what it does to a word does not
depend on the words around it. So a text's wordpieces are those of its words end to end,
and a word's wordpieces can be kept: the cache below gives exactly what the Rust tokenizer
gives for the whole text (a property test holds it to that) at several times the speed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..ragged import indices_of, starts_of
from ..types import BoolArray, IntArray
from .vocabulary import CONTINUATION, Vocabulary
from .word_cache import CachedPieces, WordCache

# BERT splits at these under every setting; other white space (U+00A0 …) is left to the tokenizer.
_WORD = re.compile(r"[^ \t\n\r]+")
_SEPARATORS = np.array([ord(c) for c in " \t\n\r"], dtype=np.uint32)
_INVISIBLE_CATEGORIES = frozenset(["Cc", "Cf", "Zs", "Zl", "Zp"])
_SEPARATOR = re.compile(r"[ \t\n\r]")
_PART = 1 << 16  # characters that are encoded in one go
_NO_INTS = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Wordpieces:
    """The wordpieces of a batch of texts, without special tokens.

    ids: (pieces,) int32, entries of the vocabulary.
    start: (pieces,) int32, a piece's first character in the joined texts (Unicode code points; text i
        begins at ``text_starts[i]``). It never decreases.
    end: (pieces,) int32, the character after its last. It never decreases either.
    starts_word: (pieces,) bool, False for a piece that continues a word ("##…").
    text_starts: (texts + 1,) int64; a text is followed by one separator that belongs to none.
    invisible: (characters,) int32, where the joined texts have a character that can't be seen.
    """

    ids: IntArray
    start: IntArray
    end: IntArray
    starts_word: BoolArray
    text_starts: IntArray
    invisible: IntArray

    @property
    def piece_starts(self) -> IntArray:
        """Return the first piece of each text, and after the last the total: (texts + 1,) int64."""
        return np.searchsorted(self.start, self.text_starts)


class WordpieceEncoder:
    """What cuts texts into wordpieces, each distinct word once, through a bounded cache. Threads may share it.

    Visible characters always get a piece: one that BERT's normaliser would drop (a private-use
    glyph from a PDF) becomes ``[UNK]``, except for a combining mark that is stripped as an accent:
    it belongs to the piece before it in its word, and the ids are the tokenizer's. Invisible ones
    (white space, control and format characters, U+FFFD) get none of their own.
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self._tokenizer = vocabulary.tokenizer()
        self._unknown = vocabulary.ids["[UNK]"]
        self._continues = np.array([token.startswith(CONTINUATION) for token in vocabulary.tokens])
        self._cache = WordCache()

    def __getstate__(self) -> Vocabulary:
        return self.vocabulary

    def __setstate__(self, vocabulary: Vocabulary) -> None:
        WordpieceEncoder.__init__(self, vocabulary)

    def encode(self, texts: list[str]) -> Wordpieces:
        """Return the wordpieces of the texts, exactly as the tokenizer cuts each of them."""
        joined = "\n".join(texts)
        parts = [self._encode_part(joined[start:end], start) for start, end in _parts(joined)]
        ids, start, end, invisible = (np.concatenate([_NO_INTS, *arrays]) for arrays in zip(*parts))
        return Wordpieces(
            ids=ids,
            start=start,
            end=end,
            starts_word=~self._continues[ids],
            text_starts=starts_of(np.fromiter(map(len, texts), np.int64, len(texts)) + 1),
            invisible=invisible,
        )

    def _encode_part(self, text: str, offset: int) -> tuple[IntArray, ...]:
        """Return ids, start, end and invisible characters of a part that begins at the character ``offset``."""
        codepoints = _codepoints(text)
        words = _WORD.findall(text)
        rows, cached = self._cached(words).rows_of(words)
        counts = cached.counts[rows]
        flat = indices_of(cached.piece_starts[rows], counts)
        word_start = np.repeat(_word_starts(codepoints) + offset, counts)
        arrays = (
            cached.ids[flat],
            word_start + cached.start[flat],
            word_start + cached.end[flat],
            np.flatnonzero(~visible_table()[codepoints]) + offset,
        )
        return tuple(array.astype(np.int32) for array in arrays)

    def _cached(self, words: list[str]) -> WordCache:
        """Return the cache, or a new one in its place where it is full, once it has the words."""
        # Taken once: another thread may put a new one in its place at any time.
        cache = self._cache
        new = cache.missing(words)
        if new and cache.is_full:
            cache = self._cache = WordCache()
            new = cache.missing(words)
        if new:
            cache.add(new, self._cut(new))
        return cache

    def _cut(self, words: list[str]) -> CachedPieces:
        # One call for all: words don't touch each other, and a single encode starts no threads
        # (tokenizers warns and changes its behaviour when a process with such threads forks).
        joined = " ".join(words)
        encoding = self._tokenizer.encode(joined, add_special_tokens=False)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        dropped, marks = _dropped_characters(joined, offsets)
        start = np.concatenate([offsets[:, 0], dropped])
        order = np.argsort(start, kind="stable")
        start = start[order]
        end = np.concatenate([offsets[:, 1], dropped + 1])[order]
        unknown = np.full(len(dropped), self._unknown, dtype=np.int32)
        ids = np.concatenate([np.array(encoding.ids, dtype=np.int32), unknown])[order]
        word_start = starts_of(np.fromiter(map(len, words), np.int64, len(words)) + 1)[:-1]
        word = np.searchsorted(word_start, start, side="right") - 1
        _extend_over(marks, word_start, word, start, end)
        counts = np.bincount(word, minlength=len(words))
        return CachedPieces(counts, starts_of(counts), ids, start - word_start[word], end - word_start[word])


@cache
def visible_table() -> BoolArray:
    """Return for each code point whether it is visible, (0x110000,) bool. See ``is_visible``."""
    return np.fromiter(map(is_visible, map(chr, range(0x110000))), dtype=bool, count=0x110000)


def is_visible(character: str) -> bool:
    """Return False for white space, control and format characters, and U+FFFD (a lost character)."""
    return character != "\ufffd" and unicodedata.category(character) not in _INVISIBLE_CATEGORIES


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text into stretches that end with a separator: a long one needs hardly more memory than a short one."""
    start, end = 0, -1
    while end < len(text):
        separator = _SEPARATOR.search(text, start + _PART)
        end = separator.end() if separator else len(text)
        yield start, end
        start = end


def _word_starts(codepoints: IntArray) -> IntArray:
    """Find where each run of non-separators begins, (words,) int64, in step with ``_WORD``."""
    in_word = ~np.isin(codepoints, _SEPARATORS)
    starts = in_word.copy()
    starts[1:] &= ~in_word[:-1]
    return np.flatnonzero(starts)


def _dropped_characters(text: str, offsets: IntArray) -> tuple[IntArray, IntArray]:
    """Find the visible characters that are in no piece, (n,) int64, and apart the combining marks among them.

    Such marks were stripped as accents.
    offsets: (pieces, 2) of start and end.
    """
    if text.isascii():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    steps = np.zeros(len(text) + 1, dtype=np.int64)
    np.add.at(steps, offsets[:, 0], 1)
    np.add.at(steps, offsets[:, 1], -1)
    covered = np.cumsum(steps)[:-1] > 0
    dropped = np.flatnonzero(visible_table()[_codepoints(text)] & ~covered)
    is_mark = np.fromiter((unicodedata.category(text[i]) == "Mn" for i in dropped), bool, len(dropped))
    return dropped[~is_mark], dropped[is_mark]


def _extend_over(marks: IntArray, word_start: IntArray, word: IntArray, start: IntArray, end: IntArray) -> None:
    """Let the piece before a mark in the same word end after it: ``end`` is changed.

    marks: (marks,) characters.
    word_start: (words,) the first character of each word.
    word: (pieces,) the word of each piece.
    start: (pieces,) the first character of each piece.
    end: (pieces,) the character after its last.
    """
    before = np.searchsorted(start, marks, side="right") - 1
    word_of_mark = np.searchsorted(word_start, marks, side="right") - 1
    follows = (before >= 0) & (word[before] == word_of_mark) if len(word) else np.zeros(len(marks), dtype=bool)
    np.maximum.at(end, before[follows], marks[follows] + 1)


def _codepoints(text: str) -> IntArray:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
