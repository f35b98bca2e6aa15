"""What a user has → where its weights, config and vocabulary lie: zip, folder, prefix, training directory, hub id."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from ..errors import Errors, LitBertError
from ..tokenization.report import read_vocabulary
from ..tokenization.vocabulary import Vocabulary, read_json
from .archive import is_archive, unpack
from .resolve import resolve

Kind = Literal["safetensors", "pytorch", "tensorflow"]

_DEPTH = 3  # the folder itself, and what archives put around it
_CONFIGS = ("config.json", "bert_config.json")
_ENDINGS = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_LATEST = re.compile(r'^model_checkpoint_path:\s*"(.*)"\s*$', re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """Weights on this machine.

    kind: which reader they need. files: the files of weights; for TensorFlow, the prefix of one checkpoint.
    """

    kind: Kind
    folder: Path
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What it is called, without the place where it lies."""
        return self.files[0].name if self.kind == "tensorflow" else ", ".join(path.name for path in self.files)

    def config_path(self) -> Path:
        """Raises LitBertError L213 if the folder has no config."""
        for name in _CONFIGS:
            if (self.folder / name).is_file():
                return self.folder / name
        raise _lacking(self.folder, " or ".join(_CONFIGS))

    def read_config(self) -> dict[str, Any]:
        """config.json as it stands. Raises LitBertError L207 for a damaged file, L213 for none."""
        return read_json(self.config_path())

    def read_vocabulary(self) -> Vocabulary:
        """A bare vocab.txt without upper-case letters is lower-cased, as no other file says so.

        Raises LitBertError L101–L104 for a vocabulary that is not BERT's, L207 for a damaged file, L213 for none.
        """
        if (self.folder / "tokenizer.json").is_file():
            return Vocabulary.from_folder(self.folder)
        if not (self.folder / "vocab.txt").is_file():
            raise _lacking(self.folder, "vocab.txt or tokenizer.json")
        bare = not (self.folder / "tokenizer_config.json").is_file()
        return read_words(self.folder / "vocab.txt") if bare else Vocabulary.from_folder(self.folder)


def read_words(path: Path) -> Vocabulary:
    """A vocabulary from a bare vocab.txt or a folder. Raises LitBertError L101, L102 or L207."""
    try:
        return read_vocabulary(path)
    except UnicodeDecodeError as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


@contextmanager
def open_source(source: str | Path, *, scratch: Path, progress: bool = False) -> Iterator[Source]:
    """Find the weights of a zip, a folder, a prefix of TensorFlow's, a bundled name or a hub id.

    scratch: an existing folder, below which an archive is unpacked for as long as the block lasts.
    Raises LitBertError L201 for a name that leads nowhere, L212 for a refused archive, L213 where something
    is missing, L214 if there are several checkpoints.
    """
    path = Path(source)
    prefix = path.with_name(_ENDINGS.sub("", path.name)) if path.name else path
    if path.is_dir():
        yield find_weights(path)
    elif prefix.with_name(f"{prefix.name}.index").is_file():
        yield Source("tensorflow", prefix.parent, (prefix,))
    elif path.is_file() and is_archive(path):
        with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=scratch) as unpacked:
            unpack(path, Path(unpacked), progress=progress)
            yield find_weights(Path(unpacked), called=path)
    elif path.is_file():
        raise LitBertError(
            Errors.L213.format(path=path, missing="a zip, a folder or a checkpoint", found="another file")
        )
    else:
        yield find_weights(resolve(str(source)))


def find_weights(folder: Path, *, called: Path | None = None) -> Source:
    """The weights in a folder, or in the only folder with weights below it.

    safetensors before pytorch_model.bin before TensorFlow, where there are several kinds.
    called: the name for messages, if it is not the folder's. Raises LitBertError L213 or L214.
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


def _weights_of(folder: Path) -> Source | None:
    if safetensors := sorted(folder.glob("model*.safetensors")):
        return Source("safetensors", folder, tuple(safetensors))
    if pickles := sorted(folder.glob("pytorch_model*.bin")):
        return Source("pytorch", folder, tuple(pickles))
    if (folder / "checkpoint").is_file():
        return Source("tensorflow", folder, (_latest(folder),))
    prefixes = sorted({path.with_name(_ENDINGS.sub("", path.name)) for path in folder.iterdir() if _is_bundle(path)})
    if len(prefixes) > 1:
        raise LitBertError(Errors.L214.format(path=folder, names=", ".join(prefix.name for prefix in prefixes)))
    return Source("tensorflow", folder, (prefixes[0],)) if prefixes else None


def _latest(folder: Path) -> Path:
    """The checkpoint that TensorFlow's file ``checkpoint`` names; where the folder once lay does not matter."""
    path = folder / "checkpoint"
    try:
        text = path.read_text("utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    match = _LATEST.search(text)
    name = PurePosixPath(match[1].replace("\\", "/")).name if match else ""
    if not name or name == "..":
        raise LitBertError(Errors.L207.format(path=path, reason="it names no checkpoint"))
    return folder / name


def _is_bundle(path: Path) -> bool:
    return path.is_file() and bool(_ENDINGS.search(path.name)) and not path.name.endswith(".meta")


def _may_hold(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "__MACOSX"))


def _lacking(folder: Path, missing: str, *, called: Path | None = None) -> LitBertError:
    found = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"
    return LitBertError(Errors.L213.format(path=called or folder, missing=missing, found=found))
