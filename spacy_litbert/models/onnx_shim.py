"""The encoder inside a thinc Model, run by ONNX Runtime: for use on a CPU, not for training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from thinc.api import Optimizer, get_current_ops

from ..checkpoints.folder import Checkpoint
from ..encoder.inputs import EncoderInput
from ..encoder.onnx_encoder import OnnxEncoder
from ..errors import Errors, LitBertError
from ..types import Precision
from .settings import WindowSettings
from .shim import EncoderShim, XpVectors


class OnnxShim(EncoderShim):
    """A shim that holds a graph, made from a checkpoint's weights when they are loaded.

    windows: the settings of windows.
    precision: ``"float32"`` or ``"int8"``.
    batch_wordpieces: see ``OnnxEncoder``.
    """

    def __init__(self, windows: WindowSettings, *, precision: Precision, batch_wordpieces: int):
        super().__init__(windows)
        self.precision = precision
        self.batch_wordpieces = batch_wordpieces

    def __call__(self, inputs: EncoderInput, is_train: bool) -> tuple[XpVectors, Callable[..., Any]]:
        """Return vectors as of ``EncoderShim``. Raise LitBertError L307 in training."""
        if is_train:
            raise LitBertError(Errors.L307)
        encoder: OnnxEncoder = self._model
        hidden, pooled = cast(XpVectors, encoder.predict(inputs, budget=self.batch_wordpieces))
        ops = get_current_ops()
        return (ops.asarray2f(hidden), None if pooled is None else ops.asarray2f(pooled)), _no_backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Do nothing: the encoder is frozen in the training of other components."""

    def to_device(self, device_type: str, device_id: int) -> None:
        """Do nothing: the graph runs on the CPU, wherever the other components do."""

    def _load_encoder(self, checkpoint: Checkpoint) -> None:
        self._model = OnnxEncoder(_graph_of(checkpoint, self.precision))

    def _load_exported(self, message: dict[str, Any]) -> None:
        if message["precision"] != self.precision:
            saved, found = (f'`precision = "{one}"`' for one in (message["precision"], self.precision))
            raise LitBertError(Errors.L315.format(saved=saved, found=found))
        self._model = OnnxEncoder(message["graph"])

    def _encoder_to_bytes(self) -> dict[str, Any]:
        return {"graph": self._model.graph, "precision": self.precision}


def _graph_of(checkpoint: Checkpoint, precision: Precision) -> bytes:
    try:
        from ..encoder.onnx_graph import build_graph
    except ImportError:
        raise LitBertError(Errors.L309.format(package="onnx")) from None
    return bytes(build_graph(checkpoint.bert, int8=precision == "int8").SerializeToString())


def _no_backprop(*gradients: Any) -> None:
    return None
