"""Our dropout on a CPU does what torch's does."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from spacy_litbert.encoder.dropout import dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_rest_scaled(dtype: torch.dtype, share: float) -> None:
    torch.manual_seed(0)
    values = torch.ones(300, 401, dtype=dtype, requires_grad=True)
    dropped = dropout(values, share)
    assert dropped.dtype == dtype
    assert dropped.shape == values.shape
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.01)
    kept = dropped[dropped != 0].float()
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - share)), rtol=0.01, atol=0)
    dropped.backward(torch.full_like(dropped, 3.0))
    torch.testing.assert_close(values.grad, 3 * dropped)


@given(st.lists(st.integers(0, 5), max_size=4), st.integers(0, 2**32))
def test_any_shape_is_drawn_the_same_from_the_same_seed(shape: list[int], seed: int) -> None:
    values = torch.ones(shape).transpose(0, -1) if shape else torch.ones(())

    def drawn() -> Tensor:
        torch.manual_seed(seed)
        return dropout(values, 0.5)

    first = drawn()
    assert first.shape == values.shape
    assert torch.equal(first, drawn())


def test_neighbours_and_rows_are_drawn_apart() -> None:
    torch.manual_seed(0)
    dropped = (dropout(torch.ones(2000, 64), 0.3) == 0).float()
    together = torch.corrcoef(dropped.T)
    assert float((together - torch.eye(64)).abs().max()) < 0.1


def test_the_ends_are_those_of_torch() -> None:
    values = torch.rand(5)
    for share in (0.0, 1.0):
        assert torch.equal(dropout(values, share), functional.dropout(values, share))
