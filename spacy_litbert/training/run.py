"""A training from its config: checked, initialized, and run to its end or until it is told to stop."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, Any

from spacy.training.initialize import init_nlp
from thinc.api import Config

from ..errors import Errors, LitBertError
from ..files import alone
from ..gpu import use_gpu
from ..stopping import stopping
from ..targets import check_target
from .loop import BEST, LAST, Loop
from .state import Saved, read

STATE = "training-state.safetensors"
_MAY_CHANGE = ("training.logger",)


def train(
    config: Config,
    output: Path,
    *,
    gpu_id: int = -1,
    resume: bool = False,
    stdout: IO[str] = sys.stdout,
    stderr: IO[str] = sys.stderr,
) -> bool:
    """Train a pipeline as ``spacy train`` does, in a way that can be stopped; return False if it was.

    config: as of ``spacy.util.load_config(path, overrides=…, interpolate=False)``.
    output: folder for ``model-best`` and ``model-last``. Until the end, what goes on lies there in a file of its own,
        written every five minutes, at SIGTERM and at Ctrl-C, of which a second one interrupts.
    gpu_id: -1 for the CPU.
    resume: go on from such a file, if there is one. On a CPU, with as many threads, weights and scores are then those
        of a training that was never stopped; on a GPU dropout chooses otherwise, and float16's scale begins anew.
    stdout, stderr: for the config's logger.

    Raises LitBertError L006 without that GPU, L218 if something else is at the place of a pipeline, L654 if a training
    was stopped there and ``resume`` is not set, L652 or L653 if it was begun with other texts or settings, L655 if
    another process is at it, L650 if a component trains what can't be saved, L651 for a file that does not fit.
    """
    use_gpu(gpu_id)
    said: dict[str, Any] = json.loads(json.dumps(config.copy().interpolate()))
    check_target(output, made=lambda _: None, what="folder", option=None, in_place=True)
    for name in (BEST, LAST):
        check_target(output / name, made=_pipeline, what="pipeline", option=None)
    with alone(output) as is_mine:
        if not is_mine:
            raise LitBertError(Errors.L655.format(path=output))
        saved = _saved(output / STATE, said, resume=resume)
        nlp = init_nlp(config, use_gpu=gpu_id)
        loop = Loop(nlp, output, output / STATE, saved, said)
        del saved  # as large as the model, thrice
        with stopping(loop.request_stop):
            return loop.run(stdout, stderr)


def _pipeline(folder: Path) -> str | None:
    return None if (folder / "meta.json").is_file() else "it has no meta.json"


def _saved(path: Path, config: dict[str, Any], *, resume: bool) -> Saved | None:
    if not path.exists():
        return None
    saved = read(path)
    if not resume:
        raise LitBertError(Errors.L654.format(path=path, step=saved.state.steps))
    now, then = _flat(config), _flat(saved.state.config)
    for name in sorted(now.keys() | then.keys()):
        if now.get(name) != then.get(name) and not name.startswith(_MAY_CHANGE):
            raise LitBertError(Errors.L653.format(name=name, found=now.get(name), expected=then.get(name), path=path))
    return saved


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
