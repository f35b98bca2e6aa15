"""Unpack the checkpoint files of a downloaded zip; all of it is checked before anything is written."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from ..errors import Errors, LitBertError
from ..files import LARGEST_WEIGHTS, check_file
from ..targets import FILES_OF_THE_ORIGIN

# Only what a checkpoint consists of is unpacked, and what it says of itself.
_WANTED = (
    "*.index",
    "*.data-*-of-*",
    "checkpoint",
    "*.json",
    "vocab.txt",
    "*.safetensors",
    "pytorch_model*.bin",
    "README.md",
    *FILES_OF_THE_ORIGIN,
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_ENTRIES = 10_000
_LARGEST_DIRECTORY = 1 << 22  # bytes
_N_ENTRIES, _DIRECTORY_SIZE = zipfile._ECD_ENTRIES_TOTAL, zipfile._ECD_SIZE  # type: ignore[attr-defined]
_SMALL = 1 << 20
# Weights hardly shrink, slots of zeros do; a bomb shrinks a thousand times.
_HIGHEST_RATIO = 100
_CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """Tell whether a file is a zip by its first bytes or its name, so that a damaged one is still called a zip."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04" or path.suffix.lower() == ".zip"


def unpack(path: Path, folder: Path, *, progress: bool = False) -> None:
    """Write the checkpoint files of an archive into an empty folder, with their folders.

    Raises LitBertError L212 for an archive that is damaged, encrypted, larger than it can be, or that has
    names or links that lead elsewhere; L220 if there is no room for it.
    """
    check_file(path, largest=LARGEST_WEIGHTS)
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(entries, path)
            wanted = [entry for entry in entries if _is_wanted(entry)]
            check_space(folder, sum(entry.file_size for entry in wanted))
            size = sum(entry.file_size for entry in wanted)
            with tqdm(
                total=size, desc="Unpacking", unit="B", unit_scale=True, delay=1, disable=not progress, leave=False
            ) as bar:
                for entry in wanted:
                    _write(archive, entry, folder / entry.filename, bar)
    except LitBertError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _refused(path, f"it is damaged ({error})") from None


def check_directory(path: Path) -> None:
    """Look how large a zip's table of contents is, before all of it is read into memory.

    Raises ValueError if it has more entries than a checkpoint can have.
    """
    with path.open("rb") as stream:
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]  # what ZipFile itself goes by
    if end is not None and (end[_N_ENTRIES] > _MOST_ENTRIES or end[_DIRECTORY_SIZE] > _LARGEST_DIRECTORY):
        raise ValueError(f"it has {end[_N_ENTRIES]:,} entries in {end[_DIRECTORY_SIZE]:,} bytes")


def check_space(folder: Path, n_bytes: int) -> None:
    """Raise LitBertError L220 if the disk of a folder (or of its nearest parent) has no room for so many bytes."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise LitBertError(Errors.L220.format(path=folder, needed=n_bytes / 1e6, free=free / 1e6))


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, bar: tqdm) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as stream:
        n = 0
        # The zip's own checksum is compared when its end is read.
        while chunk := source.read(_CHUNK):
            n += len(chunk)
            stream.write(chunk)
            bar.update(len(chunk))
    if n != entry.file_size:
        raise ValueError(f"{entry.filename} is cut off")


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not entry.is_dir() and not hidden and any(path.match(pattern) for pattern in _WANTED)


def _check(entries: list[zipfile.ZipInfo], path: Path) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise _refused(path, f"it has {len(entries):,} entries")
    names = [entry.filename.lower() for entry in entries]
    if len(set(names)) < len(names):
        raise _refused(path, "it has two entries of one name")
    for entry in entries:
        if problem := _problem(entry):
            raise _refused(path, f"its entry {entry.filename!r} {problem}")
    packed, size = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > path.stat().st_size:
        raise _refused(path, "its entries overlap")
    if size > max(_HIGHEST_RATIO * packed, _SMALL) or size > LARGEST_WEIGHTS:
        raise _refused(path, f"it would unpack from {packed:,} to {size:,} bytes")


def _problem(entry: zipfile.ZipInfo) -> str | None:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
        return "leads out of the folder"
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return f"is compressed in another way than deflate ({entry.compress_type})"
    return None


def _refused(path: Path, problem: str) -> LitBertError:
    return LitBertError(Errors.L212.format(path=path, problem=problem))
