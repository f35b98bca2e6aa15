"""Weights in a folder as transformers keeps them, in one file or in shards: write them, and read all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor
from transformers import BertForPreTraining

from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary
from .shards import vocabulary_checksum


def read_pretrained(folder: Path, vocabulary: Vocabulary, *, dropout: float = 0.0) -> BertForPreTraining:
    """The model of a folder in float32, with its pretraining heads.

    Raises LitBertError L507 if its vocabulary is not the given one, or if a tensor is missing.
    """
    if vocabulary_checksum(Vocabulary.from_folder(folder)) != vocabulary_checksum(vocabulary):
        raise LitBertError(Errors.L507.format(path=folder, problem="their vocabulary is another one"))
    bert, found = BertForPreTraining.from_pretrained(
        folder, output_loading_info=True, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
    )
    if found["missing_keys"] or found["mismatched_keys"]:
        lacking = ", ".join(sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]]))[:5])
        raise LitBertError(Errors.L507.format(path=folder, problem=f"they lack or misshape {lacking}"))
    return bert.float()


def write_weights(weights: dict[str, Tensor], folder: Path, *, shard_megabytes: int | None) -> list[Path]:
    """Write model.safetensors, or shards with their index as transformers names them; returns the files."""
    shards = [list(weights)] if shard_megabytes is None else _shards(weights, shard_megabytes * 1_000_000)
    files = [f"model-{i:05d}-of-{len(shards):05d}.safetensors" for i in range(1, len(shards) + 1)]
    if len(shards) == 1:
        files = ["model.safetensors"]
    else:
        weight_map = {name: file for file, names in zip(files, shards) for name in names}
        index = {"metadata": {"total_size": sum(map(_size, weights.values()))}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf8")
    for file, names in zip(files, shards):
        save_file({name: weights[name] for name in names}, folder / file, metadata={"format": "pt"})
        (folder / file).chmod(0o644)
    return [folder / file for file in files]


def _shards(weights: dict[str, Tensor], most: int) -> list[list[str]]:
    shards: list[list[str]] = []
    room = 0
    for name, value in weights.items():
        if _size(value) > room:
            shards.append([])
            room = most
        shards[-1].append(name)
        room -= _size(value)
    return shards


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
