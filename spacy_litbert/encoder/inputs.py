"""What encoders read: windows end to end, and the micro-batches that they are computed in."""

from __future__ import annotations

from dataclasses import dataclass

from ..ragged import indices_of, starts_of
from ..tokenization.windows import micro_batches
from ..types import IntArray


@dataclass(frozen=True)
class EncoderInput:
    """Windows to encode, and where their vectors go.

    ids: (rows,) int64, wordpieces and special tokens, window after window.
    lengths: (windows,) int64, rows of each window; their sum is ``len(ids)``.
    places: (windows,) int64, the row of the output at which each window begins.
    n_rows: rows of the output; those that no window fills are zero (padding).
    """

    ids: IntArray
    lengths: IntArray
    places: IntArray
    n_rows: int

    @property
    def is_padded(self) -> bool:
        """Return whether the output has rows that no window fills."""
        return self.n_rows > len(self.ids)


@dataclass(frozen=True)
class MicroBatch:
    """Windows of similar length that go through the encoder together.

    windows: (windows,) int64, which they are.
    lengths: (windows,) int64, rows of each window, longest first.
    ids: (rows,) int64, their rows end to end.
    places: (rows,) int64, the rows of the output that they fill.
    """

    windows: IntArray
    lengths: IntArray
    ids: IntArray
    places: IntArray


def split(batch: EncoderInput, budget: int) -> list[MicroBatch]:
    """Split a batch into micro-batches, longest windows first, at most ``budget`` rows each."""
    starts = starts_of(batch.lengths)
    micros = []
    for windows in micro_batches(batch.lengths, budget):
        lengths = batch.lengths[windows]
        ids = batch.ids[indices_of(starts[windows], lengths)]
        micros.append(MicroBatch(windows, lengths, ids, indices_of(batch.places[windows], lengths)))
    return micros
