"""The encoder inside a thinc Model: weights, their updates, and their bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import srsly
import torch
from safetensors.torch import save
from thinc.api import Optimizer, Shim, get_torch_default_device, torch2xp, xp2torch
from thinc.types import Floats2d
from transformers import BertModel

from ..checkpoints.folder import Checkpoint, build_checkpoint, weights_from_bytes
from ..checkpoints.storage import to_storage
from ..encoder import torch_encoder
from ..encoder.torch_encoder import EncoderInput
from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.wordpieces import WordpieceEncoder
from ..types import Precision, Storage

_FORMAT = "spacy-litbert.encoder.v1"

XpVectors = tuple[Floats2d, Floats2d | None]


class LitBertShim(Shim):
    """Holds the encoder and its vocabulary; empty until ``load`` or ``from_bytes``.

    precision: of the forward pass. float16 training scales its gradients, the others need not.
    storage: of the weights in ``to_bytes``; in memory they are float32.
    batch_wordpieces, keep_wordpieces: see ``torch_encoder``.
    """

    def __init__(self, *, precision: Precision, storage: Storage, batch_wordpieces: int, keep_wordpieces: int):
        super().__init__(None)
        self.precision = precision
        self.storage = storage
        self.batch_wordpieces = batch_wordpieces
        self.keep_wordpieces = keep_wordpieces
        self.wordpieces: WordpieceEncoder | None = None
        self.entries: Any = None
        self._scaler = torch.amp.GradScaler(get_torch_default_device().type, enabled=precision == "float16")

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    @property
    def bert(self) -> BertModel:
        """The encoder's weights as Hugging Face's ``BertModel``."""
        return self._model

    def load(self, checkpoint: Checkpoint) -> None:
        """Take the weights and the vocabulary of a checkpoint."""
        self._model = checkpoint.bert.to(get_torch_default_device())
        self.wordpieces = WordpieceEncoder(checkpoint.vocabulary)
        self.entries = np.array(checkpoint.vocabulary.tokens, dtype=object)

    def __call__(self, inputs: EncoderInput, is_train: bool) -> tuple[XpVectors, Callable[..., Any]]:
        if not is_train:
            vectors = torch_encoder.predict(self.bert, inputs, precision=self.precision, budget=self.batch_wordpieces)
            return _to_xp(vectors), _no_backprop
        vectors, torch_backprop = torch_encoder.begin_update(
            self.bert,
            inputs,
            precision=self.precision,
            budget=self.batch_wordpieces,
            keep=self.keep_wordpieces,
        )

        def backprop(d_hidden: Floats2d, d_pooled: Floats2d | None) -> None:
            scaled = self._scaler.scale(self._to_torch(d_hidden))
            scaled_pooled = None if d_pooled is None else self._scaler.scale(self._to_torch(d_pooled))
            torch_backprop(scaled, scaled_pooled)

        return _to_xp(vectors), backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """One step of thinc's optimizer; skipped if float16 gradients overflowed."""
        if not any(parameter.grad is not None for parameter in self.bert.parameters()):
            return
        step = _ThincStep(self.bert, optimizer, self.id)
        self._scaler.step(step)
        self._scaler.update()
        step.zero_grad(set_to_none=True)

    @contextmanager
    def use_params(self, params: Mapping[Any, Any]) -> Iterator[None]:
        """Put the optimizer's averaged weights in place for a while."""
        averages = {
            name: xp2torch(params[self.id, name], device=self.bert.device)
            for name, _ in (self.bert.named_parameters() if self.is_loaded else ())
            if (self.id, name) in params
        }
        backup = {name: self.bert.get_parameter(name).data for name in averages}
        self._set_data(averages)
        try:
            yield
        finally:
            self._set_data(backup)

    def copy(self) -> LitBertShim:
        """A copy with an id of its own: the optimizer keeps its moments by id."""
        copied = copy.deepcopy(self)
        copied.id = Shim(None).id
        return copied

    def to_device(self, device_type: str, device_id: int) -> None:
        device = torch.device("cuda", device_id) if device_type == "gpu" else torch.device("cpu")
        if self.is_loaded:
            self._model = self.bert.to(device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "float16")

    def to_bytes(self) -> bytes:
        """Config, vocabulary and weights (safetensors); no trace of where they came from.

        Raises LitBertError L219 for weights that the type of ``storage`` can't hold.
        """
        message: dict[str, Any] = {"format": _FORMAT}
        if self.is_loaded and self.wordpieces is not None:
            vocabulary = self.wordpieces.vocabulary
            message["config"] = Checkpoint(self.bert, vocabulary).config
            message["vocabulary"] = vocabulary.to_dict()
            message["weights"] = save(to_storage(self.bert.state_dict(), self.storage, "the pipeline"))
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes) -> LitBertShim:
        """Raises LitBertError L305 for bytes that no shim of ours wrote, L2xx for damaged ones."""
        message = srsly.msgpack_loads(bytes_data)
        if not isinstance(message, dict) or message.get("format") != _FORMAT:
            found = message.get("format") if isinstance(message, dict) else type(message).__name__
            raise LitBertError(Errors.L305.format(reason=f"its format is {found!r}, not {_FORMAT!r}"))
        if "weights" in message:
            source = "the saved pipeline"
            vocabulary = Vocabulary.from_dict(message["vocabulary"])
            weights = weights_from_bytes(message["weights"], source)
            self.load(build_checkpoint(message["config"], weights, vocabulary, source))
        return self

    def _to_torch(self, array: Floats2d) -> torch.Tensor:
        return xp2torch(array, device=self.bert.device)

    def _set_data(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, value in values.items():
            self.bert.get_parameter(name).data = value


class _ThincStep(torch.optim.Optimizer):
    """thinc's optimizer in the form that torch's gradient scaler steps."""

    def __init__(self, bert: BertModel, optimizer: Optimizer, shim_id: int):
        super().__init__(bert.parameters(), {})
        self._bert = bert
        self._optimizer = optimizer
        self._shim_id = shim_id

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for name, parameter in self._bert.named_parameters():
            if parameter.grad is not None:
                key, gradient = (self._shim_id, name), torch2xp(parameter.grad)
                weights, _ = self._optimizer(key, torch2xp(parameter.data), gradient)
                updated = xp2torch(weights, device=parameter.device)
                # thinc mostly updates in place. Putting the view of a view in the place of the parameter,
                # as thinc's own shim does, would keep one more layer of views alive with every step.
                if updated.data_ptr() != parameter.data_ptr():
                    parameter.copy_(updated)


def _to_xp(vectors: torch_encoder.Vectors) -> XpVectors:
    hidden, pooled = vectors
    return torch2xp(hidden), None if pooled is None else torch2xp(pooled)


def _no_backprop(*gradients: Any) -> None:
    return None
