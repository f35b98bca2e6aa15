"""SIGTERM and Ctrl-C: what was accepted is answered, and nothing new is accepted."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from .conftest import connect, wait_until

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx", reason="it is an extra of the tests")

# Texts are written down when they are annotated, and annotated when a file is there.
PROGRAM = """
import sys, time
from pathlib import Path
from spacy.language import Language
from spacy_litbert.serve.run import serve
from spacy_litbert.serve.settings import Settings

folder = Path(sys.argv[1])

@Language.component("slow")
def slow(doc):
    with (folder / "annotated").open("a") as file:
        print(doc.text, file=file)
    while not (folder / "open").exists():
        time.sleep(0.01)
    return doc

serve(folder / "pipeline", Settings(), port=0)
"""


@Language.component("slow")
def slow(doc: Doc) -> Doc:
    """Stand-in for the one of the program, so that a pipeline with it can be saved."""
    return doc


@contextmanager
def service(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    nlp = spacy.blank("en")
    nlp.add_pipe("slow")
    nlp.to_disk(folder / "pipeline")
    (folder / "annotated").touch()
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", process.stdout.readline())
            assert found
            yield process, found[0]
        finally:
            process.kill()


def annotated(folder: Path) -> list[str]:
    return (folder / "annotated").read_text().splitlines()


def is_refused(address: str) -> bool:
    try:
        connect(address).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_answered(tmp_path: Path, number: signal.Signals) -> None:
    with service(tmp_path) as (process, address), ThreadPoolExecutor(20) as pool:

        def ask(i: int) -> httpx.Response:
            return httpx.post(f"{address}/annotate", json={"texts": [f"text {i}"] * 3}, timeout=300, trust_env=False)

        accepted = [pool.submit(ask, 0)]
        wait_until(lambda: annotated(tmp_path))
        accepted += [pool.submit(ask, i) for i in range(1, 20)]
        wait_until(lambda: httpx.get(f"{address}/health", trust_env=False).json()["waiting"] == 19)
        process.send_signal(number)
        wait_until(lambda: is_refused(address))
        (tmp_path / "open").touch()
        for i, one in enumerate(accepted):
            assert [row["text"] for row in one.result().json()["documents"]] == [f"text {i}"] * 3
        assert process.wait(300) == 0
        assert process.stdout is not None
        assert "Stopped" in process.stdout.read()


def test_nothing_is_lost_under_load(tmp_path: Path) -> None:
    (tmp_path / "open").touch()
    answered: list[str] = []

    def ask_on(address: str, client_number: int) -> None:
        with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
            for i in range(100_000):
                text = f"text {client_number} {i}"
                try:
                    response = client.post("/annotate", json={"text": text})
                except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                    return
                assert response.status_code == 200
                assert response.json()["text"] == text
                answered.append(text)

    with service(tmp_path) as (process, address), ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask_on, address, i) for i in range(8)]
        wait_until(lambda: len(answered) > 100 or any(client.done() for client in clients))
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0
        for client in clients:
            client.result()
    assert sorted(answered) == sorted(annotated(tmp_path))


def test_a_signal_when_nobody_asks(tmp_path: Path) -> None:
    with service(tmp_path) as (process, address), connect(address) as idle:
        idle.sendall(b"POST /annotate HTTP/1.1\r\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0  # not as late as the last answers may be
