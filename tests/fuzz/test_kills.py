"""Commands that are killed at random moments: their target is whole or absent, and the next run leaves nothing over.

``KILLS=20 python -m pytest tests/fuzz/test_kills.py`` tries as many moments of each command.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.cli.export import export
from spacy_litbert.files import replacing, replacing_folder

from ..conftest import build_ner

KILLS = int(os.environ.get("KILLS", "3"))
FORK = multiprocessing.get_context("fork")  # so that all is imported, and only the command itself is killed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(command: Callable[[], object], seconds: float | None = None) -> float:
    """Run in a process of its own, killed after this time; returns how long it took."""
    process = FORK.Process(target=command, daemon=True)
    began = time.monotonic()
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert seconds is not None or process.exitcode == 0
    return time.monotonic() - began


def killed(command: Callable[[], object], target: Path, is_whole: Callable[[Path], object]) -> tuple[int, int]:
    """How often the target was whole and absent after a kill; the last run, which ends, leaves it alone.

    Every second time there was none before.
    """
    whole = absent = 0
    took = run(command)
    moments = random.Random(0)
    for i in range(KILLS):
        if i % 2 == 0:
            shutil.rmtree(target, ignore_errors=True)
        run(command, moments.uniform(0, took))
        if target.exists():
            is_whole(target)
            whole += 1
        else:
            absent += 1
    run(command)
    is_whole(target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    print(f"{target.name}: {whole} whole, {absent} absent, of {KILLS}; undisturbed it takes {took:.2f} s")
    return whole, absent


def test_export(checkpoint: Path, tmp_path: Path) -> None:
    build_ner(checkpoint).to_disk(tmp_path / "trained")
    target = tmp_path / "place" / "exported"
    whole, absent = killed(lambda: export(tmp_path / "trained", target, force=True), target, spacy.load)
    assert whole + absent == KILLS


def test_convert(checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "place" / "converted"
    whole, absent = killed(lambda: convert(checkpoint, target, overwrite=True), target, load_checkpoint)
    assert whole + absent == KILLS


def test_what_a_killed_process_had_set_aside_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with replacing_folder(target) as partial:
        (partial / "a").write_text("old")

    def dies_between_the_two_moves() -> None:
        replace = os.replace

        def dying(source: Path, destination: Path) -> None:
            if Path(destination) == target:
                os.kill(os.getpid(), 9)
            replace(source, destination)

        os.replace = dying  # type: ignore[assignment]
        with replacing_folder(target) as partial:
            (partial / "a").write_text("new")

    run(dies_between_the_two_moves, 30)
    assert not target.exists()
    with pytest.raises(ZeroDivisionError), replacing_folder(target) as partial:
        (partial / "a").write_text(str(1 / 0))
    assert (target / "a").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_kill_left_of_a_removed_folder_does_not_come_back(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with replacing_folder(target) as partial:
        for name in "ab":
            (partial / name).write_text("old")

    def dies_while_it_removes_the_old_folder() -> None:
        def dying(path: Path, **_: object) -> None:
            next(iter(sorted(path.rglob("a")))).unlink()
            os.kill(os.getpid(), 9)

        shutil.rmtree = dying  # type: ignore[assignment]
        with replacing_folder(target) as partial:
            (partial / "a").write_text("new")

    run(dies_while_it_removes_the_old_folder, 30)
    assert (target / "a").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2, "it was killed too late"
    shutil.rmtree(target)
    with pytest.raises(ZeroDivisionError), replacing_folder(target) as partial:
        (partial / "a").write_text(str(1 / 0))
    assert not list(tmp_path.iterdir())


def test_an_interrupt_between_the_two_moves_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "folder"
    with replacing_folder(target) as partial:
        (partial / "a").write_text("old")
    replace = os.replace

    def interrupted(source: Path, destination: Path) -> None:
        if Path(source).name.endswith(".partial"):
            raise KeyboardInterrupt
        replace(source, destination)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), replacing_folder(target) as partial:
        (partial / "a").write_text("new")
    assert (target / "a").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_nobody_clears_what_a_living_process_writes(tmp_path: Path) -> None:
    (tmp_path / ".a.b.12345678.partial").mkdir()  # left behind by another target
    with replacing(tmp_path / "a") as first:
        first.write_text("first")
        with replacing(tmp_path / "a") as second:
            second.write_text("second")
        assert first.read_text() == "first"
    assert (tmp_path / "a").read_text() == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.b.12345678.partial", "a"]
    (tmp_path / ".a.12345678.partial").mkdir()
    with replacing(tmp_path / "a") as again:
        again.write_text("again")
    assert not (tmp_path / ".a.12345678.partial").exists()
