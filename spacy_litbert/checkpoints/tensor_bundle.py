"""Read TensorFlow's checkpoint files (``x.index``, ``x.data-00000-of-00001``, …) without TensorFlow.

The index is a sorted table: the empty key holds a BundleHeaderProto, each other key is a tensor's name and holds a
BundleEntryProto, which says in which data file the tensor lies, where, and its crc32c. Data files are mapped into
memory; nothing is read of a tensor that is not asked for.

Format: tensorflow/core/protobuf/tensor_bundle.proto and tensorflow/core/util/tensor_bundle.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
import numpy as np

from ..errors import Errors, LitBertError
from ..types import FloatArray
from .protobuf import read_fields
from .sstable import read_table, unmask

_LARGEST_INDEX = 1 << 24
_CHUNK = 1 << 20
_MOST_DIMENSIONS = 8
_FLOAT = 1
_SIZES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "bool": 1, "bfloat16": 2, "float16": 2}
_TYPES = {1: "float32", 2: "float64", 3: "int32", 7: "string", 9: "int64", 10: "bool", 14: "bfloat16", 19: "float16"}
# Checkpoints of TensorFlow 2's objects have this entry; names of variables are somewhere inside it.
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies.

    shape, dtype: of the tensor.
    shard: the number of the data file.
    offset, size: its bytes in that file.
    crc: the masked crc32c of these bytes.
    """

    shape: tuple[int, ...]
    dtype: str
    shard: int
    offset: int
    size: int
    crc: int


class TensorBundle:
    """The tensors of one checkpoint.

    prefix: path without ``.index``.
    entries: the ``Entry`` of each tensor, by its name.
    files: the index and the data files.

    Raises LitBertError L215 for a damaged or incomplete checkpoint, L216 for one in another form than
    the Saver of TensorFlow 1 writes.
    """

    def __init__(self, prefix: Path):
        self.prefix = prefix
        header, self.entries = self._read_index()
        if _OBJECTS in self.entries:
            raise self._unread("it was saved by TensorFlow 2 as objects, whose names are not the original BERT's")
        n_shards = self._check_header(header)
        names = [f"{prefix.name}.data-{i:05d}-of-{n_shards:05d}" for i in range(n_shards)]
        self.files = [prefix.with_name(f"{prefix.name}.index"), *(prefix.with_name(name) for name in names)]
        if missing := [path.name for path in self.files if not path.is_file()]:
            raise self._damaged(f"there is no {', '.join(missing[:5])}")
        self._data = [self._map(path) for path in self.files[1:]]
        for name, entry in self.entries.items():
            if entry.shard >= n_shards or entry.offset + entry.size > len(self._data[entry.shard]):
                raise self._damaged(f"{name} lies beyond the end of the data")
            self._check_shape(name, entry)

    def read(self, name: str, progress: Callable[[int], object] = lambda n: None) -> FloatArray:
        """Return a tensor of float32, read-only and still on disk; its checksum is compared first.

        progress: called with the number of bytes that were checked.

        Raises LitBertError L208, L215 or L216.
        """
        entry = self.entries[name]
        if entry.dtype != _TYPES[_FLOAT]:
            raise LitBertError(Errors.L208.format(path=self.prefix, key=name, found=entry.dtype, expected="float32"))
        self._check_bytes(name, entry, progress)
        data = self._data[entry.shard]
        return np.frombuffer(data, "<f4", math.prod(entry.shape), entry.offset).reshape(entry.shape)

    def read_counter(self, name: str) -> int | None:
        """Read a single int64, such as ``global_step``; None if there is none by that name."""
        entry = self.entries.get(name)
        if entry is None or entry.dtype != "int64" or entry.size != 8:
            return None
        self._check_bytes(name, entry, lambda n: None)
        return int.from_bytes(self._data[entry.shard][entry.offset : entry.offset + 8], "little", signed=True)

    def _check_shape(self, name: str, entry: Entry) -> None:
        if len(entry.shape) > _MOST_DIMENSIONS:
            raise self._damaged(f"{name} has {len(entry.shape):,} dimensions")
        size = _SIZES.get(entry.dtype)
        if size is not None and entry.size != size * math.prod(entry.shape):
            raise self._damaged(f"{name} has {entry.size} bytes, which is not its shape {entry.shape}")

    def _check_bytes(self, name: str, entry: Entry, progress: Callable[[int], object]) -> None:
        crc, data, end = 0, self._data[entry.shard], entry.offset + entry.size
        for start in range(entry.offset, end, _CHUNK):
            chunk = data[start : min(end, start + _CHUNK)]
            crc = google_crc32c.extend(crc, chunk)
            progress(len(chunk))
        if crc != unmask(entry.crc):
            raise self._damaged(f"the checksum of {name} is wrong")

    def _read_index(self) -> tuple[bytes, dict[str, Entry]]:
        path = self.prefix.with_name(f"{self.prefix.name}.index")
        try:
            if path.stat().st_size > _LARGEST_INDEX:
                raise ValueError(f"{path.name} is larger than any index")
            table = dict(read_table(path.read_bytes()))
            entries = {key.decode("utf8"): self._entry(key, value) for key, value in table.items() if key}
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from None
        except LitBertError:
            raise
        except ValueError as error:  # UnicodeDecodeError is one, too
            raise self._damaged(f"{path.name}: {error}") from None
        if b"" not in table:
            raise self._damaged(f"{path.name} has no header")
        return table[b""], entries

    def _entry(self, key: bytes, message: bytes) -> Entry:
        values = {1: 0, 3: 0, 4: 0, 5: 0, 6: 0}
        shape: tuple[int, ...] = ()
        for number, value in read_fields(message):
            if number == 7:
                raise self._unread(f"{key.decode('utf8')} is partitioned into slices")
            if number == 2 and isinstance(value, bytes):
                shape = _shape(value)
            elif number in values and isinstance(value, int):
                values[number] = value
        dtype = _TYPES.get(values[1], f"data type {values[1]}")
        return Entry(shape, dtype, values[3], values[4], values[5], values[6])

    def _check_header(self, message: bytes) -> int:
        try:
            fields = dict(read_fields(message))
        except ValueError as error:
            raise self._damaged(f"its header: {error}") from None
        if fields.get(2):
            raise self._unread("its numbers are big-endian")
        n_shards = fields.get(1, 0)
        if not isinstance(n_shards, int) or not 1 <= n_shards <= len(self.entries) + 1000:
            raise self._damaged(f"its header says {n_shards!r} data files")
        return n_shards

    def _map(self, path: Path) -> mmap.mmap | bytes:
        try:
            with path.open("rb") as stream:
                if path.stat().st_size == 0:
                    return b""
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise self._damaged(f"{path.name}: {error.strerror}") from None

    def _damaged(self, problem: str) -> LitBertError:
        return LitBertError(Errors.L215.format(path=self.prefix, problem=problem))

    def _unread(self, problem: str) -> LitBertError:
        return LitBertError(Errors.L216.format(path=self.prefix, problem=problem))


def _shape(message: bytes) -> tuple[int, ...]:
    """Read the sizes in a TensorShapeProto."""
    dimensions = [value for number, value in read_fields(message) if number == 2 and isinstance(value, bytes)]
    sizes = [dict(read_fields(dimension)).get(1, 0) for dimension in dimensions]
    return tuple(size for size in sizes if isinstance(size, int))
