"""The activation on a CPU: the same values, from few distinct numbers of rows."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import gelu

from spacy_litbert.encoder.layers import _activate

SEEN: set[int] = set()


def counting(rows: Tensor) -> Tensor:
    SEEN.add(len(rows))
    return gelu(rows)


@given(st.integers(0, 1500), st.booleans())
def test_any_number_of_rows_needs_few_kernels(n_rows: int, batched: bool) -> None:
    values = torch.linspace(-4, 4, n_rows * 6).view(2 if batched else 1, -1, 3)
    expected = gelu(values)
    result = _activate(counting, values.clone())
    assert result.shape == expected.shape
    assert torch.allclose(result, expected, atol=1e-6)
    assert len(SEEN) <= 9  # 256, 128 … 1, over all examples: oneDNN keeps one compiled kernel for each


def test_gradients_go_through_the_whole() -> None:
    calls: list[int] = []

    def once(rows: Tensor) -> Tensor:
        calls.append(len(rows))
        return gelu(rows)

    values = torch.linspace(-4, 4, 900).view(300, 3).requires_grad_()
    _activate(once, values).sum().backward()
    assert calls == [300]
    assert values.grad is not None
    assert values.grad.abs().sum() > 0
