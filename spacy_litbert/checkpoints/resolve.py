"""A name, folder or hub id → a checkpoint folder. Nothing else knows where weights come from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from huggingface_hub import snapshot_download

from ..errors import Errors, LitBertError

_FILES = ["config.json", "*.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json"]


def bundled_names() -> list[str]:
    """The names of the weights that come with the package."""
    return sorted(path.parent.name for path in _bundled_root().glob("*/config.json"))


def resolve(name: str) -> Path:
    """The folder with the weights called ``name``: a bundled name, a folder, or a hub id.

    Only a hub id asks the network, and only if the model is not in the local hub cache.
    Raises LitBertError L201 if there is nothing by that name.
    """
    if name in bundled_names():
        return _bundled_root() / name
    if name and Path(name).is_dir():
        return Path(name)
    try:
        return Path(snapshot_download(name, allow_patterns=_FILES))
    except Exception as error:  # whatever the hub's client makes of a bad id, no network, no such model
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        bundled = ", ".join(bundled_names())
        raise LitBertError(Errors.L201.format(name=name, bundled=bundled, reason=reason)) from error


def _bundled_root() -> Path:
    return Path(str(files("spacy_litbert.bundled")))
