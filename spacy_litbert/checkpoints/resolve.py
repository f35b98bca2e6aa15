"""A name, folder or hub id → a checkpoint folder. Nothing else knows where weights come from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id

from ..errors import Errors, LitBertError

_FILES = ["config.json", "*.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "README.md"]
_PICKLES = ["pytorch_model*.bin"]
_BEST_FIRST = ("litbert-oa", "litbert-oa-mini")


def bundled_names() -> list[str]:
    """The names of the weights that come with the package."""
    return sorted(path.parent.name for path in _bundled_root().glob("*/config.json"))


def default_name() -> str:
    """The best of the bundled weights."""
    bundled = bundled_names()
    return next(name for name in _BEST_FIRST if name in bundled)


def resolve(name: str) -> Path:
    """The folder with the weights called ``name``: a bundled name, a folder, or a hub id.

    Only a hub id asks the network, and only for what is not in the local hub cache; ``HF_HUB_OFFLINE=1`` keeps
    it from asking. ``pytorch_model.bin`` is fetched only where the hub has no safetensors.
    Raises LitBertError L201 if there is nothing by that name.
    """
    if name in bundled_names():
        return _bundled_root() / name
    if name and Path(name).is_dir():
        return Path(name)
    try:
        validate_repo_id(name)
        folder = Path(snapshot_download(name, allow_patterns=_FILES))
        if not list(folder.glob("model*.safetensors")):
            folder = Path(snapshot_download(name, allow_patterns=_PICKLES))
        return folder
    except HFValidationError:
        reason = "it does not have the form owner/name"
    except LocalEntryNotFoundError as error:
        offline = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"the hub can't be reached: {_first(error)}"
        reason = f"it is not in the cache {constants.HF_HUB_CACHE}, and {offline}"
    except Exception as error:  # whatever the hub's client makes of a missing model, a missing right, a full disk
        reason = _first(error)
    raise LitBertError(Errors.L201.format(name=name, bundled=", ".join(bundled_names()), reason=reason))


def _first(error: Exception) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


def _bundled_root() -> Path:
    return Path(str(files("spacy_litbert.bundled")))
