"""Both ways to attention are the same attention."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from spacy_litbert.encoder.attention import attention


def _parts(dtype: torch.dtype) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 4, 37, 16, generator=generator).to(dtype) for _ in range(3)]


@pytest.mark.parametrize("masked", [False, True])
def test_reduced_precision_rounds_the_same_attention(masked: bool) -> None:
    example = torch.arange(37) // 10
    attention_mask = (example[:, None] == example)[None, None] if masked else None
    expected = scaled_dot_product_attention(*_parts(torch.float32), attn_mask=attention_mask)
    assert torch.equal(attention(*_parts(torch.float32), attention_mask=attention_mask), expected)
    found = attention(*_parts(torch.bfloat16), attention_mask=attention_mask)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), expected, atol=0.03)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_weights(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    parts = _parts(dtype)
    kept = torch.stack([attention(*parts, dropout=0.5).float() for _ in range(200)]).mean(0)
    assert not torch.allclose(attention(*parts, dropout=0.5), attention(*parts))
    assert torch.allclose(kept, attention(*parts).float(), atol=0.5)
