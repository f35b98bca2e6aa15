"""Find where weights, config and vocabulary lie in a zip, folder, prefix, training directory, or hub id."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from ..errors import Errors, LitBertError
from ..files import listing, read_json, read_text, workspace
from ..tokenization.vocabulary import Vocabulary, read_vocabulary
from .archive import is_archive, unpack
from .resolve import resolve
from .weight_files import find_files

Kind = Literal["safetensors", "pytorch", "tensorflow"]

_DEPTH = 3  # the folder itself, and what archives put around it
_CONFIGS = ("config.json", "bert_config.json")
_ENDINGS = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_LATEST = re.compile(r'^model_checkpoint_path:\s*"(.*)"\s*$', re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """Weights on this machine.

    kind: which reader they need.
    files: the files of weights; for TensorFlow, the prefix of one checkpoint.
    folder: where config and vocabulary lie, too.
    """

    kind: Kind
    folder: Path
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Return what it is called, without the place where it lies."""
        return self.files[0].name if self.kind == "tensorflow" else ", ".join(path.name for path in self.files)

    def read_config(self) -> dict[str, Any]:
        """Read config.json as it stands. Raises LitBertError L213 for none, and as ``read_json`` does."""
        for name in _CONFIGS:
            if os.path.lexists(self.folder / name):
                return read_json(self.folder / name)
        raise _lacking(self.folder, " or ".join(_CONFIGS))

    def read_vocabulary(self) -> Vocabulary:
        """Read the vocabulary beside the weights. Raises LitBertError as ``read_vocabulary`` does."""
        return read_vocabulary(self.folder)


@contextmanager
def open_source(source: str | Path, *, scratch: Path | None = None, progress: bool = False) -> Iterator[Source]:
    """Find the weights of a zip, a folder, a prefix of TensorFlow's, a bundled name or a hub id.

    What is on this machine under that name comes first, then the bundled names, then the hub, see ``resolve``.

    scratch: an existing folder, below which an archive is unpacked for as long as the block lasts; by default the
        system's for temporary files.
    progress: show a bar of what is unpacked.

    Raises LitBertError L201 or L229 for a name that leads nowhere, L212 for a refused archive, L213 where something
    is missing, L214 if there are several checkpoints, L227 if there are more weights than one model.
    """
    path = Path(source)
    prefix = _prefix(path)
    if not str(source):  # which would be the working directory
        yield find_weights(resolve(""))
    elif path.is_dir():
        yield find_weights(path)
    elif prefix.with_name(f"{prefix.name}.index").is_file():
        yield Source("tensorflow", prefix.parent, (prefix,))
    elif path.is_file() and is_archive(path):
        with workspace((scratch or Path(tempfile.gettempdir())) / "unpacked") as unpacked:
            unpack(path, unpacked, progress=progress)
            yield find_weights(unpacked, called=path)
    elif path.exists():
        raise LitBertError(
            Errors.L213.format(path=path, missing="zip, folder or checkpoint of that name", found="another file")
        )
    else:
        yield find_weights(resolve(str(source)))


def vocabulary_of(name: str | Path) -> Vocabulary:
    """Read a vocabulary by the name of its file or folder, or of weights of any origin as ``open_source`` finds them.

    Raises LitBertError as ``read_vocabulary`` and ``open_source`` do.
    """
    path = Path(name)
    if path.is_file() and not is_archive(path) and not _ENDINGS.search(path.name):
        return read_vocabulary(path)
    if path.is_file() or _prefix(path).with_name(f"{_prefix(path).name}.index").is_file():
        with open_source(name) as source:
            return source.read_vocabulary()
    folder = resolve(str(name))
    if not any(os.path.lexists(folder / file) for file in ("vocab.txt", "tokenizer.json")):
        with suppress(LitBertError):  # of weights, which nobody asked for
            folder = find_weights(folder).folder
    return read_vocabulary(folder)


def find_weights(folder: Path, *, called: Path | None = None) -> Source:
    """Find the weights in a folder, or in the only folder with weights below it.

    safetensors before pytorch_model.bin before TensorFlow, where there are several kinds.

    called: the name for messages, if it is not the folder's.

    Raises LitBertError L213 or L214.
    """
    folders = [folder]
    for _ in range(_DEPTH):
        found = [source for one in folders if (source := _weights_of(one)) is not None]
        if len(found) > 1:
            names = ", ".join(str(source.folder.relative_to(folder)) for source in found)
            raise LitBertError(Errors.L214.format(path=called or folder, names=names))
        if found:
            return found[0]
        folders = [path for one in folders for path in sorted(one.iterdir()) if _may_hold(path)]
    raise _lacking(folder, "model.safetensors, pytorch_model.bin or TensorFlow checkpoint", called=called)


def _prefix(path: Path) -> Path:
    """Return the prefix of a TensorFlow checkpoint that a path, or any of its files, names."""
    return path.with_name(_ENDINGS.sub("", path.name)) if path.name else path


def _weights_of(folder: Path) -> Source | None:
    for kind in ("safetensors", "pytorch"):
        if files := find_files(folder, kind):
            return Source(kind, folder, files)
    if (folder / "checkpoint").is_file():
        return Source("tensorflow", folder, (_latest(folder),))
    prefixes = sorted({_prefix(path) for path in folder.iterdir() if _is_bundle(path)})
    if len(prefixes) > 1:
        raise LitBertError(Errors.L214.format(path=folder, names=", ".join(prefix.name for prefix in prefixes)))
    return Source("tensorflow", folder, (prefixes[0],)) if prefixes else None


def _latest(folder: Path) -> Path:
    """Return the checkpoint that TensorFlow's file ``checkpoint`` names; where the folder once lay does not matter."""
    path = folder / "checkpoint"
    match = _LATEST.search(read_text(path))
    name = PurePosixPath(match[1].replace("\\", "/")).name if match else ""
    if not name or name == "..":
        raise LitBertError(Errors.L207.format(path=path, reason="it names no checkpoint"))
    return folder / name


def _is_bundle(path: Path) -> bool:
    return path.is_file() and bool(_ENDINGS.search(path.name)) and not path.name.endswith(".meta")


def _may_hold(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "__MACOSX"))


def _lacking(folder: Path, missing: str, *, called: Path | None = None) -> LitBertError:
    return LitBertError(Errors.L213.format(path=called or folder, missing=missing, found=listing(folder)))
