"""What pretraining and the training of names share: the optimizer and its learning rate."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

CLIP = 1.0  # the norm of a step's gradients at most


def make_optimizer(model: nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """Make AdamW; biases and layer norms don't decay."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1]},
        {"params": [parameter for parameter in trained if parameter.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, weight_decay=weight_decay, fused=True)


def learning_rate_factor(progress: float, warmup: float) -> float:
    """Compute the share of the peak learning rate: up to 1 during ``warmup``, then down to exactly 0 at the end."""
    if progress < warmup:
        return progress / warmup
    return (1.0 - progress) / (1.0 - warmup)
