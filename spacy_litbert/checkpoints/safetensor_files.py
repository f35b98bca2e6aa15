"""Read safetensors, from files and from memory: the only place that reads this format."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load
from torch import Tensor

from ..errors import Errors, LitBertError
from ..files import LARGEST_WEIGHTS, check_file

_DAMAGES = (SafetensorError, OSError, ValueError, TypeError, AttributeError, KeyError, OverflowError, RuntimeError)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by their names, mapped from disk.

    Raises LitBertError L207 for a damaged file, L222 and L224–L226 for what is no file to read.
    """
    check_file(path, largest=LARGEST_WEIGHTS)
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except _DAMAGES as error:  # a type that torch does not have is an AttributeError
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


def weights_from_bytes(data: bytes, source: str) -> dict[str, Tensor]:
    """Read tensors from safetensors bytes. Raises LitBertError L207 if they are damaged."""
    try:
        return dict(load(data))
    except _DAMAGES as error:
        raise LitBertError(Errors.L207.format(path=source, reason=error)) from None
