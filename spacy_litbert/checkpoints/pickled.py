"""Read the tensors of ``pytorch_model.bin`` without running what may be hidden in it.

Such a file is a pickle, and a pickle is a program. torch reads it with ``weights_only=True``, which knows tensors
and nothing else; that is safe from torch 2.6 on (CVE-2025-32434).
"""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import Errors, LitBertError
from ..files import LARGEST_WEIGHTS, check_file
from .archive import check_directory

_FIRST_SAFE = (2, 6)
_GLOBAL = re.compile(r"GLOBAL (\S+)")  # what torch says of a pickle that would run something


def read_pickled(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file that ``torch.save`` wrote, by name, mapped from disk where the format allows it.

    Raises LitBertError L207 for a damaged file, L211 for one with anything but tensors, L223 where torch is too old.
    """
    if _torch_version() < _FIRST_SAFE:
        raise LitBertError(Errors.L223.format(path=path, found=torch.__version__))
    check_file(path, largest=LARGEST_WEIGHTS)
    _check_sizes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of what makes it fail in the next moment
            # Only the zip format of torch 1.6 and later can be mapped.
            data = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # the file decides what goes wrong
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if "weights_only" in str(error) or "Weights only" in str(error):
            named = _GLOBAL.search(str(error))
            reason = f"it asks for {named[1]}" if named else "torch's restricted reader refuses it"
            raise LitBertError(Errors.L211.format(path=path, reason=reason)) from None
        raise LitBertError(Errors.L207.format(path=path, reason=reason)) from None
    if isinstance(data, dict) and isinstance(data.get("state_dict"), dict):
        data = data["state_dict"]
    if not isinstance(data, dict) or not data:
        raise LitBertError(Errors.L211.format(path=path, reason=f"it holds a {type(data).__name__}"))
    for name, value in data.items():
        _check_tensor(name, value, path)
    return {name: value.detach() for name, value in data.items()}


def _check_sizes(path: Path) -> None:
    """Refuse a zip whose parts are larger than the file: torch, which does not compress tensors, has not written it."""
    if not zipfile.is_zipfile(path):
        return
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    if total > path.stat().st_size:
        raise LitBertError(
            Errors.L207.format(path=path, reason=f"it says that it holds {total:,} bytes, more than it has")
        )


def _check_tensor(name: Any, value: Any, path: Path) -> None:
    if not isinstance(name, str) or not isinstance(value, Tensor):
        raise LitBertError(Errors.L211.format(path=path, reason=f"{name!r} is a {type(value).__name__}"))
    plain = value.layout == torch.strided and value.device.type == "cpu"
    # Strides can make one number look like a tensor of any size.
    if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise LitBertError(Errors.L211.format(path=path, reason=f"{name} is not stored as a plain tensor"))


def _torch_version() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
