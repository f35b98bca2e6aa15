"""Bring weights into the type in which they are stored: float32, or float16 for half the size."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import Errors, LitBertError
from ..types import Storage

_DTYPES = {"float32": torch.float32, "float16": torch.float16}


def to_storage(weights: dict[str, Tensor], storage: Storage, source: str) -> dict[str, Tensor]:
    """Return the tensors on the CPU, in the type of ``storage``. Rounding what was rounded before changes nothing.

    source: what the weights belong to, for the message.

    Raises LitBertError L219 for a value that the type can't hold.
    """
    dtype = _DTYPES[storage]
    stored = {}
    for key, value in weights.items():
        stored[key] = value.detach().to("cpu", dtype).contiguous()
        if not torch.isfinite(stored[key]).all():
            raise LitBertError(
                Errors.L219.format(path=source, key=key, value=float(value.abs().max()), storage=storage)
            )
    return _apart(stored)


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors that lie in each other's memory their own: a file holds each one by itself."""
    apart: dict[str, Tensor] = {}
    end = 0
    for name, value in sorted(tensors.items(), key=lambda item: item[1].data_ptr()):
        start = value.data_ptr()
        apart[name] = value.clone() if start < end else value
        end = max(end, start + value.numel() * value.element_size())
    return {name: apart[name] for name in tensors}
