"""A training's state on disk, in one file: weights, the optimizer's moments, random numbers, and how far it came."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from spacy.language import Language
from thinc.api import Model, Optimizer, Shim, get_current_ops
from thinc.types import FloatsXd

from ..checkpoints.safetensor_files import read_safetensors
from ..errors import Errors, LitBertError
from ..files import replacing
from ..models.torch_shim import TorchShim

_METADATA, _VERSION = "training", 1
_WEIGHT, _MOMENTS = "weight", ("mom1", "mom2", "averages")
_DRAWS, _PYTHON, _NUMPY, _TORCH, _CUDA = "draws", "random/python", "random/numpy", "random/torch", "random/cuda"

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
Key = tuple[int, str]  # of a weight, in thinc's optimizer


@dataclass
class State:
    """How far a training came.

    config: of the pipeline. steps: that were taken. words: in their texts. seconds: they took, over all sittings.
    scores: of the evaluations. losses: by component, since the last evaluation.
    draws: the steps whose batch took random numbers of Python's to draw, as the first of an epoch does, whose texts
        are shuffled, and the ``packed`` state that they were in before.
    texts: checksum of the texts of all those batches, and the next one.
    performance: of the last evaluation, as in meta.json. strings: of the pipeline's vocabulary.
    """

    config: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    words: int = 0
    seconds: float = 0.0
    scores: list[float] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    draws: list[tuple[int, Array]] = field(default_factory=list)
    texts: str = ""
    performance: dict[str, Any] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Saved:
    """What a file holds. updates: how often the optimizer changed each weight; arrays: what ``put_back`` puts back."""

    path: Path
    state: State
    updates: dict[str, int]
    arrays: Arrays


class Trained:
    """What training changes in a pipeline, by names that are the same in another process.

    frozen: components that aren't trained.
    """

    def __init__(self, nlp: Language, optimizer: Optimizer, frozen: list[str]):
        self._optimizer = optimizer
        models = {name: getattr(pipe, "model", None) for name, pipe in nlp.pipeline if name not in frozen}
        self._parts = {
            name: part
            for pipe_name, model in models.items()
            if isinstance(model, Model)
            for name, part in _parts(pipe_name, model)
        }
        self._keys = {
            f"{name}/{weight}": (part.id, weight) for name, part in self._parts.items() for weight in _weights(part)
        }
        self._names = {key: name for name, key in self._keys.items()}

    def check(self) -> None:
        """Raise LitBertError L650 if the optimizer changed a weight that can't be saved."""
        for key in self._optimizer.nr_update:
            if key not in self._names:
                raise LitBertError(Errors.L650.format(name=key[1]))

    def save(self, path: Path, state: State) -> None:
        """Write state, weights, moments and random numbers; a file from before is there until this one is whole."""
        arrays = {f"{_WEIGHT}/{part}/{name}": value for part, name, value in self._all_weights()}
        for kind in _MOMENTS:
            for key, value in (getattr(self._optimizer, kind) or {}).items():
                arrays[f"{kind}/{self._names[key]}"] = get_current_ops().to_numpy(value)
        arrays |= _random_numbers()
        arrays[_DRAWS] = np.array([numbers for _, numbers in state.draws])
        updates = {self._names[key]: n for key, n in self._optimizer.nr_update.items()}
        said = {one.name: getattr(state, one.name) for one in fields(State)}
        said |= {"version": _VERSION, "updates": updates, _DRAWS: [step for step, _ in state.draws]}
        with replacing(path) as partial:
            contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
            save_file(contiguous, partial, {_METADATA: json.dumps(said, default=float)})

    def put_back(self, saved: Saved) -> None:
        """Put weights, moments and random numbers back. Raises LitBertError L651 where they don't fit the pipeline."""
        here = {f"{_WEIGHT}/{part}/{name}": value.shape for part, name, value in self._all_weights()}
        there = {name: value.shape for name, value in saved.arrays.items() if name.startswith(f"{_WEIGHT}/")}
        differing = [name.removeprefix(f"{_WEIGHT}/") for name in here | there if here.get(name) != there.get(name)]
        if differing := sorted({*differing, *(saved.updates.keys() - self._keys.keys())}):
            problem = f"its weights are not those of this pipeline, such as {differing[0]}"
            raise LitBertError(Errors.L651.format(path=saved.path, problem=problem))
        for name, part in self._parts.items():
            weights = {weight: saved.arrays[f"{_WEIGHT}/{name}/{weight}"] for weight in _weights(part)}
            _set_weights(part, weights, updated=any(f"{name}/{weight}" in saved.updates for weight in weights))
        ops = get_current_ops()
        for name, n in saved.updates.items():
            self._optimizer.nr_update[self._keys[name]] = n
            for kind in _MOMENTS:
                if (value := saved.arrays.get(f"{kind}/{name}")) is not None:
                    getattr(self._optimizer, kind)[self._keys[name]] = ops.asarray(cast(FloatsXd, value))
        _set_random_numbers(saved.arrays)

    def _all_weights(self) -> Iterator[tuple[str, str, Array]]:
        for name, part in self._parts.items():
            for weight, value in _weights(part).items():
                yield name, weight, value


