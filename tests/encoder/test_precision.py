from __future__ import annotations

import warnings

import pytest
import torch

from spacy_litbert.encoder.precision import autocast
from spacy_litbert.types import Precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(("precision", "dtype"), [("bfloat16", torch.bfloat16), ("float16", torch.float16)])
def test_products_have_the_precision(precision: Precision, dtype: torch.dtype) -> None:
    ones = torch.ones(2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # W002, where the processor has no bfloat16
        with autocast(CPU, precision):
            assert (ones @ ones).dtype == dtype
    with autocast(CPU, "float32"):
        assert (ones @ ones).dtype == torch.float32


@pytest.mark.parametrize("has_bfloat16", [True, False])
def test_it_warns_where_bfloat16_is_imitated(monkeypatch: pytest.MonkeyPatch, has_bfloat16: bool) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: has_bfloat16)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for precision in ("float32", "float16", "bfloat16"):
            autocast(CPU, precision)  # type: ignore[arg-type]
    assert ["W002" in str(one.message) for one in caught] == ([] if has_bfloat16 else [True])
