"""Bring weights into the type in which they are stored, and back: float32, float16 for half the size, or int8.

In int8 each row of a matrix has a scale of its own, so that its largest value is 127, and a tensor ``NAME`` is followed
by its scales, ``NAME.scale``. Vectors (biases, layer normalisation) stay in float32: they are few.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import Errors, LitBertError
from ..types import Storage

_DTYPES = {"float32": torch.float32, "float16": torch.float16, "int8": torch.float32}
_SCALE = ".scale"
_LARGEST = 127


def to_storage(weights: dict[str, Tensor], storage: Storage, source: str) -> dict[str, Tensor]:
    """Return the tensors on the CPU, in the type of ``storage``. Rounding what was rounded before changes nothing.

    source: what the weights belong to, for the message.

    Raises LitBertError L219 for a value that the type can't hold, L314 for one that is no finite number.
    """
    dtype = _DTYPES[storage]
    stored = {}
    for key, value in weights.items():
        if not torch.isfinite(value).all():
            raise LitBertError(Errors.L314.format(name=f"{key} in {source}"))
        stored[key] = value.detach().to("cpu", dtype).contiguous()
        if not torch.isfinite(stored[key]).all():
            raise LitBertError(
                Errors.L219.format(path=source, key=key, value=float(value.abs().max()), storage=storage)
            )
    if storage == "int8":
        stored = {name: part for key, value in stored.items() for name, part in _to_int8(key, value).items()}
    return _apart(stored)


def from_storage(stored: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    """Return the weights of what ``to_storage`` gave: int8 as float32, other types as they are.

    Raises LitBertError L207 for 8-bit rows without scales.
    """
    weights = {key: value for key, value in stored.items() if not key.endswith(_SCALE)}
    for key, value in weights.items():
        if value.dtype == torch.int8:
            scale = stored.get(key + _SCALE)
            if scale is None or scale.shape != value.shape[:-1]:
                raise LitBertError(Errors.L207.format(path=source, reason=f"{key} has no scale for each of its rows"))
            weights[key] = value * scale[..., None]
    return weights


def _to_int8(key: str, value: Tensor) -> dict[str, Tensor]:
    if value.dim() < 2:
        return {key: value}
    # 16 bits of the scale, rounded up: 127 times it is exact in float32, and a stored row is stored as it was.
    scale = (value.abs().amax(-1) / _LARGEST).contiguous()
    scale = ((scale.view(torch.int32) + 0xFF) & ~0xFF).view(torch.float32).clamp(min=torch.finfo(torch.float32).tiny)
    return {key: torch.round(value / scale[..., None]).to(torch.int8), key + _SCALE: scale}


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors that lie in each other's memory their own: a file holds each one by itself."""
    apart: dict[str, Tensor] = {}
    end = 0
    for name, value in sorted(tensors.items(), key=lambda item: item[1].data_ptr()):
        start = value.data_ptr()
        apart[name] = value.clone() if start < end else value
        end = max(end, start + value.numel() * value.element_size())
    return {name: apart[name] for name in tensors}
