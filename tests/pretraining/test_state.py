"""Checkpoints and curves on disk: damaged, saved twice, of a finished run, on a full disk."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.curve import TRAINING, Curve, read_curve
from spacy_litbert.pretraining.run import pretrain
from spacy_litbert.pretraining.state import State, latest_checkpoint, read_checkpoint, save_checkpoint

from .conftest import stop_after

MakeSettings = Callable[..., Settings]
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")


@pytest.fixture
def stopped(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A run that was stopped after 3 of its 4 steps."""
    settings = make_settings(training__steps=4)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        assert not pretrain(settings, progress=False)
    return settings


def _checkpoint(settings: Settings) -> Path:
    checkpoint = latest_checkpoint(Path(settings.training.output))
    assert checkpoint is not None
    return checkpoint


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_found(stopped: Settings, name: str) -> None:
    path = _checkpoint(stopped) / name
    whole = path.read_bytes()
    chosen = random.Random(name)
    for _ in range(6):
        damaged = bytearray(whole)
        damaged[chosen.randrange(len(damaged))] ^= 1 << chosen.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(LitBertError, match=r"L207|L210|L513"):
            pretrain(stopped, resume=True, progress=False)
    path.write_bytes(whole)
    assert pretrain(stopped, resume=True, progress=False)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_or_missing_file_is_refused(stopped: Settings, name: str) -> None:
    path = _checkpoint(stopped) / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LitBertError, match=r"L207|L210"):
        pretrain(stopped, resume=True, progress=False)
    path.unlink()
    with pytest.raises(LitBertError, match=r"L207|L224|L513"):
        pretrain(stopped, resume=True, progress=False)


def _with_true_checksums(checkpoint: Path) -> None:
    """As a program that makes other tensors would have written it."""
    data = json.loads((checkpoint / "state.json").read_text("utf8"))
    del data["checksum"]
    data["files"] = {name: sha256((checkpoint / name).read_bytes()).hexdigest() for name in data["files"]}
    checksum = sha256(json.dumps(data, sort_keys=True).encode("utf8")).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps({**data, "checksum": checksum}), "utf8")


@pytest.mark.parametrize("name", FILES[:2])
@pytest.mark.parametrize("damage", ["renamed", "cut", "another shape", "left over"])
def test_tensors_that_are_not_the_models_are_refused(stopped: Settings, name: str, damage: str) -> None:
    checkpoint = _checkpoint(stopped)
    tensors = load_file(checkpoint / name)
    first = sorted(tensors)[0]
    if damage == "renamed":
        tensors["other"] = tensors.pop(first)
    elif damage == "cut":
        del tensors[first]
    elif damage == "another shape":
        tensors[first] = torch.zeros(3, 3)
    else:
        tensors["other"] = torch.zeros(1)
    save_file(tensors, checkpoint / name)
    _with_true_checksums(checkpoint)
    with pytest.raises(LitBertError, match=r"L513.*" + name):
        pretrain(stopped, resume=True, progress=False)


def test_saving_a_step_again_never_touches_its_weights(stopped: Settings) -> None:
    folder = Path(stopped.training.output)
    checkpoint = _checkpoint(stopped)
    before = {name: (checkpoint / name).stat().st_ino for name in FILES}
    model = torch.nn.Linear(2, 2)
    state = State(step=3, elapsed=99.0)
    save_checkpoint(folder, state, model, torch.optim.AdamW(model.parameters()), stopped.to_dict())
    after = {name: (checkpoint / name).stat().st_ino for name in FILES}
    assert [after[name] == before[name] for name in FILES] == [True, True, False]
    assert read_checkpoint(checkpoint).state.elapsed == 99.0


def test_a_finished_run_is_left_as_it_is(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=2)
    folder = Path(settings.training.output)
    assert pretrain(settings, progress=False)
    names = ("run.json", "curve.csv", "heldout.csv", "checkpoint-00000002/state.json")
    before = [(folder / name).read_bytes() for name in names]
    for _ in range(2):
        assert pretrain(settings, resume=True, progress=False)
    assert [(folder / name).read_bytes() for name in names] == before


def test_stopped_at_its_last_step_it_ends_as_if_it_had_not_been(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"training__steps": 3, "report__log_steps": 2, "training__long_share": 0.4}
    whole, cut = make_settings("whole", **options), make_settings("cut", **options)
    assert pretrain(whole, progress=False)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        assert not pretrain(cut, progress=False)
    assert pretrain(cut, resume=True, progress=False)
    lines = [read_curve(Path(settings.training.output) / "curve.csv")[-1] for settings in (whole, cut)]
    assert [line["length"] for line in lines] == [512, 512]


def test_a_torn_last_line_is_dropped_and_other_damage_is_refused(stopped: Settings) -> None:
    path = Path(stopped.training.output) / "curve.csv"
    whole = path.read_bytes()
    path.write_bytes(whole + b"4,0.31,77")
    assert [row["step"] for row in read_curve(path)] == [1, 2, 3]
    Curve(path, TRAINING, 3)
    assert path.read_bytes() == whole
    lines = whole.splitlines(keepends=True)
    for damaged in (
        [lines[0], b"1,0.3\r\n", *lines[2:]],
        [lines[0], lines[1].replace(b"1", b"x", 1), *lines[2:]],
        [b"a,b\r\n", *lines[1:]],
        [b"\xff" * 9, *lines[1:]],
    ):
        path.write_bytes(b"".join(damaged))
        with pytest.raises(LitBertError, match=r"L514.*curve\.csv"):
            pretrain(stopped, resume=True, progress=False)


FULL_DISK = """
import resource, sys
from hashlib import sha256
from pathlib import Path
from spacy_litbert.pretraining.run import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
main(sys.argv[2:])
"""


def test_a_full_disk_is_said_and_costs_nothing(stopped: Settings, tmp_path: Path) -> None:
    config = tmp_path / "run.cfg"
    config.write_text(
        "\n".join(
            f"[{section}]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
            for section, values in stopped.to_dict().items()
        ),
        "utf8",
    )
    limit = (_checkpoint(stopped) / "model.safetensors").stat().st_size // 2
    command = [sys.executable, "-c", FULL_DISK, str(limit), str(config), "--resume"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "[L222]" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(stopped.training.output).glob(".*"))
    assert _checkpoint(stopped).name == "checkpoint-00000003"
    assert pretrain(stopped, resume=True, progress=False)


def test_leftovers_of_killed_processes_are_removed(stopped: Settings) -> None:
    folder = Path(stopped.training.output)
    shutil.copytree(_checkpoint(stopped), folder / ".checkpoint-00000009.ab_cdef7.partial")
    for place in (".run.json.ab_cdef7.partial", f"{_checkpoint(stopped).name}/.state.json.ab_cdef7.partial"):
        (folder / place).mkdir()
    theirs = [folder / name for name in ("downloads.partial", "checkpoint-mine.partial", ".checkpoint-mine.1.partial")]
    for place in theirs:
        place.mkdir()
        (place / "pubmed.tar.partial").write_text("of somebody else", "utf8")
    assert pretrain(stopped, resume=True, progress=False)
    left = {path for path in folder.glob("**/*.partial") if path.is_dir()}
    assert left == set(theirs)
    assert all((place / "pubmed.tar.partial").is_file() for place in theirs)


def test_a_place_that_can_not_be_written_to_is_said(make_settings: MakeSettings, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file", "utf8")
    with pytest.raises(LitBertError, match=r"L222.*run"):
        pretrain(make_settings(), progress=False)
