"""Read the keys and values of a sorted table (LevelDB's .ldb, TensorFlow's .index).

```
┌─────────────┬───┬─────────────┬─────────────┬─────────────┬────────────────────────┐
│ data block  │ … │ data block  │ metaindex   │ index block │ footer, 48 bytes       │
└─────────────┴───┴─────────────┴─────────────┴─────────────┴────────────────────────┘
block  = entries, restart points, their number │ 1 byte compression │ 4 bytes masked crc32c
entry  = shared bytes, further bytes, value bytes (varints) │ rest of the key │ value
```

Format: https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from __future__ import annotations

from collections.abc import Iterator

import google_crc32c

from .protobuf import read_varint

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER, _TRAILER = 48, 5
_UNCOMPRESSED = 0
_LONGEST_KEY = 1024
_MASK_DELTA = 0xA282EAD8


def read_table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) in the order of the keys. Raises ValueError for bytes that are no table, or a damaged one."""
    if len(data) < _FOOTER or data[-8:] != _MAGIC:
        raise ValueError("its end is missing or not that of a table")
    footer = data[-_FOOTER:]
    at = 0
    for _ in range(2):  # the metaindex is passed over
        _, at = read_varint(footer, at)
    last = b""
    for _, handle in _entries(_block(data, footer[at:])):
        for key, value in _entries(_block(data, handle)):
            # Also keeps an index that names one block a thousand times from growing in memory.
            if key <= last and last:
                raise ValueError("its keys are out of order")
            last = key
            yield key, value


def unmask(crc: int) -> int:
    """Return the plain crc32c of one that is masked as LevelDB stores it."""
    rotated = (crc - _MASK_DELTA) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def _block(data: bytes, handle: bytes) -> bytes:
    offset, at = read_varint(handle, 0)
    size, _ = read_varint(handle, at)
    end = offset + size
    if end + _TRAILER > len(data) - _FOOTER:
        raise ValueError("a block lies beyond its end")
    crc = int.from_bytes(data[end + 1 : end + _TRAILER], "little")
    if google_crc32c.value(data[offset : end + 1]) != unmask(crc):
        raise ValueError("a block's checksum is wrong")
    if data[end] != _UNCOMPRESSED:
        raise ValueError(f"a block is compressed (kind {data[end]})")
    return data[offset:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    n_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (n_restarts + 1)
    if end < 0:
        raise ValueError("a block has no room for its restart points")
    key, at = b"", 0
    while at < end:
        shared, at = read_varint(block, at)
        further, at = read_varint(block, at)
        size, at = read_varint(block, at)
        if shared > len(key) or shared + further > _LONGEST_KEY or at + further + size > end:
            raise ValueError("an entry does not fit its block")
        key = key[:shared] + block[at : at + further]
        at += further
        yield key, block[at : at + size]
        at += size
