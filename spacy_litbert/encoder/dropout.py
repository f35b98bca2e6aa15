"""Dropout that costs little on a CPU: torch draws its masks there one element at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_DRAWN = 1 << 16  # as many values a draw has, so many that the share is right to the fourth digit
_LEAST = -(1 << 15)


def dropout(values: Tensor, share: float) -> Tensor:
    """Set a share of values to 0 at random and scale the others, as ``torch.nn.functional.dropout`` does in training.

    On a CPU four elements share a draw of 64 bits from torch's generator; elsewhere it is torch's own.
    """
    if values.device.type != "cpu" or not 0 < share < 1:
        return functional.dropout(values, share)
    return _Dropout.apply(values, share)  # type: ignore[no-any-return, no-untyped-call]


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, share: float) -> Tensor:
        dropped = round(share * _DRAWN)
        draws = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
        kept = torch.empty_like(values, memory_format=torch.contiguous_format)
        torch.ge(draws.view(torch.int16)[: values.numel()].view(values.shape), _LEAST + dropped, out=kept)
        ctx.save_for_backward(kept)
        ctx.scale = _DRAWN / (_DRAWN - dropped)
        return _scaled(values, kept, ctx.scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return _scaled(gradients[0], kept, ctx.scale), None


def _scaled(values: Tensor, kept: Tensor, scale: float) -> Tensor:
    return torch.addcmul(values.new_zeros(()), values, kept, value=scale)
