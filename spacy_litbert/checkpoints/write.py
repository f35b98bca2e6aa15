"""Write a model's folder, as this package and transformers load it. The only place that writes one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..errors import Errors, LitBertError
from ..files import file_checksum
from ..tokenization.vocabulary import Vocabulary
from ..types import FolderStorage
from .storage import to_storage
from .tokenizer_files import write_tokenizer


def write_folder(
    folder: Path,
    weights: Mapping[str, Tensor],
    config: dict[str, Any],
    vocabulary: Vocabulary,
    *,
    storage: FolderStorage,
    shard_megabytes: int | None,
    source: str,
) -> dict[str, str]:
    """Write config.json, the weights and the tokenizer's files; return the SHA-256 of each file of weights.

    source: what the weights belong to, for messages.

    The tokenizer's limit is the encoder's. The card is the caller's, who knows what there is to say.

    Raises LitBertError L219 or L222.
    """
    stored = to_storage(dict(weights), storage, source)
    files = write_weights(stored, folder, shard_megabytes=shard_megabytes)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    write_tokenizer(vocabulary, folder, model_max_length=config["max_position_embeddings"])
    return {path.name: file_checksum(path) for path in files}


def write_weights(weights: Mapping[str, Tensor], folder: Path, *, shard_megabytes: int | None) -> list[Path]:
    """Write model.safetensors, or shards with their index as transformers names them; return the files."""
    shards = [list(weights)] if shard_megabytes is None else _shards(weights, shard_megabytes * 1_000_000)
    files = [f"model-{i:05d}-of-{len(shards):05d}.safetensors" for i in range(1, len(shards) + 1)]
    if len(shards) == 1:
        files = ["model.safetensors"]
    else:
        weight_map = {name: file for file, names in zip(files, shards) for name in names}
        index = {"metadata": {"total_size": sum(map(_size, weights.values()))}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf8")
    for file, names in zip(files, shards):
        _save({name: weights[name] for name in names}, folder / file)
    return [folder / file for file in files]


def _save(weights: dict[str, Tensor], path: Path) -> None:
    try:
        save_file(weights, path, metadata={"format": "pt"})
    except SafetensorError as error:  # its own word for a full disk
        raise LitBertError(Errors.L222.format(path=path, reason=error)) from None
    path.chmod(0o644)


def _shards(weights: Mapping[str, Tensor], most: int) -> list[list[str]]:
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
