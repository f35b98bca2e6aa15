"""A run's state on disk: weights, Adam's moments and the place in the text; complete or not there at all.

output/checkpoint-00001000/
├── model.safetensors       float32 parameters
├── optimizer.safetensors   two moments and the step count of each parameter
└── state.json              step, time, place in the text, settings; checksums of the other files and of itself
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..checkpoints.safetensor_files import read_safetensors
from ..errors import Errors, LitBertError
from ..files import file_checksum, left_behind, read_json, replacing, replacing_folder
from ..targets import only
from .model import N_SUMS
from .rows import Place

_PREFIX = "checkpoint-"
_STATE, _MODEL, _OPTIMIZER = "state.json", "model.safetensors", "optimizer.safetensors"
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
# What may not change when a run goes on; its budget may.
_FIXED = ("model", "data", "training")
# Text is known by its checksum, wherever it lies.
_MAY_CHANGE = frozenset(
    ["training.output", "training.steps", "training.minutes", "training.micro_tokens", "data.train", "data.heldout"]
)


@dataclass
class State:
    """Where a run stands.

    places: row length → how far its rows have been read; the present length is the last one. sums: of ``Sums``, since
    the last line of the curve. finished: the budget was spent, and the last figures are in the curves.
    config: config.json of the model. start: see ``Start.description``; None for random weights.
    text, heldout: checksums of the vocabulary and the tokenised text to train on, and to evaluate on.
    """

    step: int = 0
    elapsed: float = 0.0
    tokens: float = 0.0
    places: dict[int, Place] = field(default_factory=dict)
    sums: list[float] = field(default_factory=lambda: [0.0] * N_SUMS)
    finished: bool = False
    config: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] | None = None
    text: str = ""
    heldout: str = ""


@dataclass(frozen=True)
class Saved:
    """A checkpoint whose files are what was written. settings: of the run."""

    path: Path
    state: State
    settings: dict[str, Any]


def save_checkpoint(
    folder: Path, state: State, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> None:
    """Write the checkpoint of this step; when it is complete, drop the ones before.

    Where this step was saved before, its weights are left as they are and only what is beside them is written anew.
    """
    target = folder / f"{_PREFIX}{state.step:08d}"
    if target.is_dir():
        files = read_json(target / _STATE)["files"]
        with replacing(target / _STATE) as partial:
            _write_state(partial, state, settings, files)
    else:
        with replacing_folder(target) as partial:
            save_file(_weights(model), partial / _MODEL)
            save_file(_moments(model, optimizer), partial / _OPTIMIZER)
            _write_state(partial / _STATE, state, settings, _checksums(partial))
    for old in _checkpoints(folder):
        if old != target:
            shutil.rmtree(old)


def check_finite(model: nn.Module, step: int) -> None:
    """Raise LitBertError L509 if a weight is no finite number: it must not take the place of what was saved before."""
    if not all(bool(value.isfinite().all()) for value in model.parameters()):
        raise LitBertError(Errors.L509.format(step=step, what="a weight"))


def is_checkpoint(path: Path) -> bool:
    """Tell by the names whether a folder in that of a run is a checkpoint, with nothing else in it."""
    return path in _checkpoints(path.parent) and only(_STATE, _MODEL, _OPTIMIZER, f".{_STATE}.*")(path) is None


def is_named_as_checkpoint(path: Path) -> bool:
    """Tell whether a folder in that of a run would be taken for a checkpoint of it."""
    return path.name.startswith(_PREFIX) and path.name.removeprefix(_PREFIX).isdigit()


def latest_checkpoint(folder: Path) -> Path | None:
    """Find the newest complete checkpoint of a run."""
    checkpoints = _checkpoints(folder)
    return checkpoints[-1] if checkpoints else None


def read_checkpoint(path: Path) -> Saved:
    """Read what stands beside the weights of a checkpoint, and check all of its files.

    Raises LitBertError L207 or L210 for damaged files, L513 if something is missing.
    """
    data = read_json(path / _STATE)
    expected = data.pop("checksum", None)
    if _checksum(data) != expected:
        raise LitBertError(Errors.L210.format(path=path / _STATE, found=_checksum(data), expected=expected))
    try:
        state = State(**{one.name: data[one.name] for one in fields(State)})
        state.places = {int(length): Place(**place) for length, place in data["places"].items()}
        settings, files = dict(data["settings"]), {name: data["files"][name] for name in (_MODEL, _OPTIMIZER)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LitBertError(Errors.L513.format(path=path, problem=f"state.json: {error!r}")) from None
    for name, wanted in files.items():
        if not (path / name).is_file():
            raise LitBertError(Errors.L513.format(path=path, problem=f"{name} is missing"))
        if (found := file_checksum(path / name)) != wanted:
            raise LitBertError(Errors.L210.format(path=path / name, found=found, expected=wanted))
    return Saved(path, state, settings)


def load_weights(saved: Saved, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put weights and moments back. Raises LitBertError L513 where they are not the model's."""
    weights, moments = read_safetensors(saved.path / _MODEL), read_safetensors(saved.path / _OPTIMIZER)
    parameters = dict(model.named_parameters())
    trained = [name for name, value in parameters.items() if value.requires_grad] if saved.state.step else []
    expected = {f"{name}.{kind}": parameters[name] for name in trained for kind in _MOMENTS}
    _check_names(saved.path / _MODEL, weights, parameters)
    _check_names(saved.path / _OPTIMIZER, moments, expected)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
    for name in trained:
        device = parameters[name].device
        optimizer.state[parameters[name]] = {kind: moments[f"{name}.{kind}"].to(device) for kind in _MOMENTS}


