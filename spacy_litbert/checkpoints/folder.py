"""Load an encoder, or a model with pretraining heads, and its vocabulary from a checkpoint, wherever it lies.

Everything that loads weights goes this way: open the source, read config, vocabulary and weights, check them against
each other, build the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForPreTraining, BertModel

from ..errors import Errors, LitBertError
from ..files import read_json
from ..tokenization.vocabulary import Vocabulary, read_vocabulary
from .config import CONFIG_KEYS, check_activation, check_config
from .layout import PARTS
from .read import Weights, check_checksums, check_values, checksums_of, fit_tensors, read_weights
from .safetensor_files import weights_from_bytes
from .sources import Source, open_source

__all__ = ["Checkpoint", "Parts", "build_checkpoint", "load_checkpoint", "load_pretraining", "weights_from_bytes"]

# google-research/bert computes what its config calls "gelu" by tanh (since 2019); transformers calls that one:
_TENSORFLOW_GELU = "gelu_pytorch_tanh"
_ENCODER = "bert."
_POOLER = "bert.pooler."
_DECODER = {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}


@dataclass
class Checkpoint:
    """An encoder and the vocabulary it was trained with."""

    bert: BertModel
    vocabulary: Vocabulary

    @property
    def config(self) -> dict[str, Any]:
        """Return what makes a BERT a BERT, without what versions of transformers add."""
        return {key: getattr(self.bert.config, key) for key in CONFIG_KEYS}

    @property
    def limit(self) -> int:
        """Return the most wordpieces that the encoder reads at once, from max_position_embeddings."""
        return int(self.bert.config.max_position_embeddings)


@dataclass(frozen=True)
class Parts:
    """What a checkpoint consists of, checked against each other.

    said: hidden_act in the source's config.
    """

    config: dict[str, Any]
    vocabulary: Vocabulary
    weights: Weights
    said: Any


def load_checkpoint(name: str | Path) -> Checkpoint:
    """Load an encoder and its vocabulary.

    name: a folder as transformers saves BERT, a TensorFlow checkpoint, a zip of either, a bundled name or a hub id,
        see ``open_source``. Weights of any floating-point type become float32. Heads are left aside.

    Raises LitBertError L1xx or L2xx if anything is missing, can't be read, is damaged, or does not fit the rest.
    """
    with coded(Path(name)), open_source(name) as source:
        parts = read_parts(source)
        return Checkpoint(_encoder(parts.config, parts.weights.tensors), parts.vocabulary)


def load_pretraining(name: str | Path, *, dropout: float | None = None) -> tuple[BertForPreTraining, Vocabulary]:
    """Load a model with both pretraining heads, in memory of its own, and its vocabulary.

    name: as for ``load_checkpoint``.
    dropout: of the encoder and its attention, by default as in the config.

    Raises LitBertError as ``load_checkpoint`` does, L217 if a head is not there.
    """
    with coded(Path(name)), open_source(name) as source:
        parts = read_parts(source)
        found = {row.part for row in parts.weights.rows}
        if lacking := [part for part in PARTS if part not in found]:
            raise LitBertError(Errors.L217.format(path=source.folder, problems=f"It has no {', no '.join(lacking)}."))
        config = dict(parts.config)
        if dropout is not None:
            config.update(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
        with torch.device("meta"):
            bert = BertForPreTraining(BertConfig.from_dict(config))
        weights = {name: value.float().clone() for name, value in parts.weights.tensors.items()}
        _assign(bert, {**weights, **{copy: weights[shared] for copy, shared in _DECODER.items()}})
        bert.tie_weights()
        _materialise_buffers(bert.bert)
        return bert.eval(), parts.vocabulary


def build_checkpoint(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], vocabulary: Vocabulary, source: str
) -> Checkpoint:
    """Build an encoder from its parts in memory, checked against each other.

    Raises LitBertError L217 for missing, left-over or misshapen tensors, L204 for a vocabulary of another
    size, L205 for a config this encoder can't follow, L208 or L209 for values that are no weights.
    """
    values = check_config(config, source)
    check_size(vocabulary, values, source)
    tensors, _, _ = fit_tensors(weights, values, source)
    for name, value in tensors.items():
        check_values(name, value, source)
    return Checkpoint(_encoder(values, tensors), vocabulary)


def read_parts(
    source: Source,
    *,
    hidden_act: str | None = None,
    config: Path | None = None,
    vocabulary: Path | None = None,
    progress: bool = False,
) -> Parts:
    """Read config, vocabulary and weights of a source, and check that they fit.

    hidden_act: the activation in transformers' words, by default the source's.
    config, vocabulary: in the place of those beside the weights.
    progress: show a bar of what is read.

    Raises LitBertError L1xx or L2xx.
    """
    said = source.read_config() if config is None else read_json(config)
    values = activated_config(said, source, hidden_act, called=config or source.folder)
    words = read_vocabulary(vocabulary) if vocabulary else source.read_vocabulary()
    check_size(words, values, words.source)
    weights = read_weights(source, values, progress=progress)
    check_checksums(source.folder, checksums_of(weights.files))
    return Parts(values, words, weights, said.get("hidden_act"))


def activated_config(
    config: Mapping[str, Any], source: Source, hidden_act: str | None = None, *, called: Path
) -> dict[str, Any]:
    """Return the checked config with the activation that the weights were trained with.

    called: where the config lies, for messages.

    "gelu" of a TensorFlow checkpoint means the tanh approximation, as the original code computes it.
    """
    if hidden_act is not None:
        check_activation(hidden_act, "The option --hidden-act")
        return check_config({**config, "hidden_act": hidden_act}, str(called))
    values = check_config(config, str(called))
    if source.kind == "tensorflow" and values["hidden_act"] == "gelu":
        values["hidden_act"] = _TENSORFLOW_GELU
    return values


def check_size(vocabulary: Vocabulary, config: Mapping[str, Any], source: str) -> None:
    """Raise LitBertError L204 if the vocabulary is not of the config's size."""
    if len(vocabulary) != config["vocab_size"]:
        raise LitBertError(Errors.L204.format(path=source, vocabulary=len(vocabulary), config=config["vocab_size"]))


@contextmanager
def coded(path: Path) -> Iterator[None]:
    """Give errors of the operating system a code.

    path: what was worked on, where the error names nothing.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise LitBertError(Errors.L222.format(path=error.filename or path, reason=reason)) from None


def _encoder(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> BertModel:
    with torch.device("meta"):
        has_pooler = any(name.startswith(_POOLER) for name in tensors)
        bert = BertModel(BertConfig.from_dict(dict(config)), add_pooling_layer=has_pooler)
    encoder = {name.removeprefix(_ENCODER): value for name, value in tensors.items() if name.startswith(_ENCODER)}
    _assign(bert, encoder)
    _materialise_buffers(bert)
    return bert.eval()


def _assign(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    model.load_state_dict({name: value.float() for name, value in weights.items()}, assign=True, strict=True)


def _materialise_buffers(bert: BertModel) -> None:
    # Built on the meta device: the two index buffers of the embeddings hold no data yet.
    embeddings = bert.embeddings
    max_position_embeddings = bert.config.max_position_embeddings
    embeddings.register_buffer("position_ids", torch.arange(max_position_embeddings)[None], persistent=False)
    token_type_ids = torch.zeros(1, max_position_embeddings, dtype=torch.long)
    embeddings.register_buffer("token_type_ids", token_type_ids, persistent=False)
