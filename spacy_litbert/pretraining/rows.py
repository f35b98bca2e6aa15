"""Make batches of packed rows from shards, a pure function of (seed, length, epoch, row): a run resumes exactly."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import Errors, LitBertError
from ..ragged import indices_of, starts_of
from ..types import IntArray
from .examples import draw_pairs, draw_singles
from .packing import MOST_IN_A_ROW, pack
from .shards import Corpus

IGNORED = -100


@dataclass(frozen=True)
class Rows:
    """A batch of rows.

    ids: (rows, length) int32, padded with [PAD]. Positions, segments and the examples' bounds follow
        from the special tokens in it.
    firsts: (rows, MOST_IN_A_ROW) int64, where each example's [CLS] stands; 0 where there is none.
    is_random: (rows, MOST_IN_A_ROW) int64, 1 if the second segment is random, 0 if it follows, else IGNORED.
    keys: (rows,) int64, 32 random bits that decide which words are masked.
    """

    ids: Tensor
    firsts: Tensor
    is_random: Tensor
    keys: Tensor

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, end: int) -> Rows:
        return Rows(*(value[start:end] for value in self.tensors()))

    def batches(self, n: int) -> Iterator[Rows]:
        """Cut the rows into batches of at most ``n``, in order."""
        for start in range(0, len(self), n):
            yield self.part(start, start + n)

    def to(self, device: torch.device) -> Rows:
        if device.type == "cpu":
            return self
        return Rows(*(value.pin_memory().to(device, non_blocking=True) for value in self.tensors()))

    def tensors(self) -> tuple[Tensor, ...]:
        return self.ids, self.firsts, self.is_random, self.keys


class Epoch:
    """All rows of one epoch, in random order. They differ from epoch to epoch."""

    def __init__(self, corpus: Corpus, *, length: int, pairs: bool, seed: int, epoch: int):
        n_documents = int((np.diff(corpus.document_starts) > 0).sum())
        if n_documents < 1 + pairs:
            hint = ', or set `objective = "mlm"`, which needs 1' if pairs else ""
            raise LitBertError(Errors.L503.format(path=corpus.folder, n=n_documents, needed=1 + pairs, hint=hint))
        random = np.random.default_rng([seed, length, epoch])
        n_special = 3 if pairs else 2
        draw = draw_pairs if pairs else draw_singles
        drawn = draw(corpus.sentence_starts, corpus.document_starts, length - n_special, random)
        drawn = drawn.take(random.permutation(len(drawn.a_start)))
        order, starts = pack(drawn.a_length + drawn.b_length + n_special, length)
        rows = random.permutation(len(starts) - 1)
        self._corpus, self._length, self._pairs = corpus, length, pairs
        self._examples = drawn.take(order)
        self._row_start = starts[:-1][rows]
        self._row_count = np.diff(starts)[rows]
        self._keys = random.integers(0, 1 << 32, len(rows), dtype=np.int64)
        ids = corpus.vocabulary.ids
        self._pad, self._cls, self._sep = ids["[PAD]"], ids["[CLS]"], ids["[SEP]"]

    def __len__(self) -> int:
        return len(self._row_start)

    def rows(self, which: IntArray) -> Rows:
        """Make the rows with the given indices."""
        counts = self._row_count[which]
        examples = self._examples.take(indices_of(self._row_start[which], counts))
        row = np.repeat(np.arange(len(which)), counts)
        place = np.arange(len(row)) - np.repeat(starts_of(counts)[:-1], counts)  # within the row
        sizes = examples.a_length + examples.b_length + (3 if self._pairs else 2)
        start_in_all = starts_of(sizes)[:-1]
        first = start_in_all - np.repeat(start_in_all[starts_of(counts)[:-1]], counts)
        ids = np.full(len(which) * self._length, self._pad, dtype=np.int32)
        start = row * self._length + first
        self._fill(ids, start, examples.a_start, examples.a_length, examples.b_start, examples.b_length)
        firsts = np.zeros((len(which), MOST_IN_A_ROW), dtype=np.int64)
        is_random = np.full((len(which), MOST_IN_A_ROW), IGNORED, dtype=np.int64)
        firsts[row, place] = first
        is_random[row, place] = examples.is_random
        parts = ids.reshape(len(which), self._length), firsts, is_random, self._keys[which]
        return Rows(*map(torch.from_numpy, parts))

    def _fill(self, ids: IntArray, start: IntArray, a: IntArray, n_a: IntArray, b: IntArray, n_b: IntArray) -> None:
        """Write [CLS] a [SEP] b [SEP] for each example, from ``start`` on."""
        ids[start] = self._cls
        ids[indices_of(start + 1, n_a)] = self._corpus.tokens(a, n_a)
        ids[start + 1 + n_a] = self._sep
        if self._pairs:
            ids[indices_of(start + 2 + n_a, n_b)] = self._corpus.tokens(b, n_b)
            ids[start + 2 + n_a + n_b] = self._sep


@dataclass(frozen=True)
class Place:
    """How far a stream has been read."""

    epoch: int = 0
    row: int = 0


class RowStream:
    """Batches without end, each made while the one before is trained on.

    n: rows of a batch over all processes; this one gets every ``processes``-th, from ``rank`` on.
    """

    def __init__(
        self, corpus: Corpus, *, length: int, pairs: bool, seed: int, n: int, place: Place, rank: int, processes: int
    ):
        self._corpus, self._length, self._pairs, self._seed, self._n = corpus, length, pairs, seed, n
        self._rank, self._processes = rank, processes
        self._place = place
        self._epoch = Epoch(corpus, length=length, pairs=pairs, seed=seed, epoch=place.epoch)
        self._thread = ThreadPoolExecutor(1)
        self._next: Future[tuple[Rows, Place]] = self._thread.submit(self._make)

    def take(self) -> tuple[Rows, Place]:
        """Return the next batch, and the place behind it."""
        made = self._next.result()
        self._next = self._thread.submit(self._make)
        return made

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _make(self) -> tuple[Rows, Place]:
        parts: list[Rows] = []
        taken = 0
        while taken < self._n:
            if self._place.row == len(self._epoch):
                self._place = Place(self._place.epoch + 1)
                self._epoch = Epoch(
                    self._corpus, length=self._length, pairs=self._pairs, seed=self._seed, epoch=self._place.epoch
                )
            end = min(self._place.row + self._n - taken, len(self._epoch))
            which = np.arange(self._place.row, end)
            mine = (np.arange(taken, taken + len(which)) - self._rank) % self._processes == 0
            parts.append(self._epoch.rows(which[mine]))
            taken += len(which)
            self._place = Place(self._place.epoch, end)
        return _joined(parts), self._place


def _joined(parts: list[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    return Rows(*(torch.cat(tensors) for tensors in zip(*(part.tensors() for part in parts))))