def read(path: Path) -> Saved:
    """Read what ``Trained.save`` wrote. Raises LitBertError L651 for something else, else as ``read_safetensors``."""
    arrays = {name: value.numpy().copy() for name, value in read_safetensors(path).items()}
    with safe_open(path, "np") as file:
        metadata = file.metadata() or {}
    try:
        said = json.loads(metadata[_METADATA])
        if said["version"] != _VERSION:
            raise ValueError(f"it is of version {said['version']}, not {_VERSION}")
        state = State(**{one.name: said[one.name] for one in fields(State)})
        state.draws = list(zip(said[_DRAWS], arrays.pop(_DRAWS), strict=True))
        return Saved(path, state, dict(said["updates"]), arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LitBertError(Errors.L651.format(path=path, problem=f"{error!r}")) from None


def packed(state: Any) -> Array:
    """Return what ``random.getstate()`` said, 625 integers and a number or none, as float64."""
    _, numbers, normal = state
    return np.array([*numbers, np.nan if normal is None else normal], dtype=np.float64)


def unpack(numbers: Array) -> None:
    """Let Python's random numbers go on from what ``packed`` returned."""
    normal = None if np.isnan(numbers[-1]) else float(numbers[-1])
    random.setstate((3, tuple(int(number) for number in numbers[:-1]), normal))


def _parts(name: str, model: Model[Any, Any]) -> Iterator[tuple[str, Model[Any, Any] | Shim]]:
    for i, node in enumerate(model.walk()):
        yield f"{name}/{i}", node
        for j, shim in enumerate(node.shims):
            if isinstance(shim._model, torch.nn.Module):
                yield f"{name}/{i}/{j}", shim


def _weights(part: Model[Any, Any] | Shim) -> Arrays:
    if isinstance(part, Shim):
        return {name: value.detach().cpu().numpy() for name, value in part._model.state_dict().items()}
    return {name: part.ops.to_numpy(part.get_param(name)) for name in part.param_names if part.has_param(name)}


def _set_weights(part: Model[Any, Any] | Shim, weights: Arrays, *, updated: bool) -> None:
    if isinstance(part, Shim):
        part._model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        if updated and isinstance(part, TorchShim):
            part.note_update()
        return
    for name, value in weights.items():
        part.set_param(name, cast(FloatsXd, part.ops.asarray(cast(FloatsXd, value))))


def _random_numbers() -> Arrays:
    _, keys, *rest = np.random.get_state()
    numbers = {
        _PYTHON: packed(random.getstate()),
        _NUMPY: np.array([*keys, *rest], dtype=np.float64),
        _TORCH: torch.get_rng_state().numpy(),
    }
    if torch.cuda.is_available():
        numbers[_CUDA] = torch.cuda.get_rng_state().numpy()
    return numbers


def _set_random_numbers(arrays: Arrays) -> None:
    unpack(arrays[_PYTHON])
    *keys, position, has_normal, normal = arrays[_NUMPY]
    np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), int(position), int(has_normal), float(normal)))
    torch.set_rng_state(torch.from_numpy(arrays[_TORCH].copy()))
    if _CUDA in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(arrays[_CUDA].copy()))
