"""Files that are checked before they are read, and files and folders that appear whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from .errors import Errors, LitBertError

# In bytes: a config or a vocabulary, and a file of weights.
LARGEST_TEXT = 1 << 25
LARGEST_WEIGHTS = 1 << 36
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def check_file(path: Path, *, largest: int) -> None:
    """Check that a path is a regular file of at most so many bytes, before it is opened.

    Raises LitBertError L224 if there is none, L222 if it can't be looked at, L225 for a folder, a pipe or a
    device, which may have no end, L226 if it is too large.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise LitBertError(Errors.L224.format(path=path)) from None
    except (OSError, ValueError) as error:
        raise LitBertError(Errors.L222.format(path=path, reason=_reason(error))) from None
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise LitBertError(Errors.L225.format(path=path, found=kind))
    if found.st_size > largest:
        raise LitBertError(Errors.L226.format(path=path, found=found.st_size, largest=largest))


def read_text(path: Path, *, largest: int = LARGEST_TEXT) -> str:
    """Read a file of text. Raises LitBertError as ``check_file`` does, L207 for bytes that are not UTF-8."""
    check_file(path, largest=largest)
    try:
        return path.read_text(encoding="utf8")
    except UnicodeDecodeError as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    except OSError as error:
        raise LitBertError(Errors.L222.format(path=path, reason=_reason(error))) from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises LitBertError as ``read_text`` does, L207 for a damaged file."""
    try:
        data = json.loads(read_text(path))
    except LitBertError:
        raise
    except (ValueError, RecursionError) as error:  # a JSONDecodeError, or a number with too many digits
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    if not isinstance(data, dict):
        raise LitBertError(Errors.L207.format(path=path, reason="it holds no JSON object"))
    return data


def listing(folder: Path) -> str:
    """The first names in a folder, for messages."""
    return ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new, empty folder beside ``path`` that takes its place when the block ends well.

    If it does not end well, what was at ``path`` is still there, or nothing if nothing was. What a killed process
    left behind is put back or removed first.
    """
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    before = path.with_name(f".{path.name}.{os.getpid()}.before")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
        _to_disk(partial)
        if path.exists():
            os.replace(path, before)
        try:
            os.replace(partial, path)
        except OSError:
            if before.exists():
                os.replace(before, path)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def clear_leftovers(path: Path) -> None:
    """Remove what processes that were killed left of their work on ``path``; those still running keep theirs.

    A target that was moved aside, and in whose place nothing came, is put back.
    """
    ending = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.(partial|before)")
    for left in sorted(path.parent.iterdir()):
        match = ending.fullmatch(left.name)
        if match is None or is_running(int(match[1])):
            continue
        if match[2] == "before" and not os.path.lexists(path):
            os.replace(left, path)
        elif left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Tell whether a process of this id exists on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _to_disk(folder: Path) -> None:
    # A folder that has its name must have its contents, also after a power cut.
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
