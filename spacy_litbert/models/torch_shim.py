"""The encoder inside a thinc Model, run by torch: weights, their updates, and their bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import torch
from safetensors.torch import save
from thinc.api import Model, Optimizer, Shim, get_torch_default_device, torch2xp, xp2torch
from thinc.types import Floats2d, FloatsXd
from transformers import BertModel

from ..checkpoints.folder import Checkpoint
from ..checkpoints.storage import to_storage
from ..encoder import torch_encoder
from ..encoder.inputs import EncoderInput
from ..errors import Errors, LitBertError
from ..types import Precision, Storage
from .fingerprint import Fingerprint
from .settings import WindowSettings
from .shim import EncoderShim, XpVectors, fingerprint_of


class TorchShim(EncoderShim):
    """A shim that holds the encoder as Hugging Face's ``BertModel``.

    windows: the settings of windows.
    precision: of the forward pass. float16 training scales its gradients, the others need not.
    storage: of the weights in ``to_bytes``; in memory they are float32. What was trained since it was loaded is saved
        as float32 for as long as the setting is the one that it was trained under: rounding anew would take back
        most of a short training. ``round_to`` has it rounded.
    batch_wordpieces: wordpieces of a micro-batch, ``budget`` in ``torch_encoder``.
    keep_wordpieces: wordpieces whose activations training keeps, ``keep`` in ``torch_encoder``.
    """

    def __init__(
        self,
        windows: WindowSettings,
        *,
        precision: Precision,
        storage: Storage,
        batch_wordpieces: int,
        keep_wordpieces: int,
    ):
        super().__init__(windows)
        self.precision = precision
        self.storage = storage
        self._trained_under: Storage | None = None
        self.batch_wordpieces = batch_wordpieces
        self.keep_wordpieces = keep_wordpieces
        self._scaler = torch.amp.GradScaler(get_torch_default_device().type, enabled=precision == "float16")

    @property
    def bert(self) -> BertModel:
        """Return the encoder's weights as Hugging Face's ``BertModel``."""
        bert: BertModel = self._model
        return bert

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
        """Take one step of thinc's optimizer, or none if float16 gradients overflowed."""
        self.update.finish()
        if not any(parameter.grad is not None for parameter in self.bert.parameters()):
            return
        step = _ThincStep(self.bert, optimizer, self.id)
        self._scaler.step(step)
        self._scaler.update()
        step.zero_grad(set_to_none=True)
        self.note_update()

    def note_update(self) -> None:
        """Take note that the weights are no longer those that were loaded."""
        self._trained_under = self.storage
        self.fingerprint.renew(lambda: fingerprint_of(self.bert))

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
            with self.fingerprint.lent(lambda: fingerprint_of(self.bert)) if averages else nullcontext():
                yield
        finally:
            self._set_data(backup)

    def copy(self) -> TorchShim:
        """Return a copy with an id of its own: the optimizer keeps its moments by id."""
        copied = copy.deepcopy(self)
        copied.id = Shim(None).id
        copied.fingerprint = Fingerprint(self.fingerprint.value)
        return copied

    def to_device(self, device_type: str, device_id: int) -> None:
        device = torch.device("cuda", device_id) if device_type == "gpu" else torch.device("cpu")
        if self.is_loaded:
            self._model = self.bert.to(device)  # type: ignore[arg-type]
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "float16")

    def _load_encoder(self, checkpoint: Checkpoint) -> None:
        self._model = checkpoint.bert.to(get_torch_default_device())  # type: ignore[arg-type]
        # A micro-batch reaches a few hundred of its rows; dense gradients are made once an update.
        self._model.embeddings.word_embeddings.sparse = True

    def _load_exported(self, message: dict[str, Any]) -> None:
        saved = f'`backend = "onnx"`, `precision = "{message["precision"]}"`'
        raise LitBertError(Errors.L315.format(saved=saved, found='`backend = "torch"`'))

    def _encoder_to_bytes(self) -> dict[str, Any]:
        # Raises LitBertError L219 for weights that the type of ``storage`` can't hold.
        storage = self.storage if self._trained_under is None else "float32"
        weights = save(to_storage(self.bert.state_dict(), storage, "the pipeline"))
        return {"weights": weights, "trained_under": self._trained_under}

    def _take_message(self, message: dict[str, Any]) -> None:
        under = message.get("trained_under")
        self._trained_under = under if under == self.storage else None

    def _to_torch(self, array: Floats2d) -> torch.Tensor:
        return xp2torch(array, device=self.bert.device)

    def _set_data(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, value in values.items():
            self.bert.get_parameter(name).data = value


def round_to(model: Model[Any, Any], storage: Storage) -> None:
    """Have the encoders in a model saved so from now on, whether they were trained or not."""
    for node in model.walk():
        for shim in node.shims:
            if isinstance(shim, TorchShim):
                shim.storage, shim._trained_under = storage, None


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
                dense = parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
                key, gradient = (self._shim_id, name), cast(FloatsXd, torch2xp(dense))
                weights, _ = self._optimizer(key, cast(FloatsXd, torch2xp(parameter.data)), gradient)
                updated = xp2torch(weights, device=parameter.device)
                # thinc mostly updates in place. Putting the view of a view in the place of the parameter,
                # as thinc's own shim does, would keep one more layer of views alive with every step.
                if updated.data_ptr() != parameter.data_ptr():
                    parameter.copy_(updated)


def _to_xp(vectors: torch_encoder.Vectors) -> XpVectors:
    hidden, pooled = vectors
    return cast(Floats2d, torch2xp(hidden)), None if pooled is None else cast(Floats2d, torch2xp(pooled))


def _no_backprop(*gradients: Any) -> None:
    return None
