"""A training's state on disk, in one file: weights, the optimizer's moments, random numbers, and how far it came."""

from __future__ import annotations

import json
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
from ..files import lacking, replacing
from ..models.torch_shim import TorchShim
from .random_numbers import Numbers, all_numbers, drawn, go_on_from

_METADATA, _VERSION = "training", 1
_WEIGHT, _MOMENTS = "weight", ("mom1", "mom2", "averages")
_DRAWS = "draws"

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
_KINDS = {
    "config": dict,
    "steps": int,
    "words": int,
    "seconds": (int, float),
    "scores": list,
    "losses": dict,
    "draws": list,
    "texts": str,
    "performance": dict,
    "strings": list,
    "updates": dict,
}
Key = tuple[int, str]  # of a weight, in thinc's optimizer


@dataclass
class State:
    """How far a training came.

    config: of the pipeline. steps: that were taken. words: in their texts. seconds: they took, over all sittings.
    scores: of the evaluations. losses: by component, since the last evaluation.
    draws: the steps whose batch took random numbers to draw, as the first of an epoch does, whose texts are shuffled,
        and where these stood before.
    texts: checksum of the texts of all those batches, and the next one.
    performance: of the last evaluation, as in meta.json. strings: of the pipeline's vocabulary.
    """

    config: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    words: int = 0
    seconds: float = 0.0
    scores: list[float] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    draws: list[tuple[int, Numbers]] = field(default_factory=list)
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

    def named(self, kind: str) -> Arrays:
        """Return the arrays of a kind by the rest of their names."""
        return {name[len(kind) + 1 :]: value for name, value in self.arrays.items() if name.startswith(f"{kind}/")}


class Trained:
    """What training changes in a pipeline, by names that are the same in another process.

    frozen: components that aren't trained.
    """

    def __init__(self, nlp: Language, optimizer: Optimizer, frozen: list[str]):
        self._nlp, self._optimizer, self._frozen = nlp, optimizer, frozen

    def check(self) -> None:
        """Raise LitBertError L650 if something is trained that can't be saved."""
        for name, pipe in self._pipes().items():
            if hasattr(pipe, "update") and not isinstance(getattr(pipe, "model", None), Model):
                raise LitBertError(Errors.L650.format(what=f"the component {name!r} has no thinc model"))
        names = self._names()
        for key in self._optimizer.nr_update:
            if key not in names:
                what = f"the optimizer has a weight {key[1]!r} that is in no component's model, or no longer"
                raise LitBertError(Errors.L650.format(what=what))

    def save(self, path: Path, state: State) -> None:
        """Write state, weights, moments and random numbers; a file from before is there until this one is whole.

        Raises LitBertError L650 as ``check`` does.
        """
        self.check()
        names = self._names()
        arrays = {f"{_WEIGHT}/{name}": value for name, value in self._weights().items()}
        for kind in _MOMENTS:
            for key, value in (getattr(self._optimizer, kind) or {}).items():
                arrays[f"{kind}/{names[key]}"] = get_current_ops().to_numpy(value)
        arrays |= all_numbers()
        arrays[_DRAWS] = np.array([numbers for _, numbers in state.draws])
        updates = {names[key]: n for key, n in self._optimizer.nr_update.items()}
        said = {one.name: getattr(state, one.name) for one in fields(State)}
        said |= {"version": _VERSION, "updates": updates, _DRAWS: [step for step, _ in state.draws]}
        with replacing(path) as partial:
            contiguous = {name: np.asarray(value, order="C") for name, value in arrays.items()}
            save_file(contiguous, partial, {_METADATA: json.dumps(said, default=float)})

    def put_back(self, saved: Saved) -> None:
        """Put weights, moments and random numbers back. Raises LitBertError L651 where they don't fit the pipeline."""
        weights, moments = saved.named(_WEIGHT), {kind: saved.named(kind) for kind in _MOMENTS}
        _check(saved, self._weights(), weights, moments)
        for name, part in self._parts():
            values = {weight: weights[f"{name}/{weight}"] for weight in _weights(part)}
            _set_weights(part, values, updated=any(f"{name}/{weight}" in saved.updates for weight in values))
        ops = get_current_ops()
        for key, name in self._names().items():
            if name in saved.updates:
                self._optimizer.nr_update[key] = saved.updates[name]
            for kind, values in moments.items():
                if name in values:
                    getattr(self._optimizer, kind)[key] = ops.asarray(cast(FloatsXd, values[name]))
        try:
            go_on_from(saved.arrays)
        except (KeyError, RuntimeError, ValueError) as error:
            raise LitBertError(Errors.L651.format(path=saved.path, problem=f"its random numbers: {error!r}")) from None

    def _pipes(self) -> dict[str, Any]:
        return {name: pipe for name, pipe in self._nlp.pipeline if name not in self._frozen}

    def _parts(self) -> Iterator[tuple[str, Model[Any, Any] | Shim]]:
        """Yield what has weights, as it is now: some layers are replaced when a component learns of more labels."""
        for name, pipe in self._pipes().items():
            if isinstance(model := getattr(pipe, "model", None), Model):
                yield from _parts(name, model)

    def _names(self) -> dict[Key, str]:
        return {(part.id, weight): f"{name}/{weight}" for name, part in self._parts() for weight in _weights(part)}

    def _weights(self) -> Arrays:
        return {f"{name}/{weight}": value for name, part in self._parts() for weight, value in _weights(part).items()}


def read(path: Path) -> Saved:
    """Read what ``Trained.save`` wrote. Raises LitBertError L651 for something else, else as ``read_safetensors``."""
    arrays = {name: value.numpy().copy() for name, value in read_safetensors(path).items()}
    with safe_open(path, "np") as file:
        metadata = file.metadata() or {}
    try:
        said = json.loads(metadata[_METADATA])
        if said["version"] != _VERSION:
            raise ValueError(f"it is of version {said['version']}, not {_VERSION}")
        if wrong := lacking(said, _KINDS):
            raise ValueError(f"{', '.join(wrong)}: lacking, or of another type")
        state = State(**{one.name: said[one.name] for one in fields(State)})
        state.draws = list(zip(said[_DRAWS], arrays.pop(_DRAWS), strict=True))
        if any(numbers.shape != drawn().shape for _, numbers in state.draws):
            raise ValueError(f"{_DRAWS}: not where random numbers stand")
        return Saved(path, state, dict(said["updates"]), arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LitBertError(Errors.L651.format(path=path, problem=f"{error!r}")) from None


def _check(saved: Saved, here: Arrays, weights: Arrays, moments: dict[str, Arrays]) -> None:
    """Raise LitBertError L651 unless a file has the weights that are here, and moments of those that were updated."""
    differing = {name for name in here.keys() | weights.keys() if _form(here.get(name)) != _form(weights.get(name))}
    differing |= saved.updates.keys() - here.keys()
    for values in moments.values():
        if values:
            differing |= values.keys() ^ saved.updates.keys()
            differing |= {name for name, value in values.items() if name in here and value.size != here[name].size}
    differing |= moments["mom1"].keys() ^ moments["mom2"].keys()
    if differing:
        problem = f"its weights are not those of this pipeline, such as {min(differing)}"
        raise LitBertError(Errors.L651.format(path=saved.path, problem=problem))


def _form(value: Array | None) -> Any:
    return None if value is None else (value.shape, value.dtype)


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
