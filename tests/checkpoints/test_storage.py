from __future__ import annotations

import pytest
import torch

from spacy_litbert.checkpoints.storage import from_storage, to_storage
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


def test_int8_is_a_quarter_and_half_a_step_off_at_most() -> None:
    weights = {"matrix": torch.randn(40, 30) * torch.logspace(-6, 3, 40)[:, None], "bias": torch.randn(40)}
    weights["matrix"][3] = 0.0
    stored = to_storage(weights, "int8", "here")
    assert stored["matrix"].dtype == torch.int8
    expanded = from_storage(stored, "here")
    assert torch.equal(expanded["bias"], weights["bias"])
    error = (expanded["matrix"] - weights["matrix"]).abs()
    assert (error <= 0.501 * weights["matrix"].abs().amax(1, keepdim=True) / 127).all()
    again = to_storage(expanded, "int8", "here")
    assert all(torch.equal(again[key], stored[key]) for key in stored)


@pytest.mark.parametrize("scale", [None, torch.ones(3)])
def test_int8_without_its_scales_is_refused(scale: torch.Tensor | None) -> None:
    stored = to_storage({"matrix": torch.randn(4, 5)}, "int8", "here")
    del stored["matrix.scale"]
    with pytest.raises(LitBertError, match=r"L207.*matrix has no scale"):
        from_storage(stored if scale is None else {**stored, "matrix.scale": scale}, "here")
