"""Cut ragged wordpieces into windows that the encoder can read, and find them again in what it returns.

A text that fits is one window. A longer one is cut into windows of about equal size:

    pieces   0 ─────────────────────────────────────────────── n
    window 0 [ own              | context ]
    window 1           [ context | own         | context ]
    window 2                         [ context | own              ]

Each piece is *owned* by exactly one window, whose vector for it is used; the ``overlap`` is
read twice, half of it as context for either side, so that no used vector stands at the edge. The
windows of a text are equally long; what a window owns begins at a token, its context may begin within one.
Nothing is dropped and nothing else is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ragged import indices_of, starts_of
from ..types import BoolArray, IntArray

N_SPECIAL = 2  # [CLS] and [SEP] around each window
_Window = tuple[int, int, int, int]  # start, end, own_start, own_end


@dataclass(frozen=True)
class Windows:
    """Windows over the wordpieces of a batch of Docs, in reading order.

    doc: (windows,) int64, the Doc of each window. A Doc with tokens has at least one window.
    start: (windows,) int64, the first piece that it reads.
    end: (windows,) int64, the piece after the last that it reads.
    own_start: (windows,) int64, the first piece that it owns. What windows own tiles each Doc.
    own_end: (windows,) int64, the piece after the last that it owns.
    """

    doc: IntArray
    start: IntArray
    end: IntArray
    own_start: IntArray
    own_end: IntArray

    @property
    def lengths(self) -> IntArray:
        """Return the rows of each window, (windows,) int64, ``[CLS]`` and ``[SEP]`` included."""
        return self.end - self.start + N_SPECIAL

    def rows(self, ids: IntArray, cls: int, sep: int) -> IntArray:
        """Return the encoder's input, window after window: (sum of lengths,) int64.

        ids: (pieces,) the wordpieces of all Docs.
        cls: the id of ``[CLS]``.
        sep: the id of ``[SEP]``.
        """
        starts = starts_of(self.lengths)
        rows = np.empty(starts[-1], dtype=np.int64)
        rows[indices_of(starts[:-1] + 1, self.end - self.start)] = ids[indices_of(self.start, self.end - self.start)]
        rows[starts[:-1]] = cls
        rows[starts[1:] - 1] = sep
        return rows

    def row_of_piece(self, window_rows: IntArray) -> IntArray:
        """Find where each piece's used vector stands, (pieces,) int64.

        window_rows: (windows,) the row of each window's ``[CLS]``.
        """
        return np.repeat(window_rows + 1 - self.start, self.own_end - self.own_start) + np.arange(
            self.own_end[-1] if len(self.own_end) else 0
        )


def make_windows(
    doc_pieces: IntArray,
    doc_tokens: IntArray,
    cuts: list[BoolArray],
    *,
    size: int,
    overlap: int,
) -> Windows:
    """Cut the Docs into windows of at most ``size`` rows, specials included.

    doc_pieces: (docs + 1,) the first piece of each Doc.
    doc_tokens: (docs + 1,) the first token of each Doc.
    cuts: (pieces + 1,) each; where a window may begin, the most wanted places first. Where none
        lies in the later half of what a window may own, the next are asked, at last any piece.
    size: rows that the encoder reads at once.
    overlap: pieces that two neighbours both read, at most half of ``size - 2``.
    """
    places: list[IntArray] = [np.flatnonzero(allowed) for allowed in cuts]
    windows: list[tuple[int, int, int, int, int]] = []
    for doc in np.flatnonzero(np.diff(doc_tokens)).tolist():
        first, last = int(doc_pieces[doc]), int(doc_pieces[doc + 1])
        if last - first <= size - N_SPECIAL:
            windows.append((doc, first, last, first, last))
        else:
            windows.extend((doc, *window) for window in _cut(first, last, places, size - N_SPECIAL, overlap // 2))
    table = np.array(windows, dtype=np.int64).reshape(-1, 5)
    return Windows(*table.T)


def _cut(first: int, last: int, places: list[IntArray], room: int, margin: int) -> list[_Window]:
    """Return the (start, end, own_start, own_end) of the windows over the pieces first … last - 1."""
    windows = []
    own = first
    while own < last:
        left = margin if own > first else 0
        if last - own <= room - left:
            own_end = last
        else:
            # Share what remains evenly among as many windows as it needs.
            share = room - left - margin
            further = -(-(last - own - share - (room - margin)) // (room - 2 * margin))
            wanted = -(-(last - own) // (2 + max(0, further)))
            own_end = _last_place(places, own, own + min(share, wanted))
        start = min(own, _first_place(places[-1], max(first, own - left)))
        end = max(own_end, _last_place_within(places[-1], min(last, own_end + margin)))
        windows.append((start, end, own, own_end))
        own = own_end
    return _of_equal_length(windows, first, last)


def _of_equal_length(windows: list[_Window], first: int, last: int) -> list[_Window]:
    """Widen the windows by the few pieces of context that make them as long as the longest.

    Windows of one length are attended to together, and each micro-batch of a long text allocates the
    same memory as the one before: with lengths that differ a little, the heap falls into pieces.
    """
    length = max(end - start for start, end, _, _ in windows)
    equal = []
    for start, end, own, own_end in windows:
        start = max(first, end - length)
        equal.append((start, min(last, start + length), own, own_end))
    return equal


def _last_place(places: list[IntArray], start: int, limit: int) -> int:
    """Return the last place in the later half of (start, limit], by the first kind of place that has one."""
    for kind in places:
        place = _last_place_within(kind, limit)
        if place > start + (limit - start) // 2:
            return place
    return limit


def _last_place_within(places: IntArray, limit: int) -> int:
    i = int(np.searchsorted(places, limit, side="right"))
    return int(places[i - 1]) if i else -1


def _first_place(places: IntArray, limit: int) -> int:
    i = int(np.searchsorted(places, limit, side="left"))
    return int(places[i]) if i < len(places) else limit


def micro_batches(lengths: IntArray, budget: int) -> list[IntArray]:
    """Sort the indices of rows by length, in batches of at most ``budget`` in sum.

    The longest come first: what a batch allocates then fits where the one before was.
    A row longer than the budget is a batch of its own.
    """
    order = np.argsort(-lengths, kind="stable")
    batches: list[IntArray] = []
    start = 0
    totals = starts_of(lengths[order])
    while start < len(order):
        end = int(np.searchsorted(totals, totals[start] + budget, side="right")) - 1
        end = max(end, start + 1)
        batches.append(order[start:end])
        start = end
    return batches
