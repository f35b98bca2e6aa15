"""Read the fields of a protocol-buffer message, as much of the format as TensorFlow's checkpoint index needs.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10  # bytes of a 64-bit number


def read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) in the order of the message; numbers are unsigned, all else is bytes.

    Raises ValueError for bytes that are no message.
    """
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if size > len(data) - at:
            raise ValueError("a field is cut off")
        field = data[at : at + size]
        at += size
        yield tag >> 3, field if kind == _BYTES else int.from_bytes(field, "little")


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read the number of variable length at ``at``; return it and where it ends.

    Raises ValueError if it does not end.
    """
    value = 0
    for i, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError("a number is cut off")
