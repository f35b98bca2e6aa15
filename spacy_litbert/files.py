"""Files and folders that appear whole or not at all, and their checksums."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_ENDING = ".partial"
_BEFORE = "before"
_RANDOM = "[a-z0-9_]" * 8  # as tempfile names things


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path near ``path`` that takes its place when the block ends well."""
    with _workspace(path) as workspace:
        partial = workspace / f"{path.name}{_ENDING}"
        yield partial
        os.replace(partial, path)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new, empty folder near ``path`` that takes its place when the block ends well.

    If it does not end well, what was at ``path`` is still there, or nothing if nothing was. Whether what is there may
    be replaced is for ``spacy_litbert.targets`` to say.
    """
    path = path.absolute()
    with _workspace(path) as workspace:
        partial = workspace / f"{path.name}{_ENDING}"
        partial.mkdir()
        yield partial
        _to_disk(partial)
        if os.path.lexists(path):
            os.replace(path, workspace / _BEFORE)
        try:
            os.replace(partial, path)
        except OSError:
            _put_back(workspace, path)
            raise


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _workspace(path: Path) -> Iterator[Path]:
    """A hidden folder beside ``path``, gone at the end; those of processes that were killed go first.

    It is locked as long as its process lives, so one without a lock was left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{escape(path.name)}.{_RANDOM}{_ENDING}"):
        _clear(left, path)
    workspace, lock = _locked_folder(path)
    try:
        yield workspace
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
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
    """Remove a workspace that was left behind, and put back what a killed process had moved into it."""
    if fcntl is None:
        return
    try:
        lock = os.open(left, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _put_back(left, path)
        shutil.rmtree(left, ignore_errors=True)
    except OSError:  # its process lives, or there are no locks to tell
        return
    finally:
        os.close(lock)


def _put_back(workspace: Path, path: Path) -> None:
    before = workspace / _BEFORE
    if os.path.lexists(before) and not os.path.lexists(path):
        os.replace(before, path)


def _to_disk(folder: Path) -> None:
    # A folder that has its name must have its contents, also after a power cut.
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
