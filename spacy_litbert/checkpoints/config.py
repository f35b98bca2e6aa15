"""config.json: what it must say before weights are read, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers.activations import ACT2FN

from ..errors import Errors, LitBertError

# In the order of the file. Only names that every transformers knows.
_WRITTEN: dict[str, Any] = {
    "vocab_size": None,
    "hidden_size": None,
    "num_hidden_layers": None,
    "num_attention_heads": None,
    "intermediate_size": None,
    "max_position_embeddings": None,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")
CONFIG_KEYS = ("model_type", *_WRITTEN)
_SIZES = [*(key for key, default in _WRITTEN.items() if default is None), "type_vocab_size"]
_LEARNED = {"prelu", "xielu"}  # activations with weights, which no checkpoint of BERT has a place for
_FIXED = {"model_type": "bert", "position_embedding_type": "absolute", "is_decoder": False}
_LARGEST = 1 << 20
_MOST_LAYERS = 1000


def written_config(values: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    """Make config.json for ``BertConfig`` of any transformers; what ``values`` lacks is as BERT's.

    architecture: the class of transformers that all the weights fit, such as ``BertForPreTraining``.
    """
    shape = {key: values.get(key, default) for key, default in _WRITTEN.items()}
    # torch_dtype: how it computes, not how it is stored: transformers 5 would otherwise compute in float16.
    return {"architectures": [architecture], "model_type": "bert", **shape, "torch_dtype": "float32"}


def check_config(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Check the settings that make a BERT, and return them with BERT's own where the config is silent.

    All other settings are dropped.

    Raises LitBertError L205 for a config that this package's encoder can't follow, L221 for its activation.
    """
    for key, value in _FIXED.items():
        found = config.get(key, value)
        if found != value or type(found) is not type(value):
            raise LitBertError(Errors.L205.format(path=source, key=key, found=found, expected=value))
    checked = {"model_type": "bert", **{key: config.get(key, default) for key, default in _WRITTEN.items()}}
    for key in _SIZES:
        _check_size(checked, key, source)
    hidden_size, num_attention_heads = checked["hidden_size"], checked["num_attention_heads"]
    fits = hidden_size % num_attention_heads == 0
    _check(fits, checked, "hidden_size", f"a multiple of {num_attention_heads} heads", source)
    for key in _DROPOUTS:
        dropout = checked[key]
        _check(_is_number(dropout) and 0 <= dropout < 1, checked, key, "a number from 0 to 1", source)
    eps, std = checked["layer_norm_eps"], checked["initializer_range"]
    _check(_is_number(eps) and 0 < eps < 1, checked, "layer_norm_eps", "a small positive number", source)
    _check(_is_number(std) and 0 <= std < 100, checked, "initializer_range", "a small number", source)
    pad_token_id, vocab_size = checked["pad_token_id"], checked["vocab_size"]
    is_entry = pad_token_id is None or (type(pad_token_id) is int and 0 <= pad_token_id < vocab_size)
    _check(is_entry, checked, "pad_token_id", f"an id below {vocab_size:,}", source)
    check_activation(checked["hidden_act"], source)
    return checked


def check_activation(name: Any, source: str) -> None:
    """Raise LitBertError L221 for an activation that transformers does not know, or that has weights of its own."""
    choices = sorted(ACT2FN.keys() - _LEARNED)
    if name not in choices:
        raise LitBertError(Errors.L221.format(path=source, found=name, choices=", ".join(choices)))


def largest_size(key: str) -> int:
    """Return the most that a size may be: models and tables are made from them before any weights are looked at."""
    return _MOST_LAYERS if key == "num_hidden_layers" else _LARGEST


def _check_size(config: Mapping[str, Any], key: str, source: str) -> None:
    largest, found = largest_size(key), config[key]
    _check(type(found) is int and 1 <= found <= largest, config, key, f"a positive integer up to {largest:,}", source)


def _check(fits: bool, config: Mapping[str, Any], key: str, expected: str, source: str) -> None:
    if not fits:
        raise LitBertError(Errors.L205.format(path=source, key=key, found=config[key], expected=expected))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
