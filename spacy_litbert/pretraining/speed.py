"""How fast a run was, and how fast the machine could be: pieces a second against its matrix products."""

from __future__ import annotations

import time

import torch
from torch import nn

from .config import ModelSettings


def flops_of_token(model: ModelSettings, *, vocabulary: int, length: int, mask_share: float) -> float:
    """Floating-point operations of a training step for each token: three times those of the forward pass.

    Counted are matrix products: the layers, attention, and the masked pieces' head and logits.
    """
    layer = 8 * model.width**2 + 4 * model.width * model.inner + 4 * length * model.width
    head = mask_share * (2 * model.width**2 + 2 * model.width * vocabulary)
    return 3.0 * (model.layers * layer + head)


def matrix_rate(device: torch.device, precision: str) -> float:
    """Floating-point operations a second of one large matrix product, measured on random data."""
    size, repeats = (8192, 10) if device.type == "cuda" else (1024, 5)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    _finish(device)
    begin = time.perf_counter()
    for _ in range(repeats):
        a @ b
    _finish(device)
    return repeats * 2 * size**3 / (time.perf_counter() - begin)


def n_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
