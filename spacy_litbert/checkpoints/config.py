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
_SHARES = ("hidden_dropout_prob", "attention_probs_dropout_prob")
_REQUIRED = [key for key, default in _WRITTEN.items() if default is None]
_LARGEST = 1 << 20
_MOST_LAYERS = 1000


def written_config(values: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    """config.json for ``BertConfig`` of any transformers; what ``values`` lacks is as BERT's.

    architecture: the class of transformers that all the weights fit, such as ``BertForPreTraining``.
    """
    shape = {key: values.get(key, default) for key, default in _WRITTEN.items()}
    # torch_dtype: how it computes, not how it is stored: transformers 5 would otherwise compute in float16.
    return {"architectures": [architecture], "model_type": "bert", **shape, "torch_dtype": "float32"}


def check_config(config: Mapping[str, Any], source: str) -> None:
    """Raises LitBertError L205 for a config that this package's encoder can't follow, L221 for its activation."""
    expected = {"model_type": "bert", "position_embedding_type": "absolute", "is_decoder": False}
    for key, value in expected.items():
        found = config.get(key, value)
        if found != value:
            raise LitBertError(Errors.L205.format(path=source, key=key, found=found, expected=value))
    for key in _REQUIRED:
        _check_size(config, key, source)
    if "type_vocab_size" in config:
        _check_size(config, "type_vocab_size", source)
    width, heads = config["hidden_size"], config["num_attention_heads"]
    if width % heads:
        expected_width = f"a multiple of {heads} heads"
        raise LitBertError(Errors.L205.format(path=source, key="hidden_size", found=width, expected=expected_width))
    for key in _SHARES:
        share = config.get(key, 0.1)
        if not isinstance(share, int | float) or not 0 <= share < 1:
            raise LitBertError(Errors.L205.format(path=source, key=key, found=share, expected="a number from 0 to 1"))
    epsilon = config.get("layer_norm_eps", 1e-12)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        expected_epsilon = "a small positive number"
        raise LitBertError(
            Errors.L205.format(path=source, key="layer_norm_eps", found=epsilon, expected=expected_epsilon)
        )
    check_activation(config.get("hidden_act", "gelu"), source)


def check_activation(name: Any, source: str) -> None:
    """Raises LitBertError L221 for an activation that transformers does not know."""
    if not isinstance(name, str) or name not in ACT2FN:
        raise LitBertError(Errors.L221.format(path=source, found=name, choices=", ".join(sorted(ACT2FN))))


def _check_size(config: Mapping[str, Any], key: str, source: str) -> None:
    # Bounded, since models and tables are made from these numbers before any weights are looked at.
    largest = _MOST_LAYERS if key == "num_hidden_layers" else _LARGEST
    found = config.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= largest:
        expected = f"a positive integer up to {largest:,}"
        raise LitBertError(Errors.L205.format(path=source, key=key, found=found, expected=expected))
