"""Read the weights of a source, whatever wrote them, as checked tensors by the names of ``layout``."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..errors import Errors, LitBertError
from ..files import file_checksum
from .card import read_card
from .layout import Row, check_tensors
from .names import canonical_weights
from .sources import Source
from .tensor_bundle import TensorBundle
from .weight_files import read_files

_COUNTER = "global_step"
# What optimizers and the Saver keep beside the weights.
_TRAINING = {
    "optimizer slots": re.compile(r".+/(adam_m|adam_v|lamb_m|lamb_v|Adam|Adam_1)"),
    "counters": re.compile(rf"{_COUNTER}|beta[12]_power"),
}


@dataclass(frozen=True)
class Weights:
    """The tensors of a source.

    tensors: by their names in ``layout``, in the order of ``rows``.
    rows: what ``layout`` says of each of them.
    left_out: how many tensors of which kind were passed over.
    step: of the pretraining, where the source says it.
    files: what was read.
    """

    tensors: dict[str, Tensor]
    rows: list[Row]
    left_out: Counter[str]
    step: int | None
    files: tuple[Path, ...]


def read_weights(source: Source, config: Mapping[str, Any], *, progress: bool = False) -> Weights:
    """Read the tensors of a source, rename, transpose and check them.

    config: as ``check_config`` returns it.
    progress: show a bar of what is read.

    Raises LitBertError L207–L209, L211, L215–L217, L222–L226, L228.
    """
    if source.kind == "tensorflow":
        weights = _read_tensorflow(source, config, progress)
    else:
        tensors, rows, left_out = fit_tensors(read_files(source.files, source.kind), config, source.folder)
        weights = Weights(tensors, rows, left_out, None, source.files)
    for name, value in weights.tensors.items():
        check_values(name, value, source.folder)
    return weights


def weight_files(source: Source) -> tuple[Path, ...]:
    """Return all files that hold the weights, for TensorFlow's the index and its data."""
    return tuple(TensorBundle(source.files[0]).files) if source.kind == "tensorflow" else source.files


def fit_tensors(
    found: Mapping[str, Tensor], config: Mapping[str, Any], source: Path | str
) -> tuple[dict[str, Tensor], list[Row], Counter[str]]:
    """Return the tensors by their names in ``layout`` and in its order, their rows, and what was left out.

    Raises LitBertError L217 if they do not make a BERT of the config's shape.
    """
    known, left_out = canonical_weights(found)
    rows = check_tensors({name: tuple(value.shape) for name, value in known.items()}, config, source)
    return {row.name: known[row.name] for row in rows}, rows, left_out


def checksums_of(files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file, by its name."""
    return {path.name: file_checksum(path) for path in files}


def check_checksums(folder: Path, found: Mapping[str, str]) -> None:
    """Raise LitBertError L233 if the card beside the weights has other checksums for them."""
    said = read_card(folder)[1]
    for name, checksum in found.items():
        if said.get(name, checksum) != checksum:
            raise LitBertError(Errors.L233.format(path=folder / name, found=checksum, expected=said[name]))


def check_values(name: str, value: Tensor, path: Path | str) -> None:
    """Raise LitBertError L208 for what are no floating-point numbers, L209 for some that float32 can't hold."""
    if not value.is_floating_point():
        raise LitBertError(Errors.L208.format(path=path, key=name, found=value.dtype, expected="floats"))
    n = value.numel() - int(torch.isfinite(value.float()).sum())  # as float32, which they are computed in
    if n:
        raise LitBertError(Errors.L209.format(path=path, key=name, n=n))


def training_kind(name: str) -> str | None:
    """Say what an original variable is beside the weights, if it is anything: "optimizer slots", "counters"."""
    return next((kind for kind, pattern in _TRAINING.items() if pattern.fullmatch(name)), None)


def _read_tensorflow(source: Source, config: Mapping[str, Any], progress: bool) -> Weights:
    (prefix,) = source.files
    bundle = TensorBundle(prefix)
    kinds = {name: training_kind(name) for name in bundle.entries}
    shapes = {name: entry.shape for name, entry in bundle.entries.items() if kinds[name] is None}
    rows = check_tensors(shapes, config, prefix, original=True)
    tensors = {}
    size = sum(bundle.entries[row.original].size for row in rows)
    with tqdm(total=size, desc="Reading", unit="B", unit_scale=True, delay=1, disable=not progress, leave=False) as bar:
        for row in rows:
            values = bundle.read(row.original, bar.update)
            tensors[row.name] = _from_disk(values.T if row.transposed else values)
    left_out = Counter(kind for kind in kinds.values() if kind is not None)
    return Weights(tensors, rows, left_out, bundle.read_counter(_COUNTER), tuple(bundle.files))


def _from_disk(values: np.ndarray[Any, Any]) -> Tensor:
    # Mapped files can't be written to, which is what torch warns of; nobody writes to these tensors.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(values)
