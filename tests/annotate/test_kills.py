"""Real kills: nothing is lost, nothing is there twice, and the next run ends with what an undisturbed one writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from spacy_litbert.annotate.run import annotate

from .conftest import parts, write_jsonl

PROGRAM = """
import sys
from pathlib import Path
from spacy_litbert.annotate.run import annotate
annotate(sys.argv[1], [sys.argv[2]], Path(sys.argv[3]), n_process=int(sys.argv[4]), shard_size=10)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("corpus") / "a.jsonl", ["Given zinomycin, she had fits . " * 5] * 400)


@pytest.fixture(scope="module")
def expected(ruler: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    assert annotate(ruler, [corpus], folder, shard_size=10).documents == 400
    return parts(folder)


def begin(ruler: Path, corpus: Path, folder: Path, n_process: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(ruler), str(corpus), str(folder), str(n_process)])


def wait_until(reached: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 300
    while not reached() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


def n_done(folder: Path) -> int:
    manifest = folder / "manifest.jsonl"
    return manifest.read_bytes().count(b"\n") - 1 if manifest.exists() else 0


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes of a server that forks them."""
    children = psutil.Process(process.pid).children() if process.poll() is None else []
    return [worker for child in children for worker in child.children()]


def lines(folder: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf8").splitlines()]
    return sorted(rows[1:], key=lambda row: row["shard"])


@pytest.mark.parametrize("n_process, moment", [(1, 1), (2, 3)])
def test_a_killed_driver(
    ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path, n_process: int, moment: int
) -> None:
    folder = tmp_path / "out"
    process = begin(ruler, corpus, folder, n_process)
    wait_until(lambda: n_done(folder) >= moment, process)
    left = workers(process)
    process.kill()
    process.wait()
    assert moment <= n_done(folder) < 40
    assert bool(left) == (n_process > 1)
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not alive, "workers end with their driver"
    with (folder / "manifest.jsonl").open("ab") as manifest:
        manifest.write(b'{"shard": 39, "docum')  # a line that was being written
    done = annotate(ruler, [corpus], folder, shard_size=10)
    assert done.documents == 400
    assert 0 < done.new_words < done.words
    assert parts(folder) == expected
    assert [row["shard"] for row in lines(folder)] == list(range(40))
    assert not list(folder.glob(".*")), "nothing half-written is left over"


def test_killed_workers(ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    process = begin(ruler, corpus, folder, 2)
    wait_until(lambda: n_done(folder) >= 2, process)
    victims = workers(process)[:1]
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)
    assert process.wait(300) == 0
    assert victims
    assert parts(folder) == expected
    assert [row["shard"] for row in lines(folder)] == list(range(40))
