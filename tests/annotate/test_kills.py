"""Real kills: nothing is lost, nothing is there twice, and the next run ends with what an undisturbed one writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from spacy_litbert.annotate.run import annotate

from .conftest import DEADLY, PROGRAM, begin, lines, n_done, parts, wait_until, write_jsonl


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("corpus") / "a.jsonl", ["Given zinomycin, she had fits . " * 5] * 400)


@pytest.fixture(scope="module")
def expected(ruler: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    assert annotate(ruler, [corpus], folder, shard_size=10).documents == 400
    return parts(folder)


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes of a server that forks them."""
    children = psutil.Process(process.pid).children() if process.poll() is None else []
    return [worker for child in children for worker in child.children()]


@pytest.mark.parametrize(
    "n_process, moment, n_workers",
    [(1, 1, 0), (2, 3, 0), (2, 20, 0), (2, 3, 1), (2, 1, 2), (2, 3, 2), (2, 20, 2)],
)
def test_a_killed_driver_and_its_workers(
    ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path, n_process: int, moment: int, n_workers: int
) -> None:
    folder = tmp_path / "out"
    process = begin(ruler, corpus, folder, n_process)
    wait_until(lambda: n_done(folder) >= moment, process)
    left = workers(process)
    for worker in left[:n_workers]:
        worker.kill()
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


@pytest.mark.parametrize("moment", [1, 2, 20])
def test_killed_workers(ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path, moment: int) -> None:
    folder = tmp_path / "out"
    process = begin(ruler, corpus, folder, 2)
    wait_until(lambda: n_done(folder) >= moment, process)
    victims = workers(process)[:1]
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)
    assert process.wait(300) == 0
    assert victims
    assert parts(folder) == expected
    assert [row["shard"] for row in lines(folder)] == list(range(40))


def test_a_shard_over_which_workers_die_is_named_and_the_others_are_done(
    deadly: tuple[Path, Path], tmp_path: Path
) -> None:
    pipeline, code = deadly
    write_jsonl(tmp_path / "a.jsonl", ["It goes well."] * 25 + [DEADLY])
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(pipeline), str(tmp_path / "a.jsonl"), str(tmp_path / "out"), "2", "local"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(code), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "[L628] A worker died 3 times over the shard 2, whose first document is 'a-20'" in run.stderr
    assert [row["shard"] for row in lines(tmp_path / "out")] == [0, 1]
