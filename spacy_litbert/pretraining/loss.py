"""The masked-LM loss over the whole vocabulary without ever holding all of its logits.

A softmax over 32,768 pieces is the largest array of a training step. Here it is made for some rows at
a time, turned into gradients at once and dropped: a fraction of the memory, and on a CPU less time,
because the numbers are still in the cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .rows import IGNORED

# Logits held at once: what a CPU's cache takes, and 1 GB of a GPU's memory.
_MOST_LOGITS = {"cpu": 6 << 20, "cuda": 1 << 28}


def vocabulary_loss(hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the cross-entropy of ``hidden @ weight.T + bias``, and count how often the label was the best guess.

    hidden: (n, width); weight: (pieces, width); bias: (pieces,); labels: (n,) int64, IGNORED ones don't count.
    Products are in the type of ``hidden``, sums and the softmax in float32.
    """
    if torch.is_grad_enabled():
        loss, n_right = _VocabularyLoss.apply(hidden, weight, bias, labels)  # type: ignore[no-untyped-call]
        return loss, n_right
    return _sums(hidden, weight, bias, labels, None)


class _VocabularyLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        gradients = torch.empty_like(hidden), torch.zeros_like(weight), torch.zeros_like(bias)
        sums = _sums(hidden, weight, bias, labels, gradients)
        ctx.save_for_backward(*gradients)
        ctx.mark_non_differentiable(sums[1])
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        return d_hidden * d_loss.to(d_hidden.dtype), d_weight * d_loss, d_bias * d_loss, None


def _sums(
    hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, gradients: tuple[Tensor, Tensor, Tensor] | None
) -> tuple[Tensor, Tensor]:
    """Compute the two sums; fills ``gradients`` of the loss by hidden, weight and bias if they are wanted."""
    loss = torch.zeros((), device=hidden.device)
    n_right = torch.zeros((), device=hidden.device)
    matrix, shift = weight.to(hidden.dtype), bias.to(hidden.dtype)
    n = max(1, _MOST_LOGITS[hidden.device.type] // len(weight))
    for begin in range(0, len(hidden), n):
        part, label = hidden[begin : begin + n], labels[begin : begin + n, None]
        counts = label != IGNORED
        label = label.clamp(min=0)
        logits = torch.addmm(shift, part, matrix.T).float()
        best = logits.amax(1, keepdim=True)
        target = logits.gather(1, label)
        probabilities = logits.softmax(1)
        log_sum = best - probabilities.amax(1, keepdim=True).log()
        loss += ((log_sum - target) * counts).sum()
        n_right += ((target >= best) & counts).sum()
        if gradients is not None:
            probabilities.scatter_add_(1, label, torch.full_like(target, -1))
            probabilities.mul_(counts)
            d_logits = probabilities.to(hidden.dtype)
            gradients[0][begin : begin + n] = d_logits @ matrix
            gradients[1].add_(d_logits.T @ part)
            gradients[2].add_(probabilities.sum(0))
    return loss, n_right
