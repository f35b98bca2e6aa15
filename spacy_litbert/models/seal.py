"""A checksum in the bytes of a saved model: a damaged file is refused before anything is made of it.

The bytes are a msgpack map. Its seal is one entry more at the end, ``crc32c``, which readers that don't know it pass
over. The checksum is CRC-32C (Castagnoli), little-endian and last, so that the checksum of the whole is a constant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import google_crc32c
import srsly
from thinc.api import Model

from ..errors import Errors, LitBertError
from ..files import replacing

_MARK = b"\xa6crc32c\xc4\x04"  # the key, and the head of four bytes
_WHOLE = 0x48674BC7  # of anything followed by its own checksum
_SMALL_MAPS = range(0x80, 0x8F)  # heads of maps with room for one more entry
_THINC_MAP = 0x84  # nodes, attrs, params, shims

InT = TypeVar("InT")
OutT = TypeVar("OutT")


def seal(data: bytes) -> bytes:
    """Return a msgpack map of at most 14 entries with its checksum at the end."""
    assert data[0] in _SMALL_MAPS
    body = b"".join((bytes([data[0] + 1]), memoryview(data)[1:], _MARK))
    checksum: int = google_crc32c.value(body)
    return body + checksum.to_bytes(4, "little")


def is_sealed(data: bytes) -> bool:
    """Return whether the bytes end with a checksum. Raise LitBertError L312 if it is not that of the bytes."""
    if data[-len(_MARK) - 4 : -4] != _MARK:
        return False
    if google_crc32c.value(data) != _WHOLE:
        raise LitBertError(Errors.L312)
    return True


def _is_whole(data: bytes) -> bool:
    try:
        srsly.msgpack_loads(data)
    except ValueError:
        return False
    return True


def check_finite(model: Model[Any, Any], name: str | None = None) -> None:
    """Raise LitBertError L314 for parameters that are not finite. name: of the model; that of its layer without one."""
    for node in model.walk():
        for param in node.param_names:
            if node.has_param(param) and not bool(node.ops.xp.isfinite(node.get_param(param)).all()):
                raise LitBertError(Errors.L314.format(name=name or node.name))


class SealedModel(Model[InT, OutT]):
    """A thinc Model whose saved bytes have a seal. Bytes of earlier versions, which have none, are read as well."""

    def to_bytes(self) -> bytes:
        """Return the bytes with their seal. Raise LitBertError L314 for parameters that are not finite."""
        check_finite(self)
        return seal(super().to_bytes())

    def to_disk(self, path: Path | str) -> None:
        """Write the bytes to a file. If there are none to write, what was there before stays."""
        data = self.to_bytes()
        with replacing(Path(path)) as partial:
            partial.write_bytes(data)

    def from_bytes(self, bytes_data: bytes) -> SealedModel[InT, OutT]:
        """Read bytes with or without a seal. Raise LitBertError L312 for damaged ones, L316 for another model's."""
        if not is_sealed(bytes_data) and bytes_data[:1] != bytes([_THINC_MAP]):
            raise LitBertError(Errors.L312)
        try:
            super().from_bytes(bytes_data)
        except LitBertError:
            raise
        except ValueError as error:  # thinc's, of other layers or sizes
            reason = str(error).rstrip(".")
            raise LitBertError(Errors.L316.format(reason=reason) if _is_whole(bytes_data) else Errors.L312) from None
        return self


def sealed(model: Model[InT, OutT]) -> SealedModel[InT, OutT]:
    """Return the model with a seal in its saved bytes. Its layers are the same, so that bytes without one fit too."""
    copied: SealedModel[InT, OutT] = SealedModel(
        model.name,
        model._func,
        init=model.init,
        dims={name: model.maybe_get_dim(name) for name in model.dim_names},
        layers=model.layers,
        attrs=model.attrs,
        refs={name: model.maybe_get_ref(name) for name in model.ref_names},
    )
    return copied
