"""Where the global random numbers of Python, numpy and torch stand, as arrays."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

Arrays = dict[str, np.ndarray[Any, Any]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

_DRAWN, _TORCH, _CUDA = "random/drawn", "random/torch", "random/cuda"
_OF_PYTHON = 626


def drawn() -> Numbers:
    """Return where those stand that texts are drawn and shuffled by: Python's and numpy's, (626 + 627,)."""
    _, numbers, normal = random.getstate()
    _, keys, *rest = np.random.get_state()
    return np.array([*numbers, np.nan if normal is None else normal, *keys, *rest], dtype=np.float64)


def draw_from(numbers: Numbers) -> None:
    """Have them go on from what ``drawn`` returned. Raises ValueError for anything else."""
    (*state, normal), (*keys, position, has_normal, other) = numbers[:_OF_PYTHON], numbers[_OF_PYTHON:]
    random.setstate((3, tuple(map(int, state)), None if np.isnan(normal) else float(normal)))
    np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), int(position), int(has_normal), float(other)))


def all_numbers() -> Arrays:
    """Return where all of them stand, those of the GPU that torch computes on as well."""
    numbers: Arrays = {_DRAWN: drawn(), _TORCH: torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        numbers[_CUDA] = torch.cuda.get_rng_state().numpy()
    return numbers


def go_on_from(arrays: Arrays) -> None:
    """Have all of them go on from what ``all_numbers`` returned. Raises KeyError, RuntimeError or ValueError."""
    draw_from(arrays[_DRAWN])
    torch.set_rng_state(torch.from_numpy(arrays[_TORCH].copy()))
    if _CUDA in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(arrays[_CUDA].copy()))
