"""Changes to a source, tables and archives as nobody honest writes them, and what must come of it."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.errors import LitBertError

# What is done to a folder; the second path is the test's own.
Change = Callable[[Path, Path], Any]


def varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def header(n_shards: int = 1, endianness: int = 0) -> bytes:
    return number(1, n_shards) + (number(2, endianness) if endianness else b"") + message(3, number(1, 1))


def entry(
    shape: tuple[int, ...] = (32,), dtype: int = 1, shard: int = 0, offset: int = 0, size: int = 128, extra: bytes = b""
) -> bytes:
    dimensions = b"".join(message(2, number(1, n)) for n in shape)
    fields = number(1, dtype) + message(2, dimensions) + number(3, shard) + number(4, offset) + number(5, size)
    return fields + varint(6 << 3 | 5) + bytes(4) + extra


def table(entries: list[tuple[bytes, bytes]], *, compression: int = 0, repeat: int = 1) -> bytes:
    """A sorted table of one block, with right checksums. repeat: how often its index names the block."""
    block = _block([(key, value) for key, value in entries], compression)
    handle = varint(0) + varint(len(block) - 5)
    index = _block([(b"\x7f" * (i + 1), handle) for i in range(repeat)], 0)
    footer = varint(0) + varint(0) + varint(len(block)) + varint(len(index) - 5)
    return block + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def _block(entries: list[tuple[bytes, bytes]], compression: int) -> bytes:
    body = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    body += struct.pack("<II", 0, 1) + bytes([compression])
    crc = google_crc32c.value(body)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return body + struct.pack("<I", masked)


def zip_of(path: Path, folder: Path, *more: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """The files of a folder, and further entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
        for name, data in more:
            archive.writestr(name, data)
    return path


def change_zip(path: Path, signature: bytes, offset: int, value: bytes) -> Path:
    """Overwrite bytes at an offset of every local header (PK34) or central header (PK12)."""
    data = bytearray(path.read_bytes())
    at = data.find(signature)
    while at >= 0:
        data[at + offset : at + offset + len(value)] = value
        at = data.find(signature, at + 4)
    path.write_bytes(data)
    return path


def refuse(source: Path, tmp_path: Path, code: str, words: str = "", **options: Any) -> None:
    """The code is raised, there is no target and no leftover, and nothing has run."""
    before = {path for path in tmp_path.rglob("*") if path != source}
    with pytest.raises(LitBertError) as error:
        convert(source, tmp_path / "target", **options)
    assert str(error.value).startswith(f"[{code}]")
    assert words in str(error.value)
    assert {path for path in tmp_path.rglob("*") if path != source} == before
    assert not (tmp_path / "ran").exists()


class Payload:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def cut(name: str, share: float) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * share)])

    return change


def remove(*names: str) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def write(name: str, data: bytes) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        (folder / name).write_bytes(data)

    return change
