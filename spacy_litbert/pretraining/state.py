"""A run's state on disk: weights, Adam's moments and the place in the text; complete or not there at all.

output/checkpoint-00001000/
├── model.safetensors       float32 parameters
├── optimizer.safetensors   two moments and the step count of each parameter
└── state.json              step, time, place in the text, settings
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ..errors import Errors, LitBertError
from ..files import read_json
from .model import N_SUMS
from .rows import Place

_PREFIX = "checkpoint-"
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
# What may not change between the sittings of one run; its budget may.
_FIXED = ("model", "data", "training")
_MAY_CHANGE = frozenset(["training.output", "training.steps", "training.minutes", "training.micro_tokens"])


@dataclass
class State:
    """Where a run stands.

    places: row length → how far its rows have been read. sums: of ``Sums``, since the last line of the curve.
    """

    step: int = 0
    elapsed: float = 0.0
    tokens: float = 0.0
    places: dict[int, Place] = field(default_factory=dict)
    sums: list[float] = field(default_factory=lambda: [0.0] * N_SUMS)


def save_checkpoint(
    folder: Path, state: State, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> None:
    """Write the checkpoint of this step; when it is complete, drop the ones before."""
    target = folder / f"{_PREFIX}{state.step:08d}"
    partial = folder / f"{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    parameters = dict(model.named_parameters())
    weights = {name: value.detach().cpu().contiguous() for name, value in parameters.items()}
    save_file(weights, partial / "model.safetensors")
    moments = {
        f"{name}.{kind}": torch.as_tensor(optimizer.state[value][kind]).detach().cpu().contiguous()
        for name, value in parameters.items()
        if value in optimizer.state
        for kind in _MOMENTS
    }
    save_file(moments, partial / "optimizer.safetensors")
    data = {**asdict(state), "settings": settings}
    (partial / "state.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf8")
    for path in partial.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
    for old in _checkpoints(folder):
        if old != target:
            shutil.rmtree(old)


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run."""
    checkpoints = _checkpoints(folder)
    return checkpoints[-1] if checkpoints else None


def load_checkpoint_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> State:
    """Put weights and moments back. Raises LitBertError L505 if the run was begun with other settings."""
    data = read_json(path / "state.json")
    _check_settings(data["settings"], settings, path)
    weights, moments = load_file(path / "model.safetensors"), load_file(path / "optimizer.safetensors")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
            if f"{name}.step" in moments:
                optimizer.state[parameter] = {kind: moments[f"{name}.{kind}"].to(parameter.device) for kind in _MOMENTS}
    places = {int(length): Place(**place) for length, place in data["places"].items()}
    return State(data["step"], data["elapsed"], data["tokens"], places, data["sums"])


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if path.name.removeprefix(_PREFIX).isdigit())


def _check_settings(begun: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    for section in _FIXED:
        for name, value in now[section].items():
            expected = begun[section].get(name)
            if value != expected and f"{section}.{name}" not in _MAY_CHANGE:
                raise LitBertError(
                    Errors.L505.format(name=f"{section}.{name}", found=value, expected=expected, path=path.parent)
                )
