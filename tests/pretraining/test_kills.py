"""A run that is killed (SIGKILL) at a random moment and resumed ends as one that nobody touched."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spacy_litbert.files import file_checksum
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.curve import read_curve
from spacy_litbert.pretraining.run import pretrain
from spacy_litbert.pretraining.state import latest_checkpoint

MakeSettings = Callable[..., Settings]
KILLS = 3
_OF_TIME = ("elapsed", "tokens_per_second")


def _result(settings: Settings) -> list[object]:
    """All that must not depend on what happened to a run."""
    folder = Path(settings.training.output)
    checkpoint = latest_checkpoint(folder)
    assert checkpoint is not None
    curves = [
        [{name: value for name, value in row.items() if name not in _OF_TIME} for row in read_curve(folder / name)]
        for name in ("curve.csv", "heldout.csv")
    ]
    weights = [checkpoint / "model.safetensors", checkpoint / "optimizer.safetensors"]
    weights.append(Path(settings.export.folder) / "model.safetensors")
    return [checkpoint.name, *map(file_checksum, weights), *curves]


def _work(settings: Settings) -> None:
    torch.set_num_threads(1)
    pretrain(settings, resume=True, progress=False)


def _killed(settings: Settings, seconds: float) -> bool:
    """Run in a process of its own and kill it after so many seconds; whether it was still at work then."""
    process = multiprocessing.get_context("fork").Process(target=_work, args=(settings,))
    process.start()
    process.join(seconds)
    at_work = process.is_alive()
    process.kill()
    process.join()
    return at_work


@pytest.mark.parametrize("seed", [0])
def test_killed_and_resumed_is_bit_equal(make_settings: MakeSettings, seed: int) -> None:
    options = {"report__checkpoints": 12, "report__evaluations": 4, "report__log_steps": 2, "training__long_share": 0.3}
    whole = make_settings("whole", **options)
    assert pretrain(whole, progress=False)
    begin = time.monotonic()
    assert not _killed(make_settings("timed", **options), 600)
    duration = time.monotonic() - begin
    chosen = random.Random(seed)
    kills = 0
    for i in range(4 * KILLS):
        settings = make_settings(f"killed-{i}", **options)
        for _ in range(2):
            kills += _killed(settings, chosen.uniform(0, 0.9) * duration)
        assert pretrain(settings, resume=True, progress=False)
        assert _result(settings) == _result(whole)
        assert not list(Path(settings.training.output).glob("**/.*"))
        if kills >= KILLS:
            return
    pytest.fail(f"only {kills} of {8 * KILLS} runs were still at work when they were to be killed")
