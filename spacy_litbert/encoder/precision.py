"""The precision of a forward pass, on whatever it runs."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from ..errors import Warnings
from ..types import Precision

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """Return the context in which products are computed in ``precision``; weights stay float32.

    Warns with W002 where the processor can only imitate bfloat16.
    """
    if precision == "float32":
        return nullcontext()
    if precision == "bfloat16" and device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        warnings.warn(Warnings.W002, stacklevel=2)
    return torch.autocast(device.type, dtype=_DTYPES[precision])
