"""Which weights an encoder has, so that a component trained on one does not read another without a word.

A component that listens is right for one encoder only. Its listener remembers the fingerprint of the encoder that it
was last trained with (``nlp.update`` with the component in it), saves it with the component, and refuses the
vectors of any other encoder. The fingerprint is a checksum of the weights as they were trained. It is stored with
them, so that rounding (``storage``), a lower ``precision`` or an ONNX graph of 8 bits leaves it as it is; two pipelines
with the same encoder have the same one; an update of the encoder gives it a new one, which the listeners that train
in the same process follow.

Components and encoders saved by version 0.1.0 know none: their listeners accept every encoder, as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import google_crc32c
import numpy as np
import srsly
from thinc.api import Model
from thinc.model import deserialize_attr, serialize_attr


class Fingerprint:
    """The fingerprint of an encoder, shared by its shim and the listeners that train with it.

    value: a hexadecimal number, or ``""`` where it isn't known.
    """

    def __init__(self, value: str = ""):
        self._value: str | None = value
        self._compute: Callable[[], str] = str

    @property
    def value(self) -> str:
        if self._value is None:
            self._value = self._compute()
        return self._value

    def renew(self, compute: Callable[[], str]) -> None:
        """Take note that the weights have changed: the value is computed when it is asked for."""
        self._value, self._compute = None, compute

    @contextmanager
    def lent(self, compute: Callable[[], str]) -> Iterator[None]:
        """Be the fingerprint of other weights for a while."""
        kept = self._value, self._compute
        self.renew(compute)
        try:
            yield
        finally:
            self._value, self._compute = kept

    def __reduce__(self) -> tuple[type[Fingerprint], tuple[str]]:
        return Fingerprint, (self.value,)

    def accepts(self, other: Fingerprint) -> bool:
        """Return whether both are of the same weights, as far as they are known."""
        if self is other or not self.value:
            return True
        return other.value in ("", self.value)


def checksum(arrays: Iterable[np.ndarray[Any, Any]]) -> str:
    """Compute CRC-32C over the values of arrays, as eight hexadecimal digits."""
    value = 0
    for array in arrays:
        value = google_crc32c.extend(value, array.tobytes())
    return f"{value:08x}"


@serialize_attr.register(Fingerprint)
def _to_bytes(_: Fingerprint, value: Fingerprint, name: str, model: Model[Any, Any]) -> bytes:
    return bytes(srsly.msgpack_dumps(value.value))


@deserialize_attr.register(Fingerprint)
def _from_bytes(_: Fingerprint, value: bytes, name: str, model: Model[Any, Any]) -> Fingerprint:
    return Fingerprint(srsly.msgpack_loads(value))
