"""Pack examples of unequal length into rows of one length, so that hardly any padding is computed.

An example that fills a row has it alone; shorter ones share rows, best fit first:

    row 0  [CLS] a a a a [SEP] b b b b b b b [SEP]
    row 1  [CLS] a a [SEP] b b [SEP][CLS] a a [SEP] b [SEP] ·
"""

from __future__ import annotations

import numpy as np

from ..types import IntArray

MOST_IN_A_ROW = 4


def pack(lengths: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the examples in the order of the rows, and where each row begins: (examples,) and (rows + 1,).

    lengths: (examples,) each at most ``size``.
    size: tokens of a row.

    No row holds more than ``MOST_IN_A_ROW`` examples.
    """
    if not len(lengths):
        return np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
    longest_first = np.argsort(-lengths, kind="stable")
    n_alone = int((lengths > size - lengths.min()).sum())
    row_of = np.arange(len(lengths))
    row_of[n_alone:] = n_alone + _best_fit(lengths[longest_first[n_alone:]].tolist(), size)
    in_rows = np.argsort(row_of, kind="stable")
    starts = np.searchsorted(row_of[in_rows], np.arange(row_of.max() + 2))
    return longest_first[in_rows], starts


def _best_fit(lengths: list[int], size: int) -> IntArray:
    """Find the row of each example, from 0 on.

    lengths: longest first.
    """
    rows_with_room: list[list[tuple[int, int]]] = [[] for _ in range(size + 1)]
    open_rooms = 0  # bit r is set if a row has room r: the best fit is the lowest bit from the length on
    row_of = np.empty(len(lengths), dtype=np.int64)
    n_rows = 0
    for i, length in enumerate(lengths):
        fitting = open_rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row, held = rows_with_room[room].pop()
            if not rows_with_room[room]:
                open_rooms ^= 1 << room
        else:
            room, row, held = size, n_rows, 0
            n_rows += 1
        row_of[i] = row
        if room > length and held + 1 < MOST_IN_A_ROW:
            rows_with_room[room - length].append((row, held + 1))
            open_rooms |= 1 << (room - length)
    return row_of
