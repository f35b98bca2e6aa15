"""Compute the vectors of windows with ONNX Runtime: the fast way on a CPU. It can't train."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any
from weakref import WeakSet

import numpy as np

from ..errors import Errors, LitBertError
from ..locks import lock_across_forks
from ..ragged import starts_of
from ..types import FloatArray, IntArray
from .inputs import EncoderInput, MicroBatch, split

_STARTING = lock_across_forks()


class OnnxEncoder:
    """A graph of ``onnx_graph`` ready to run; each process makes a session of its own from its bytes.

    Raises LitBertError L309 without the package onnxruntime, which is imported only for this (it starts a thread).
    """

    def __init__(self, graph: bytes):
        try:
            import onnxruntime  # noqa: F401
        except ImportError:
            raise LitBertError(Errors.L309.format(package="onnxruntime")) from None
        self.graph = graph
        self._session: Any = None

    def predict(self, batch: EncoderInput, *, budget: int) -> tuple[FloatArray, FloatArray | None]:
        """Return vectors, (n_rows, hidden_size) and (windows, hidden_size) float32.

        The second are None for an encoder without a pooler.

        budget: wordpieces of a micro-batch.
        """
        session = self._running()
        hidden_size = session.get_outputs()[0].shape[1]
        has_pooler = len(session.get_outputs()) > 1
        hidden = (np.zeros if batch.is_padded else np.empty)((batch.n_rows, hidden_size), np.float32)
        pooled = np.empty((len(batch.lengths), hidden_size), np.float32) if has_pooler else None
        for micro in split(batch, budget):
            outputs = session.run(None, _feed(micro))
            hidden[micro.places] = outputs[0]
            if pooled is not None:
                pooled[micro.windows] = outputs[1]
        return hidden, pooled

    def _running(self) -> Any:
        """Return the session of this process, which its threads share."""
        import onnxruntime

        with _STARTING:
            if self._session is None:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = _threads()
                options.log_severity_level = 3
                self._session = onnxruntime.InferenceSession(self.graph, options, providers=["CPUExecutionProvider"])
                _ENCODERS.add(self)
            return self._session

    def __getstate__(self) -> dict[str, Any]:
        return {"graph": self.graph, "_session": None}


_ENCODERS: WeakSet[OnnxEncoder] = WeakSet()  # those with a session
_INHERITED: list[Any] = []  # sessions of the process that this one was forked from


def _leave_sessions() -> None:
    """Set aside the sessions that a forked child inherits, for good: their threads stayed behind, so they can't run,
    and to free one is to wait for those threads forever."""
    for encoder in _ENCODERS:
        _INHERITED.append(encoder._session)
        encoder._session = None
    _ENCODERS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_sessions)


def _threads() -> int:
    """Return 1 in a child process, which is one of several, else what torch takes: OMP_NUM_THREADS or all cores (0)."""
    if multiprocessing.parent_process() is not None:
        return 1
    # OpenMP takes a list, with a number for each level of parallel regions within one another.
    outermost = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(outermost) if outermost.isdecimal() else 0


def _feed(micro: MicroBatch) -> dict[str, IntArray]:
    lengths, starts = micro.lengths, starts_of(micro.lengths)
    longest = int(lengths[0])
    places = np.arange(longest)
    is_row = places < lengths[:, None]
    return {
        "ids": micro.ids,
        "positions": np.broadcast_to(places, is_row.shape)[is_row],
        "side_by_side": np.where(is_row, starts[:-1, None] + places, 0),
        "end_to_end": np.flatnonzero(is_row),
        "first": starts[:-1],
        "lengths": lengths.astype(np.int32),
    }
