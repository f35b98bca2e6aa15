"""Cut words into shorter wordpieces by chance while training, so that rare long pieces are no islands.

Now and then the longest entry that a word begins with is passed over for the next shorter one: ``naloxone`` is mostly
one piece, and sometimes ``nal ##oxone``. A model that has seen both knows the long piece by the company of the short
ones. In use nothing is dropped.
Method: MaxMatch-Dropout, Hiraoka 2022, https://arxiv.org/abs/2209.04126. Here a piece is split into two, which may be
split again, while MaxMatch may also join the end of a piece with the beginning of the next.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import Errors, LitBertError
from ..types import BoolArray, IntArray
from .vocabulary import CONTINUATION, SPECIAL_TOKENS, Vocabulary
from .wordpieces import Wordpieces


class WordpieceDropout:
    """What splits wordpieces into shorter entries of their vocabulary.

    rate: how many to split, of those that can be; from 0 to 1.

    Raises LitBertError L005 for another rate.
    """

    def __init__(self, vocabulary: Vocabulary, rate: float):
        if not 0 <= rate <= 1:
            raise LitBertError(Errors.L005.format(name="wordpiece_dropout", value=rate))
        self.rate = rate
        self._head, self._tail, self._head_length, self._length = _splits(vocabulary)

    def __call__(self, pieces: Wordpieces, random: np.random.Generator) -> Wordpieces:
        """Return the pieces, some of them in parts. One whose characters are not its entry's stays whole."""
        is_new = np.ones(len(pieces.ids), dtype=bool)
        while True:
            can = is_new & (pieces.end - pieces.start == self._length[pieces.ids]) & (self._head[pieces.ids] >= 0)
            chosen = can & (random.random(len(can)) < self.rate)
            if not chosen.any():
                return pieces
            # The parts get the same chance; what stayed whole had it.
            pieces, is_new = self._split(pieces, chosen), np.repeat(chosen, 1 + chosen)

    def _split(self, pieces: Wordpieces, chosen: BoolArray) -> Wordpieces:
        rows = np.repeat(np.arange(len(chosen)), 1 + chosen)
        head = np.flatnonzero(np.diff(rows, append=-1) == 0)
        tail = head + 1
        ids, start, end, starts_word = pieces.ids[rows], pieces.start[rows], pieces.end[rows], pieces.starts_word[rows]
        whole = pieces.ids[chosen]
        ids[head], ids[tail] = self._head[whole], self._tail[whole]
        end[head] = start[tail] = pieces.start[chosen] + self._head_length[whole]
        starts_word[tail] = False
        return replace(pieces, ids=ids, start=start, end=end, starts_word=starts_word)


def _splits(vocabulary: Vocabulary) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Find the two entries that each entry falls into, (entries,) int32 each.

    Returns the longest entry that it begins with and that leaves an entry, or -1; the entry that is left; the first
    one's characters, and those of the whole.
    """
    ids = vocabulary.ids
    head, tail, head_length, length = (np.full(len(vocabulary), -1, dtype=np.int32) for _ in range(4))
    for token, i in ids.items():
        mark, word = (CONTINUATION, token[2:]) if token.startswith(CONTINUATION) else ("", token)
        length[i] = len(word)
        if token in SPECIAL_TOKENS:
            continue
        for n in range(len(word) - 1, 0, -1):
            if mark + word[:n] in ids and CONTINUATION + word[n:] in ids:
                head[i], tail[i], head_length[i] = ids[mark + word[:n]], ids[CONTINUATION + word[n:]], n
                break
    return head, tail, head_length, length
