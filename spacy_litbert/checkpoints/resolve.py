"""Find the checkpoint folder behind a name. Nothing else knows where weights come from.

A name means, in this order,

1. a folder on this machine;
2. weights that come with the package;
3. a model on the hub: ``owner/name``, or ``owner/name@revision`` for a branch, a tag or a commit.

A name without a slash never leaves the machine.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from importlib.resources import files
from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id

from ..errors import Errors, LitBertError
from ..targets import FILES_OF_THE_TERMS

_WEIGHTS = ["model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json"]
_TOKENIZER = ["vocab.txt", "tokenizer.json", "tokenizer_config.json"]
_FILES = ["config.json", *_WEIGHTS, *_TOKENIZER, "README.md", *FILES_OF_THE_TERMS]
_PICKLES = ["pytorch_model.bin", "pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json"]
_BEST_FIRST = ("litbert-oa", "litbert-oa-small")


def bundled_names() -> list[str]:
    """Return the names of the weights that come with the package."""
    return sorted(path.parent.name for path in _bundled_root().glob("*/config.json"))


def default_name() -> str:
    """Return the name of the best of the bundled weights."""
    bundled = bundled_names()
    return next(name for name in _BEST_FIRST if name in bundled)


def resolve(name: str) -> Path:
    """Find the folder with the weights called ``name``: a folder, a bundled name, or a hub id, in this order.

    Only a hub id asks the network, and only for what is not in the local hub cache; ``HF_HUB_OFFLINE=1`` keeps
    it from asking, ``HF_HUB_ETAG_TIMEOUT`` and ``HF_HUB_DOWNLOAD_TIMEOUT`` say how many seconds an answer may take.
    ``pytorch_model.bin`` is fetched only where the hub has no safetensors.
    Raises LitBertError L229 for a name that can't be a hub id, L201 if there is nothing by that id.
    """
    if name and Path(name).is_dir():
        return Path(name)
    if name in bundled_names():
        return _bundled_root() / name
    if "/" not in name:
        near = get_close_matches(name, bundled_names(), n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise LitBertError(Errors.L229.format(name=name, bundled=", ".join(bundled_names()), hint=hint))
    return _fetch(name)


def _fetch(name: str) -> Path:
    repository, _, revision = name.partition("@")
    offline: str | None = "HF_HUB_OFFLINE is set"
    try:
        validate_repo_id(repository)
        if not constants.HF_HUB_OFFLINE:
            offline = _silence(repository, revision or None)
        local = offline is not None
        download = partial(snapshot_download, repository, revision=revision or None, local_files_only=local)
        folder = Path(download(allow_patterns=_FILES))
        if not any(list(folder.glob(pattern)) for pattern in _WEIGHTS):
            folder = Path(download(allow_patterns=_PICKLES))
        return folder
    except HFValidationError:
        reason = "it does not have the form owner/name"
    except LocalEntryNotFoundError:
        reason = f"it is not in the cache {constants.HF_HUB_CACHE}, and {offline or 'the hub does not answer'}"
    except Exception as error:  # whatever the hub's client makes of a missing model, a missing right, a full disk
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
    raise LitBertError(Errors.L201.format(name=name, bundled=", ".join(bundled_names()), reason=reason))


def _silence(repository: str, revision: str | None) -> str | None:
    """Say why the hub gives no answer, if it gives none in time. ``snapshot_download`` itself would wait for ever."""
    try:
        HfApi().model_info(repository, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except HfHubHTTPError:  # an answer, which will be the same the next time
        return None
    except OSError as error:
        return f"the hub {constants.ENDPOINT} can't be reached ({type(error).__name__})"
    return None


def _bundled_root() -> Path:
    return Path(str(files("spacy_litbert.bundled")))