def check_settings(saved: Saved, now: dict[str, Any]) -> None:
    """Check that the run was begun with these settings. Raises LitBertError L505 if not."""
    for section in _FIXED:
        for name, value in now[section].items():
            expected = saved.settings.get(section, {}).get(name)
            if value != expected and f"{section}.{name}" not in _MAY_CHANGE:
                place = saved.path.parent
                raise LitBertError(
                    Errors.L505.format(name=f"{section}.{name}", found=value, expected=expected, path=place)
                )


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that was killed had begun to write in a run's folder."""
    places = [(folder, _PREFIX + "[0-9]" * 8), *((checkpoint, _STATE) for checkpoint in _checkpoints(folder))]
    for path in [path for place, name in places for path in left_behind(place, name)]:
        shutil.rmtree(path, ignore_errors=True)


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in model.named_parameters()}


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}.{kind}": torch.as_tensor(optimizer.state[value][kind]).detach().cpu().contiguous()
        for name, value in model.named_parameters()
        if value in optimizer.state
        for kind in _MOMENTS
    }


def _checksums(folder: Path) -> dict[str, str]:
    return {name: file_checksum(folder / name) for name in (_MODEL, _OPTIMIZER)}


def _write_state(path: Path, state: State, settings: dict[str, Any], files: dict[str, str]) -> None:
    data = json.loads(json.dumps({**asdict(state), "settings": settings, "files": files}))
    text = json.dumps({**data, "checksum": _checksum(data)}, indent=2)
    path.write_text(text + "\n", encoding="utf8")


def _checksum(data: dict[str, Any]) -> str:
    return sha256(json.dumps(data, sort_keys=True).encode("utf8")).hexdigest()


def _check_names(path: Path, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    if names := sorted(found.keys() ^ expected.keys()):
        problem = f"{path.name} lacks or should not have {', '.join(names[:5])}"
        raise LitBertError(Errors.L513.format(path=path.parent, problem=problem))
    for name, value in found.items():
        shape = () if name.endswith(".step") else tuple(expected[name].shape)
        if tuple(value.shape) != shape:
            problem = f"{name} in {path.name} is {tuple(value.shape)}, not {shape}"
            raise LitBertError(Errors.L513.format(path=path.parent, problem=problem))


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if is_named_as_checkpoint(path))
