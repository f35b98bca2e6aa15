"""What lets an encoder live inside a thinc Model, whatever runs it: its vocabulary, its config and its bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import srsly
from thinc.api import Shim
from thinc.types import Floats2d
from transformers import BertModel

from ..checkpoints.config import check_config
from ..checkpoints.folder import Checkpoint, build_checkpoint, check_size, weights_from_bytes
from ..checkpoints.storage import from_storage
from ..encoder.inputs import EncoderInput
from ..errors import Errors, LitBertError
from ..tokenization.dropout import WordpieceDropout
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.wordpieces import WordpieceEncoder
from .fingerprint import Fingerprint, checksum
from .seal import is_sealed, seal
from .settings import WindowSettings
from .shared_update import SharedUpdate

_UNSEALED = "spacy-litbert.encoder.v1"
_FORMAT = "spacy-litbert.encoder.v2"
_SOURCE = "the saved pipeline"
_PARTS = {"config": dict, "fingerprint": str, "weights": bytes, "graph": bytes, "precision": str}

XpVectors = tuple[Floats2d, Floats2d | None]


class EncoderShim(Shim, ABC):
    """An encoder and its vocabulary; empty until ``load`` or ``from_bytes``.

    windows: the settings of windows.
    config: what makes a BERT a BERT, as in config.json.
    entries: (vocabulary,) object array of the wordpieces' strings.
    fingerprint: which weights these are.
    dropout: what splits wordpieces in training, None where nothing does.
    update: the update that is under way.
    """

    def __init__(self, windows: WindowSettings) -> None:
        super().__init__(None)
        self.windows = windows
        self.fingerprint = Fingerprint()
        self.config: dict[str, Any] = {}
        self.wordpieces: WordpieceEncoder | None = None
        self.dropout: WordpieceDropout | None = None
        self.entries: Any = None
        self.update = SharedUpdate()

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    def load(self, checkpoint: Checkpoint, fingerprint: str | None = None) -> None:
        """Take the weights and the vocabulary of a checkpoint.

        fingerprint: the one that was saved with the weights; else it is that of the weights as they are.
        Raises LitBertError L001 or L002 if the settings of windows are not for this encoder.
        """
        self._take(checkpoint.config, checkpoint.vocabulary, fingerprint or fingerprint_of(checkpoint.bert))
        self._load_encoder(checkpoint)

    def next_update(self) -> None:
        """End the update that was under way, and begin another."""
        self.update.finish()
        self.update = SharedUpdate()

    @abstractmethod
    def __call__(self, inputs: EncoderInput, is_train: bool) -> tuple[XpVectors, Callable[..., Any]]:
        """Return vectors, (n_rows, hidden_size) and (windows, hidden_size) float32 or None, and their backprop."""

    def to_bytes(self) -> bytes:
        """Return config, vocabulary and weights with their checksum; no trace of where they came from."""
        message: dict[str, Any] = {"format": _FORMAT}
        if self.is_loaded and self.wordpieces is not None:
            vocabulary = self.wordpieces.vocabulary
            message.update(config=self.config, vocabulary=vocabulary.to_dict(), fingerprint=self.fingerprint.value)
            message.update(self._encoder_to_bytes())
        return seal(srsly.msgpack_dumps(message))

    def from_bytes(self, bytes_data: bytes) -> EncoderShim:
        """Load what ``to_bytes`` wrote.

        Raises LitBertError L305 for bytes that no shim of ours wrote, L315 for an exported graph of another backend or
        precision than the config's, L312 or L2xx for damaged ones.
        """
        expected = _FORMAT if is_sealed(bytes_data) else _UNSEALED
        message = srsly.msgpack_loads(bytes_data)
        if not isinstance(message, dict) or message.get("format") != expected:
            found = message.get("format") if isinstance(message, dict) else type(message).__name__
            raise LitBertError(Errors.L305.format(reason=f"its format is {found!r}, not {expected!r}"))
        if "vocabulary" in message:
            _check_parts(message)
            vocabulary = Vocabulary.from_dict(message["vocabulary"])
            fingerprint = message.get("fingerprint", "")
            if "weights" in message:
                weights = from_storage(weights_from_bytes(message["weights"], _SOURCE), _SOURCE)
                self.load(build_checkpoint(message["config"], weights, vocabulary, _SOURCE), fingerprint)
            else:
                config = check_config(message["config"], _SOURCE)
                check_size(vocabulary, config, _SOURCE)
                self._take(config, vocabulary, fingerprint)
                self._load_exported(message)
        self._take_message(message)
        return self

    def _take(self, config: dict[str, Any], vocabulary: Vocabulary, fingerprint: str) -> None:
        self.windows.check(config["max_position_embeddings"])
        self.update = SharedUpdate()
        self.config = config
        self.fingerprint = Fingerprint(fingerprint)
        self.wordpieces = WordpieceEncoder(vocabulary)
        rate = self.windows.wordpiece_dropout
        self.dropout = WordpieceDropout(vocabulary, rate) if rate else None
        self.entries = np.array(vocabulary.tokens, dtype=object)

    def _take_message(self, message: dict[str, Any]) -> None:
        """Take what else ``_encoder_to_bytes`` wrote."""

    @abstractmethod
    def _load_encoder(self, checkpoint: Checkpoint) -> None:
        """Make ``_model`` of a checkpoint's weights."""

    @abstractmethod
    def _load_exported(self, message: dict[str, Any]) -> None:
        """Make ``_model`` of what ``_encoder_to_bytes`` wrote, if that was no weights.

        Raises LitBertError L315 if the config says another backend or precision.
        """

    @abstractmethod
    def _encoder_to_bytes(self) -> dict[str, Any]:
        """Return what holds the encoder: ``weights`` in safetensors' form, or a form of the shim's own."""


def _check_parts(message: dict[str, Any]) -> None:
    """Raise LitBertError L305 for a message that lacks a part, or has one that can't be."""
    needed = ("config", "weights") if "weights" in message else ("config", "graph", "precision")
    if lacking := [part for part in needed if part not in message]:
        raise LitBertError(Errors.L305.format(reason=f"it lacks {', '.join(lacking)}"))
    for part, kind in _PARTS.items():
        if part in message and not isinstance(message[part], kind):
            found = type(message[part]).__name__
            raise LitBertError(Errors.L305.format(reason=f"its {part} is of the type {found}, not {kind.__name__}"))


def fingerprint_of(bert: BertModel) -> str:
    """Compute the fingerprint of an encoder's weights as they are now."""
    weights = bert.state_dict()
    return checksum(weights[key].detach().cpu().float().numpy() for key in sorted(weights))
