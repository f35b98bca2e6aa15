"""A checkpoint folder ↔ weights, config and vocabulary, checked before any work starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file
from torch import Tensor
from transformers import BertConfig, BertModel

from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary, read_json
from .config import check_config
from .names import canonical_weights
from .pickled import read_pickled

_PICKLES = ("model.ckpt", "*.bin", "*.pt", "*.pth", "*.pkl")
CONFIG_KEYS = (
    "model_type",
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
    "initializer_range",
    "layer_norm_eps",
    "pad_token_id",
)
_HEADS = ("cls.",)  # of pretraining


@dataclass
class Checkpoint:
    """An encoder and the vocabulary it was trained with."""

    bert: BertModel
    vocabulary: Vocabulary

    @property
    def config(self) -> dict[str, Any]:
        """What makes a BERT a BERT, without what versions of transformers add."""
        return {key: getattr(self.bert.config, key) for key in CONFIG_KEYS}

    @property
    def limit(self) -> int:
        """The most wordpieces that the encoder reads at once, from max_position_embeddings."""
        return int(self.bert.config.max_position_embeddings)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load a folder as transformers saves BERT: config.json, model.safetensors, vocab.txt or tokenizer.json.

    Where there are no safetensors, ``pytorch_model.bin`` is read, as tensors only: nothing in it can run.
    Weights of any floating-point type become float32. Heads are left aside.
    Raises LitBertError L1xx or L2xx if anything in the folder does not fit the rest.
    """
    _check_files(folder)
    config = read_json(folder / "config.json")
    weights: dict[str, Tensor] = {}
    for path in _weight_files(folder):
        weights.update(read_pickled(path) if path.suffix == ".bin" else _read_safetensors(path))
    return build_checkpoint(config, weights, Vocabulary.from_folder(folder), str(folder))


def build_checkpoint(
    config: dict[str, Any], weights: dict[str, Tensor], vocabulary: Vocabulary, source: str
) -> Checkpoint:
    """An encoder from its parts, checked against each other.

    Raises LitBertError L203 for missing, extra or misshapen tensors, L204 for a vocabulary of another
    size, L205 for a config this encoder can't follow, L208 or L209 for values that are no weights.
    """
    check_config(config, source)
    if len(vocabulary) != config["vocab_size"]:
        raise LitBertError(Errors.L204.format(path=source, vocabulary=len(vocabulary), config=config["vocab_size"]))
    weights = _encoder_weights(weights)
    has_pooler = any(key.startswith("pooler.") for key in weights)
    with torch.device("meta"):
        bert = BertModel(BertConfig.from_dict(dict(config)), add_pooling_layer=has_pooler)
    _check_weights(weights, bert, source)
    bert.load_state_dict({key: value.float() for key, value in weights.items()}, assign=True, strict=True)
    _materialise_buffers(bert)
    return Checkpoint(bert.eval(), vocabulary)


def weights_from_bytes(data: bytes, source: str) -> dict[str, Tensor]:
    """Tensors from safetensors bytes. Raises LitBertError L207 if they are damaged."""
    try:
        return load(data)
    except SafetensorError as error:
        raise LitBertError(Errors.L207.format(path=source, reason=error)) from None


def _weight_files(folder: Path) -> list[Path]:
    """safetensors if there are any: they need no trust."""
    return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


def _check_files(folder: Path) -> None:
    found = sorted(path.name for path in folder.iterdir())
    missing = [] if "config.json" in found else ["config.json"]
    if not _weight_files(folder):
        pickles = sorted({path.name for pattern in _PICKLES for path in folder.glob(pattern)})
        if pickles and not missing:
            raise LitBertError(Errors.L206.format(path=folder, found=", ".join(pickles)))
        missing.append("model.safetensors")
    if not {"vocab.txt", "tokenizer.json"} & set(found):
        missing.append("vocab.txt or tokenizer.json")
    if missing:
        listing = ", ".join(found[:10]) or "nothing"
        raise LitBertError(Errors.L202.format(path=folder, missing=", ".join(missing), found=listing))


def _encoder_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    known, _ = canonical_weights(weights)
    return {key.removeprefix("bert."): value for key, value in known.items() if not key.startswith(_HEADS)}


def _check_weights(weights: dict[str, Tensor], bert: BertModel, source: str) -> None:
    expected = {key: tuple(value.shape) for key, value in bert.state_dict().items()}
    problems = []
    if missing := sorted(expected.keys() - weights.keys()):
        problems.append(f"Missing tensors ({len(missing)}): {', '.join(missing[:5])}.")
    if extra := sorted(weights.keys() - expected.keys()):
        problems.append(f"Extra tensors ({len(extra)}): {', '.join(extra[:5])}.")
    shapes = [
        f"{key} is {tuple(weights[key].shape)}, not {expected[key]}"
        for key in sorted(expected.keys() & weights.keys())
        if tuple(weights[key].shape) != expected[key]
    ]
    if shapes:
        problems.append(f"Wrong shapes ({len(shapes)}): {'; '.join(shapes[:5])}.")
    if problems:
        raise LitBertError(Errors.L203.format(path=source, problems=" ".join(problems)))
    for key, value in weights.items():
        if not value.is_floating_point():
            raise LitBertError(Errors.L208.format(path=source, key=key, found=value.dtype, expected="floats"))
        if not torch.isfinite(value).all():
            raise LitBertError(Errors.L209.format(path=source, key=key, n=int((~torch.isfinite(value)).sum())))


def _materialise_buffers(bert: BertModel) -> None:
    # Built on the meta device: the two index buffers of the embeddings hold no data yet.
    embeddings = bert.embeddings
    limit = bert.config.max_position_embeddings
    embeddings.register_buffer("position_ids", torch.arange(limit)[None], persistent=False)
    embeddings.register_buffer("token_type_ids", torch.zeros(1, limit, dtype=torch.long), persistent=False)
