"""What lets an encoder live inside a thinc Model, whatever runs it: its vocabulary, its config and its bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import srsly
from thinc.api import Shim
from thinc.types import Floats2d

from ..checkpoints.folder import Checkpoint, build_checkpoint, weights_from_bytes
from ..encoder.inputs import EncoderInput
from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.wordpieces import WordpieceEncoder

_FORMAT = "spacy-litbert.encoder.v1"
_SOURCE = "the saved pipeline"

XpVectors = tuple[Floats2d, Floats2d | None]


class EncoderShim(Shim, ABC):
    """An encoder and its vocabulary; empty until ``load`` or ``from_bytes``.

    config: what makes a BERT a BERT, as in config.json. entries: (vocabulary,) object array of the
    wordpieces' strings.
    """

    def __init__(self) -> None:
        super().__init__(None)
        self.config: dict[str, Any] = {}
        self.wordpieces: WordpieceEncoder | None = None
        self.entries: Any = None

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    def load(self, checkpoint: Checkpoint) -> None:
        """Take the weights and the vocabulary of a checkpoint."""
        self._load_encoder(checkpoint)
        self._take(checkpoint.config, checkpoint.vocabulary)

    @abstractmethod
    def __call__(self, inputs: EncoderInput, is_train: bool) -> tuple[XpVectors, Callable[..., Any]]:
        """Vectors (n_rows, width) and (windows, width) float32 or None, and the way back for their gradients."""

    def to_bytes(self) -> bytes:
        """Config, vocabulary and weights; no trace of where they came from."""
        message: dict[str, Any] = {"format": _FORMAT}
        if self.is_loaded and self.wordpieces is not None:
            vocabulary = self.wordpieces.vocabulary
            message.update(config=self.config, vocabulary=vocabulary.to_dict(), **self._encoder_to_bytes())
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes) -> EncoderShim:
        """Raises LitBertError L305 for bytes that no shim of ours wrote, L2xx for damaged ones."""
        message = srsly.msgpack_loads(bytes_data)
        if not isinstance(message, dict) or message.get("format") != _FORMAT:
            found = message.get("format") if isinstance(message, dict) else type(message).__name__
            raise LitBertError(Errors.L305.format(reason=f"its format is {found!r}, not {_FORMAT!r}"))
        if "vocabulary" in message:
            vocabulary = Vocabulary.from_dict(message["vocabulary"])
            if "weights" in message:
                weights = weights_from_bytes(message["weights"], _SOURCE)
                self.load(build_checkpoint(message["config"], weights, vocabulary, _SOURCE))
            else:
                self._load_exported(message)
                self._take(message["config"], vocabulary)
        return self

    def _take(self, config: dict[str, Any], vocabulary: Vocabulary) -> None:
        self.config = config
        self.wordpieces = WordpieceEncoder(vocabulary)
        self.entries = np.array(vocabulary.tokens, dtype=object)

    @abstractmethod
    def _load_encoder(self, checkpoint: Checkpoint) -> None:
        """Make ``_model`` of a checkpoint's weights."""

    @abstractmethod
    def _load_exported(self, message: dict[str, Any]) -> None:
        """Make ``_model`` of what ``_encoder_to_bytes`` wrote, if that was no weights. Raises LitBertError L305."""

    @abstractmethod
    def _encoder_to_bytes(self) -> dict[str, Any]:
        """What holds the encoder: ``weights`` in safetensors' form, or a form of the shim's own."""
