"""Keys of strings: 64 bits that are the same in every process, sorted for binary search."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from .columns import Array


def hash_string(string: str) -> int:
    """Return the first 64 bits of a string's BLAKE2b."""
    return int.from_bytes(blake2b(string.encode("utf8", "surrogatepass"), digest_size=8).digest(), "little")


def hash_strings(strings: Iterable[str]) -> Array:
    """Return the keys of strings, (n,) uint64."""
    joined = b"".join(blake2b(string.encode("utf8"), digest_size=8).digest() for string in strings)
    return np.frombuffer(joined, dtype="<u8")


def sorted_index(keys: Array, values: Array) -> tuple[Array, Array]:
    """Return keys in order and their values, those of equal keys in their own order."""
    order = np.lexsort((values, keys))
    return keys[order], values[order]


def find(keys: Array, values: Array, key: int) -> Any:
    """Return the values of a key in a sorted index."""
    wanted = np.uint64(key)
    return values[np.searchsorted(keys, wanted, "left") : np.searchsorted(keys, wanted, "right")]
