"""Draw pairs of segments for next-sentence prediction from sentences, as google-research/bert does.

A pair takes sentences of one document until it is as long as wanted and splits them between two of
them. For half of the pairs the second segment is then replaced by sentences from another document,
and the next pair begins with those that were put back. What is too long is cut at either end.

All documents are walked through at once, one pair of each at a time, so that an epoch over millions
of sentences is planned in seconds, and anew for each epoch.
Method: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, create_pretraining_data.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import BoolArray, IntArray

RANDOM_SHARE = 0.5
SHORT_SHARE = 0.1
_SHORTEST = 2


@dataclass(frozen=True)
class Examples:
    """Runs of tokens of a corpus: (examples,) each.

    a_start: int64, the first token of the first segment.
    a_length: int64, its tokens.
    b_start: int64, the first token of the second segment.
    b_length: int64, its tokens; 0 where there is none.
    is_random: bool, the second segment does not follow the first.
    """

    a_start: IntArray
    a_length: IntArray
    b_start: IntArray
    b_length: IntArray
    is_random: BoolArray

    def take(self, order: IntArray) -> Examples:
        return Examples(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


def draw_pairs(
    sentence_starts: IntArray, document_starts: IntArray, room: int, random: np.random.Generator
) -> Examples:
    """Draw pairs of segments, together at most ``room`` tokens. A pair's segments are never empty.

    sentence_starts: (sentences + 1,) first token of each sentence.
    document_starts: (documents + 1,) first sentence of each document. At least two documents have text.
    room: tokens of an example, special tokens apart.
    random: where all chance comes from.
    """
    documents = _with_text(document_starts)
    parts = []
    at = document_starts[documents].copy()
    ends = document_starts[documents + 1]
    active = np.arange(len(documents))
    while len(active):
        start, last = at[active], ends[active]
        wanted = _wanted(len(active), room, random)
        # Two sentences at least, where the document has them, so that there is a next one.
        end = np.maximum(_reaching(sentence_starts, start, wanted, last), np.minimum(start + 2, last))
        n = end - start
        middle = start + 1 + (random.random(len(active)) * (n - 1)).astype(np.int64)
        is_random = (n == 1) | (random.random(len(active)) < RANDOM_SHARE)
        a_length = sentence_starts[middle] - sentence_starts[start]
        other_start, other_end = _elsewhere(
            sentence_starts, document_starts, documents, active, np.maximum(wanted - a_length, 1), random
        )
        b_first = np.where(is_random, other_start, middle)
        b_last = np.where(is_random, other_end, end)
        b_length = sentence_starts[b_last] - sentence_starts[b_first]
        parts.append(
            _cut(sentence_starts[start], a_length, sentence_starts[b_first], b_length, is_random, room, random)
        )
        at[active] = np.where(is_random, middle, end)
        active = active[at[active] < last]
    return _joined(parts)


def draw_singles(
    sentence_starts: IntArray, document_starts: IntArray, room: int, random: np.random.Generator
) -> Examples:
    """Draw single segments of at most ``room`` tokens, for masked LM alone. Arguments as of ``draw_pairs``."""
    documents = _with_text(document_starts)
    parts = []
    at = document_starts[documents].copy()
    ends = document_starts[documents + 1]
    active = np.arange(len(documents))
    while len(active):
        first, last = at[active], ends[active]
        end = _reaching(sentence_starts, first, _wanted(len(active), room, random), last)
        start = sentence_starts[first]
        length = sentence_starts[end] - start
        nothing = np.zeros_like(length)
        parts.append(_cut(start, length, start, nothing, nothing.astype(bool), room, random))
        at[active] = end
        active = active[end < last]
    return _joined(parts)


def _with_text(document_starts: IntArray) -> IntArray:
    return np.flatnonzero(np.diff(document_starts))


def _wanted(n: int, room: int, random: np.random.Generator) -> IntArray:
    """Draw the length to fill: ``room``, or for a tenth something shorter."""
    short = random.random(n) < SHORT_SHARE
    return np.where(short, random.integers(_SHORTEST, room + 1, n), room)


def _reaching(sentence_starts: IntArray, start: IntArray, wanted: IntArray, last: IntArray) -> IntArray:
    """Find the end of the fewest sentences from ``start`` on that hold ``wanted`` tokens, or ``last``."""
    return np.minimum(np.searchsorted(sentence_starts, sentence_starts[start] + wanted), last)


def _elsewhere(
    sentence_starts: IntArray,
    document_starts: IntArray,
    documents: IntArray,
    active: IntArray,
    wanted: IntArray,
    random: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Draw sentences from a random place of a random other document: the first, and the end."""
    n = len(documents)
    other = documents[(active + random.integers(1, n, len(active))) % n]
    first, last = document_starts[other], document_starts[other + 1]
    start = first + (random.random(len(active)) * (last - first)).astype(np.int64)
    return start, _reaching(sentence_starts, start, wanted, last)


def _cut(
    a_start: IntArray,
    a_length: IntArray,
    b_start: IntArray,
    b_length: IntArray,
    is_random: BoolArray,
    room: int,
    random: np.random.Generator,
) -> Examples:
    """Cut the longer segment until both fit, each token at the front or at the back by chance."""
    half = room // 2
    a_kept = np.where(b_length <= half, np.minimum(a_length, room - b_length), np.minimum(a_length, room - half))
    b_kept = np.minimum(b_length, room - a_kept)
    return Examples(
        a_start=a_start + random.binomial(a_length - a_kept, 0.5),
        a_length=a_kept,
        b_start=b_start + random.binomial(b_length - b_kept, 0.5),
        b_length=b_kept,
        is_random=is_random,
    )


def _joined(parts: list[Examples]) -> Examples:
    names = Examples.__dataclass_fields__
    return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
