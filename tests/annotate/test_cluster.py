"""On a real Ray: the same files as local processes write, whatever is killed and whichever engine goes on."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from spacy_litbert.annotate.run import Summary, annotate
from spacy_litbert.errors import LitBertError

from .conftest import DEADLY, begin, lines, n_done, parts, save_ruler, wait_until, write_jsonl

ray = pytest.importorskip("ray", reason="needs the extra ray")
N_DOCUMENTS, SHARD = 400, 10


@pytest.fixture(scope="module")
def cluster(deadly: tuple[Path, Path]) -> Iterator[str]:
    """The address of a Ray with two cores; its workers know the component that kills its process."""
    with pytest.MonkeyPatch.context() as patch:  # of Ray's workers alone
        patch.setenv("PYTHONPATH", str(deadly[1]), prepend=os.pathsep)
        ray.init("local", num_cpus=2, include_dashboard=False, logging_level="WARNING")
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_jsonl(folder / "a.jsonl", ["Given zinomycin, she had fits . " * 5] * N_DOCUMENTS)
    with (folder / "a.jsonl").open("a", encoding="utf8") as file:
        file.write('{"id": "no text"}\n')
    return folder


@pytest.fixture(scope="module")
def expected(ruler: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    assert annotate(ruler, [corpus], folder, shard_size=SHARD).rejected == 1
    return parts(folder)


def on_ray(pipeline: Path, corpus: Path, folder: Path, **settings: Any) -> Summary:
    return annotate(pipeline, [corpus], folder, engine="ray", n_process=2, shard_size=SHARD, **settings)


def workers() -> list[psutil.Process]:
    """The processes of Ray's workers on this machine that annotate for anybody."""
    return [one for one in psutil.process_iter(["cmdline"]) if "ray::Worker" in " ".join(one.info["cmdline"] or [])]


def check(folder: Path, expected: dict[str, bytes]) -> None:
    assert parts(folder) == expected
    assert [row["shard"] for row in lines(folder)] == list(range(len(lines(folder))))
    assert sum(row["documents"] + row["rejected"] for row in lines(folder)) == N_DOCUMENTS + 1


def test_an_address_where_nothing_answers_is_named(ruler: Path, corpus: Path, tmp_path: Path) -> None:
    assert not ray.is_initialized(), "this test comes before those that connect"
    with pytest.raises(LitBertError, match=r"L632.*nowhere"):
        on_ray(ruler, corpus, tmp_path / "out", address="nowhere")


def test_ray_writes_what_local_processes_write(
    cluster: str, ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    done = on_ray(ruler, corpus, tmp_path / "out")
    assert (done.documents, done.rejected) == (N_DOCUMENTS, 1)
    check(tmp_path / "out", expected)
    assert on_ray(ruler, corpus, tmp_path / "out").new_words == 0
    assert annotate(ruler, [corpus], tmp_path / "out", shard_size=SHARD).new_words == 0


def test_a_killed_worker_is_replaced(
    cluster: str, ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    killed = []

    def kill() -> None:
        wait_until(lambda: n_done(folder) >= 2, None)
        for worker in workers()[:1]:
            worker.kill()
            killed.append(worker)

    thread = threading.Thread(target=kill)
    thread.start()
    on_ray(ruler, corpus, folder)
    thread.join()
    assert killed
    check(folder, expected)


@pytest.mark.parametrize("first, then", [("ray", "local"), ("local", "ray"), ("ray", "ray")])
def test_a_killed_driver_is_followed_by_either_engine(
    cluster: str, ruler: Path, corpus: Path, expected: dict[str, bytes], tmp_path: Path, first: str, then: str
) -> None:
    folder = tmp_path / "out"
    process = begin(ruler, corpus, folder, 2, first, cluster if first == "ray" else None)
    wait_until(lambda: n_done(folder) >= 2, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= n_done(folder) < len(expected) - 1
    psutil.wait_procs(workers(), timeout=60)
    done = annotate(ruler, [corpus], folder, engine=then, n_process=2, shard_size=SHARD)
    assert 0 < done.new_words < done.words
    check(folder, expected)


def test_a_shard_over_which_workers_die_is_named_and_the_others_are_done(
    cluster: str, deadly: tuple[Path, Path], tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "a.jsonl", ["It goes well."] * 25 + [DEADLY])
    with pytest.raises(LitBertError, match=r"L628.*3 times.*shard 2.*'a-20'"):
        on_ray(deadly[0], tmp_path / "a.jsonl", tmp_path / "out")
    assert [row["shard"] for row in lines(tmp_path / "out")] == [0, 1]


def test_what_a_cluster_lacks_is_said(cluster: str, ruler: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L631.*1 GPU.*2 CPU, 0 GPU"):
        on_ray(ruler, corpus, tmp_path / "out", gpus_per_worker=1)
    damaged = save_ruler(tmp_path / "damaged")
    (damaged / "config.cfg").write_text("[nlp")
    with pytest.raises(LitBertError, match="L341"):
        on_ray(damaged, corpus, tmp_path / "out2")
    settings = json.loads((tmp_path / "out2" / "manifest.jsonl").read_text("utf8").splitlines()[0])
    assert settings["pipeline"] == str(damaged)
