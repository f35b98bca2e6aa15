"""Check files before they are read; make files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import Any

from .errors import Errors, LitBertError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

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
_FULL = (errno.ENOSPC, errno.EDQUOT)  # of a disk, with which Python names no file
_ENDING = ".partial"
_BEFORE, _GONE = "before", "gone"
_RANDOM = "[a-z0-9_]" * 8  # as tempfile names things


def check_file(path: Path, *, largest: int | None = None) -> None:
    """Check that a path is a regular file, of at most so many bytes, before it is opened.

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
    if largest is not None and found.st_size > largest:
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


def lacking(data: Any, kinds: Mapping[str, Any], place: str = "") -> list[str]:
    """Name the keys that an object of JSON lacks, or has with another type than it should; ``place`` precedes each."""
    found = data if isinstance(data, dict) else {}
    return [place + key for key, kind in kinds.items() if key not in found or not isinstance(found[key], kind)]


def json_text(data: Any, *, indent: int | None = None) -> str:
    """Return data as JSON, readable where it can be; names of files that are not UTF-8 are escaped.

    indent: None for one line.
    """
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf8")
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text


def listing(folder: Path) -> str:
    """Return the first names in a folder, for messages."""
    return ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path near ``path`` that takes its place when the block ends well."""
    with workspace(path) as place:
        partial = place / f"{path.name}{_ENDING}"
        yield partial
        os.replace(partial, path)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Make a new, empty folder near ``path`` that takes its place when the block ends well.

    If it does not end well, what was at ``path`` is still there, or nothing if nothing was. Whether what is there may
    be replaced is for ``spacy_litbert.targets`` to say.
    """
    path = path.absolute()
    with workspace(path) as place:
        partial = place / f"{path.name}{_ENDING}"
        partial.mkdir()
        yield partial
        _to_disk(partial)
        if os.path.lexists(path):
            os.replace(path, place / _BEFORE)
        os.replace(partial, path)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Have a folder to oneself as long as the block lasts; False if another process has it.

    It is made if it is not there, and removed if it is empty at the end. Where there are no locks (Windows, some
    network file systems), this is always True.
    """
    lock = _lock(folder)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            with suppress(OSError):  # it holds something
                folder.rmdir()
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder; returns an open file descriptor, or None if another process holds the lock."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(folder if fcntl is not None else os.devnull, os.O_RDONLY)
            if fcntl is None:
                return lock
            with suppress(OSError):  # a file system without locks
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    return None
            if os.path.samestat(os.fstat(lock), folder.stat()):
                return lock
            os.close(lock)  # another process removed it before it was locked
        except FileNotFoundError:
            continue


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal. Raises LitBertError as ``check_file`` does."""
    check_file(path)
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def folder_checksum(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files under a folder; what Python keeps there is none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    lines = "".join(f"{file_checksum(path)}  {path.relative_to(folder)}\n" for path in files)
    return sha256(lines.encode("utf8")).hexdigest()


def left_behind(folder: Path, pattern: str) -> list[Path]:
    """Find the workspaces of ``replacing`` and its like for names that match a pattern of ``fnmatch``."""
    return list(folder.glob(f".{pattern}.{_RANDOM}{_ENDING}"))


@contextmanager
def workspace(path: Path) -> Iterator[Path]:
    """Make a hidden folder beside ``path``, gone at the end; those of processes that were killed go first.

    It is locked as long as its process lives, so one without a lock was left behind. What was moved into it from
    ``path`` goes back there if nothing took its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in left_behind(path.parent, escape(path.name)):
        _clear(left, path)
    workspace, lock = _locked_folder(path)
    try:
        yield workspace
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = str(path)
        raise
    finally:
        _remove(workspace, path)
        if lock is not None:
            os.close(lock)


def _locked_folder(path: Path) -> tuple[Path, int | None]:
    while True:
        workspace = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=_ENDING, dir=path.parent))
        if fcntl is None:
            return workspace, None
        try:
            lock = os.open(workspace, os.O_RDONLY)
        except FileNotFoundError:  # another process took it for left behind before it was locked
            continue
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if workspace.is_dir():
            return workspace, lock
        os.close(lock)


def _clear(left: Path, path: Path) -> None:
    """Remove a workspace that was left behind, unless its process lives."""
    if fcntl is None:
        return
    try:
        lock = os.open(left, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(left, path)
    except OSError:  # its process lives, or there are no locks to tell
        return
    finally:
        os.close(lock)


def _remove(workspace: Path, path: Path) -> None:
    before = workspace / _BEFORE
    if os.path.lexists(before):
        # Renamed before it is removed, so that what a kill leaves of it is never put back.
        os.replace(before, workspace / _GONE if os.path.lexists(path) else path)
    shutil.rmtree(workspace, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    # A folder that has its name must have its contents, also after a power cut.
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
