"""Compute the vectors of windows with torch: unpadded rows, one forward pass for training and use.

The weights live in Hugging Face's ``BertModel``, but the rows of a micro-batch run through its
linear layers end to end, without padding; only attention looks at one window at a time (windows
of equal length together). So no padding is computed, and the numbers are those of ``BertModel`` up to rounding.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from transformers import BertModel

from ..errors import Warnings
from ..types import Precision
from .attention import attention
from .inputs import EncoderInput, split
from .layers import run_layers
from .precision import autocast

_IMPORTED_IN = os.getpid()
_SETTLED: int | None = None  # the process whose number of threads has been settled

Vectors = tuple[Tensor, Tensor | None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class _MicroBatch:
    windows: Tensor  # (windows,) their indices
    rows: Tensor  # (rows,) of the output
    ids: Tensor  # (rows,)
    lengths: list[int]

    def halves(self) -> tuple[_MicroBatch, _MicroBatch]:
        n_windows = len(self.lengths) // 2
        n_rows = sum(self.lengths[:n_windows])
        cuts = ((slice(0, n_windows), slice(0, n_rows)), (slice(n_windows, None), slice(n_rows, None)))
        first, second = (
            _MicroBatch(self.windows[of_windows], self.rows[of_rows], self.ids[of_rows], self.lengths[of_windows])
            for of_windows, of_rows in cuts
        )
        return first, second


def predict(bert: BertModel, batch: EncoderInput, *, precision: Precision, budget: int) -> Vectors:
    """Return vectors without gradients, (n_rows, hidden_size) and (windows, hidden_size) float32.

    precision: of the forward pass; weights and output are float32.
    budget: wordpieces a micro-batch; memory beyond the output grows with it alone.
    """
    _heed_fork()
    bert.eval()
    micros = _micro_batches(bert, batch, budget)
    vectors = _allocate(bert, batch)
    with torch.inference_mode(), autocast(bert.device, precision):
        for micro, output in _within_memory(micros, lambda micro: forward(bert, micro.ids, micro.lengths)):
            _fill(vectors, micro, output)
    return vectors


def begin_update(
    bert: BertModel, batch: EncoderInput, *, precision: Precision, budget: int, keep: int
) -> tuple[Vectors, Callable[[Tensor, Tensor | None], None]]:
    """Return vectors as ``predict`` does, with dropout, and a callback that adds to the weights' gradients.

    Other arguments as of ``predict``.

    keep: wordpieces whose activations are kept for the backward pass. Micro-batches beyond are
        computed again when their turn comes (gradient checkpointing, Chen et al. 2016,
        https://arxiv.org/abs/1604.06174), with the same dropout: equal gradients, bounded memory.

    The callback takes the gradients of both outputs, (n_rows, hidden_size) and (windows, hidden_size) or None.
    """
    _heed_fork()
    bert.train()
    micros = _micro_batches(bert, batch, budget)
    vectors = _allocate(bert, batch)
    passes: list[_Pass] = []
    n_seen = 0

    def run(micro: _MicroBatch) -> _Pass:
        # A seed for each, so that dropout is drawn again as it was. (``torch.utils.checkpoint`` keeps outputs and
        # states of generators instead: scattered among what is freed, they break a long document's memory into
        # useless pieces.)
        seed = int(torch.randint(2**62, ()))
        is_kept = n_seen + len(micro.ids) <= keep
        with _drawing_from(seed, bert.device), autocast(bert.device, precision), torch.set_grad_enabled(is_kept):
            output = forward(bert, micro.ids, micro.lengths)
        with torch.no_grad():
            _fill(vectors, micro, output)
        return _Pass(micro, seed, output if is_kept else None)

    for micro, done in _within_memory(micros, run):
        n_seen += len(micro.ids)
        passes.append(done)

    def backprop(d_hidden: Tensor, d_pooled: Tensor | None) -> None:
        bert.train()  # a prediction since may have left it otherwise
        while passes:  # one after the other, so that each frees its activations
            micro, seed, output = passes.pop(0)
            if output is None:
                with _drawing_from(seed, bert.device), autocast(bert.device, precision):
                    output = forward(bert, micro.ids, micro.lengths)
            hidden, pooled = output
            tensors, gradients = [hidden], [d_hidden[micro.rows].to(hidden.dtype)]
            if pooled is not None and d_pooled is not None:
                tensors.append(pooled)
                gradients.append(d_pooled[micro.windows].to(pooled.dtype))
            torch.autograd.backward(tensors, gradients)
            _coalesce(bert)
            del hidden, pooled, output, tensors

    return vectors, backprop


def _heed_fork() -> None:
    """Take one thread in a forked child, or in one of ``multiprocessing``, when the encoder is used there.

    A forked child inherits torch's OpenMP pool without its threads: its first parallel region would wait for them
    forever. One thread needs no pool, and is right for one process of several. A child that does without the encoder
    is left as it is.
    """
    global _SETTLED
    if os.getpid() == _SETTLED:
        return
    # Asked here, not at import: a spawned child imports this module before it knows that it is one.
    if os.getpid() != _IMPORTED_IN or multiprocessing.parent_process() is not None:
        torch.set_num_threads(1)
    _SETTLED = os.getpid()


def _coalesce(bert: BertModel) -> None:
    """Add up sparse gradients that have a row for every wordpiece so far, so that they stay within the vocabulary."""
    weights = bert.embeddings.word_embeddings.weight
    if weights.grad is not None and weights.grad.is_sparse:
        weights.grad = weights.grad.coalesce()


class _Pass(NamedTuple):
    micro: _MicroBatch
    seed: int
    output: Vectors | None  # if its activations are kept


def _within_memory(
    micros: list[_MicroBatch], run: Callable[[_MicroBatch], Result]
) -> Iterator[tuple[_MicroBatch, Result]]:
    """Run each micro-batch and yield it with its result; halve one that the GPU has no room for, with a warning."""
    waiting = micros[::-1]
    while waiting:
        micro = waiting.pop()
        try:
            result = run(micro)
        except torch.OutOfMemoryError:
            if len(micro.lengths) == 1:
                raise
        else:
            yield micro, result
            continue
        # Out of the handler, so that nothing holds on to what had been computed.
        warnings.warn(Warnings.W001.format(n=len(micro.ids), half=-(-len(micro.ids) // 2)), stacklevel=2)
        torch.cuda.empty_cache()
        waiting.extend(reversed(micro.halves()))


@contextmanager
def _drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Draw random numbers of a seed's own in the block; afterwards the generators are as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def forward(bert: BertModel, ids: Tensor, lengths: list[int]) -> Vectors:
    """Compute the last hidden states and the pooled vectors of windows laid end to end.

    Return (rows, hidden_size) and (windows, hidden_size). The second is None for an encoder without a pooler.

    ids: (rows,) int64 on the model's device.
    lengths: rows of each window; their sum is ``len(ids)``.
    """
    device = ids.device
    position_ids = torch.cat([torch.arange(length, device=device) for length in lengths])
    token_type_ids = torch.zeros_like(ids)
    hidden = bert.embeddings(input_ids=ids[None], token_type_ids=token_type_ids[None], position_ids=position_ids[None])[
        0
    ]
    runs = [(length, sum(1 for _ in run)) for length, run in groupby(lengths)]
    hidden = run_layers(bert, hidden, partial(_attend, runs))
    if bert.pooler is None:
        return hidden, None
    first = torch.tensor([0, *lengths[:-1]], device=device).cumsum(0)
    return hidden, bert.pooler(hidden[first][:, None])


def _attend(
    runs: list[tuple[int, int]], query: Tensor, key: Tensor, value: Tensor, num_attention_heads: int, dropout: float
) -> Tensor:
    """Compute self-attention within each window.

    runs: (length, number) of neighbouring windows of equal length.
    """
    contexts = []
    for start, length, number in _spans(runs):
        q, k, v = (
            x[start : start + length * number].view(number, length, num_attention_heads, -1).transpose(1, 2)
            for x in (query, key, value)
        )
        context = attention(q, k, v, dropout=dropout)
        contexts.append(context.transpose(1, 2).reshape(length * number, -1))
    return torch.cat(contexts)


def _spans(runs: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    start = 0
    for length, number in runs:
        yield start, length, number
        start += length * number


def _allocate(bert: BertModel, batch: EncoderInput) -> Vectors:
    hidden_size, device = bert.config.hidden_size, bert.device
    hidden = (torch.zeros if batch.is_padded else torch.empty)(batch.n_rows, hidden_size, device=device)
    pooled = None if bert.pooler is None else torch.empty(len(batch.lengths), hidden_size, device=device)
    return hidden, pooled


def _fill(vectors: Vectors, micro: _MicroBatch, output: Vectors) -> None:
    vectors[0][micro.rows] = output[0].float()
    if vectors[1] is not None and output[1] is not None:
        vectors[1][micro.windows] = output[1].float()


def _micro_batches(bert: BertModel, batch: EncoderInput, budget: int) -> list[_MicroBatch]:
    return [
        _MicroBatch(
            windows=torch.from_numpy(micro.windows).to(bert.device),
            rows=torch.from_numpy(micro.places).to(bert.device),
            ids=torch.from_numpy(micro.ids).to(bert.device),
            lengths=micro.lengths.tolist(),
        )
        for micro in split(batch, budget)
    ]
