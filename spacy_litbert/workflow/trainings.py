"""Train several times, such as once for each seed: some at a time, and nothing that is done already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.util import load_config
from tqdm import tqdm

from ..errors import Errors, LitBertError
from ..files import file_checksum, replacing
from ..training.run import STATE
from .protocol import describe_run, weights_checksum

_STAMP = "training.json"
_RUN = "run"  # of a stamp: versions, date and machine
_LOG = "training.log"
_SHOWN = 15  # lines of a failed run's log

Override = str | int | float | bool


@dataclass(frozen=True)
class Training:
    """One run of ``spacy litbert train``; its best checkpoint is ``output / "model-best"``.

    overrides: settings in place of the config's, such as ``{"system.seed": 1}``.
    reads: files that the config itself names. If they change, it is another training.
    """

    config: Path
    output: Path
    overrides: dict[str, Override]
    gpu_id: int = -1
    reads: tuple[Path, ...] = ()

    @property
    def best(self) -> Path:
        return self.output / "model-best"


def train_all(trainings: list[Training], *, jobs: int = 1) -> None:
    """Run the trainings that are not done yet; with several ``jobs`` at a time each has one thread.

    A training is done if it ended before with this config, these overrides, these files and these weights, on a GPU or
    not as now. If it was stopped before its end, it goes on. After Ctrl-C, which stops those that run, none is begun.

    Raises LitBertError L620 if one fails, after the others have ended.
    """
    open_ones = [training for training in trainings if not _is_done(training)]
    errors: list[LitBertError] = []
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(_train, training, jobs) for training in open_ones]
        try:
            for run in tqdm(as_completed(runs), desc="train", total=len(runs), unit="run"):
                error = run.exception()
                if isinstance(error, LitBertError):
                    errors.append(error)
                elif error is not None:
                    raise error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if errors:
        raise errors[0]


def _train(training: Training, jobs: int) -> None:
    training.output.mkdir(parents=True, exist_ok=True)
    stamp = _stamp(training)
    if _noted(training) != stamp:
        (training.output / STATE).unlink(missing_ok=True)
    _note(training, stamp)
    command = [sys.executable, "-m", "spacy", "litbert", "train", str(training.config)]
    command += ["--output", str(training.output), "--gpu-id", str(training.gpu_id), "--resume"]
    for name, value in training.overrides.items():
        command += [f"--{name}", json.dumps(value) if isinstance(value, bool) else str(value)]
    environment = {**os.environ, "ANSI_COLORS_DISABLED": "1", **({} if jobs == 1 else {"OMP_NUM_THREADS": "1"})}
    log = training.output / _LOG
    goes_on = (training.output / STATE).exists()
    with log.open("a" if goes_on else "w", encoding="utf8") as file:
        code = subprocess.run(command, env=environment, stdout=file, stderr=subprocess.STDOUT).returncode
    if code:
        end = "\n".join(log.read_text("utf8", errors="replace").splitlines()[-_SHOWN:])
        raise LitBertError(Errors.L620.format(output=training.output, code=code, log=log, end=end))
    _note(training, {**stamp, _RUN: describe_run(gpu_id=training.gpu_id)})


def run_of(training: Training) -> dict[str, Any]:
    """Return versions, date and machine of a training that is done."""
    return _noted(training)[_RUN]  # type: ignore[no-any-return]


def _is_done(training: Training) -> bool:
    noted = _noted(training)
    return noted.pop(_RUN, None) is not None and training.best.is_dir() and noted == _stamp(training)


def _noted(training: Training) -> dict[str, Any]:
    """Return the stamp of the training that was begun there last, and its run if it was ended; nothing if none was."""
    path = training.output / _STAMP
    return json.loads(path.read_text("utf8")) if path.is_file() else {}


def _note(training: Training, stamp: dict[str, Any]) -> None:
    with replacing(training.output / _STAMP) as partial:
        partial.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf8")


def _stamp(training: Training) -> dict[str, Any]:
    """Return config, overrides, and checksums of the files and folders named there and of the weights by any name."""
    named = [Path(value) for value in training.overrides.values() if isinstance(value, str) and value]
    paths = [path for folder in named for path in sorted([folder, *folder.rglob("*")]) if path.is_file()]
    contents = {str(path): file_checksum(path) for path in [training.config, *training.reads, *paths]}
    name = training.overrides.get("paths.weights") or load_config(training.config).get("paths", {}).get("weights")
    weights = {str(name): weights_checksum(str(name))} if name else {}
    on_gpu = training.gpu_id >= 0
    return {"contents": contents, "overrides": training.overrides, "weights": weights, "on_gpu": on_gpu}
