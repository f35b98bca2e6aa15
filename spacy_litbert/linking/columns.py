"""Columns of a table on disk as memory-mapped ``.npy`` files: numbers, and strings or lists end to end with offsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Errors, LitBertError
from ..ragged import indices_of, starts_of

Array = np.ndarray[Any, np.dtype[Any]]


class Strings(Sequence[str]):
    """A column of strings: UTF-8, end to end, and where each begins."""

    def __init__(self, data: Array, starts: Array) -> None:
        self._data = data
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, i: Any) -> Any:
        i = range(len(self))[i]
        return self._data[self._starts[i] : self._starts[i + 1]].tobytes().decode("utf8")

    def lengths(self, numbers: Array) -> Array:
        """Return how many bytes strings have, (n,) int64."""
        return self._starts[numbers + 1] - self._starts[numbers]  # type: ignore[no-any-return]

    def common_prefixes(self, numbers: Array, others: Sequence[str], owners: Array) -> Array:
        """Return how many bytes at their beginning strings share with others, (n,) int64.

        owners: (n,) int64, ascending, which of the others each is compared with.
        """
        shared = np.zeros(len(numbers), np.int64)
        for i, rows in enumerate(np.split(np.arange(len(numbers)), np.searchsorted(owners, np.arange(1, len(others))))):
            other = np.frombuffer(others[i].encode("utf8"), np.uint8)
            offsets = np.arange(len(other))
            inside = offsets < self.lengths(numbers[rows])[:, None]
            places = np.where(inside, self._starts[numbers[rows]][:, None] + offsets, 0)
            equal = inside & (self._data[places] == other)
            shared[rows] = np.logical_and.accumulate(equal, axis=1).sum(axis=1)
        return shared


class Lists:
    """A column of lists of numbers."""

    def __init__(self, data: Array, starts: Array) -> None:
        self.data = data
        self.starts = starts

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> Array:
        return self.data[self.starts[i] : self.starts[i + 1]]

    def gather(self, numbers: Array) -> tuple[Array, Array]:
        """Return the values of several lists end to end, and which of the lists each comes from, (values,) int64."""
        first = self.starts[numbers]
        lengths = self.starts[numbers + 1] - first
        return self.data[indices_of(first, lengths)], np.repeat(np.arange(len(numbers)), lengths)


def distinct(values: Array) -> Array:
    """Return the distinct values in order. It sorts: NumPy makes a hash table of integers, which takes longer."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def write_array(folder: Path, name: str, array: Array) -> None:
    """Write a column of numbers."""
    np.save(folder / f"{name}.npy", array, allow_pickle=False)


def write_strings(folder: Path, name: str, strings: Iterable[str]) -> None:
    """Write a column of strings."""
    encoded = [string.encode("utf8") for string in strings]
    write_array(folder, f"{name}_starts", starts_of([len(string) for string in encoded]))
    write_array(folder, name, np.frombuffer(b"".join(encoded), dtype=np.uint8))


def write_lists(folder: Path, name: str, lists: Sequence[Sequence[int]], dtype: Any) -> None:
    """Write a column of lists of numbers."""
    write_array(folder, f"{name}_starts", starts_of([len(values) for values in lists]))
    write_array(folder, name, np.fromiter((value for values in lists for value in values), dtype=dtype))


def read_array(folder: Path, name: str) -> Array:
    """Map a column into memory. Raises LitBertError L526 if it is none."""
    path = folder / f"{name}.npy"
    try:
        # A file of no values can't be mapped.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise LitBertError(
                Errors.L526.format(path=folder, problem=f"{path.name} can't be read ({error})")
            ) from None
    # An array of its own class costs each slice time; the map stays alive beneath it.
    return np.asarray(array)


def read_strings(folder: Path, name: str) -> Strings:
    """Map a column of strings into memory."""
    return Strings(*_parts(folder, name))


def read_lists(folder: Path, name: str) -> Lists:
    """Map a column of lists into memory."""
    return Lists(*_parts(folder, name))


def _parts(folder: Path, name: str) -> tuple[Array, Array]:
    data, starts = read_array(folder, name), read_array(folder, f"{name}_starts")
    if data.ndim != 1 or starts.ndim != 1 or starts.dtype != np.int64 or len(starts) < 1 or starts[-1] != len(data):
        raise LitBertError(Errors.L526.format(path=folder, problem=f"{name}.npy does not fit {name}_starts.npy"))
    return data, starts
