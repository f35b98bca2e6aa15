from __future__ import annotations

import pytest
import torch

from spacy_litbert.checkpoints.storage import to_storage
from spacy_litbert.errors import LitBertError


def test_rounding_twice_is_rounding_once() -> None:
    weights = {"a": torch.randn(7, 5).T, "b": torch.full((2,), 65504.0)}
    once = to_storage(weights, "float16", "here")
    again = to_storage({key: value.float() for key, value in once.items()}, "float16", "here")
    assert {value.dtype for value in once.values()} == {torch.float16}
    assert all(torch.equal(once[key], again[key]) for key in weights)
    assert torch.allclose(once["a"].float(), weights["a"], rtol=1e-3)


def test_float32_keeps_every_bit() -> None:
    weights = {"a": torch.randn(3)}
    assert torch.equal(to_storage(weights, "float32", "here")["a"], weights["a"])


def test_a_value_beyond_float16_is_refused_by_name() -> None:
    with pytest.raises(LitBertError, match=r"L219.*layer\.weight in here.*1e\+06"):
        to_storage({"layer.weight": torch.tensor([1e6])}, "float16", "here")
