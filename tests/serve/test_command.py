"""The command: bad settings are one line, and nobody needs FastAPI who serves nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from ..cli.test_errors import invoke, only_line

CHECK = """
import sys
for name in ("fastapi", "starlette", "uvicorn"):
    sys.modules[name] = None  # as if it were not installed
import spacy_litbert, spacy_litbert.cli
"""


def test_the_package_does_without_the_extra() -> None:
    subprocess.run([sys.executable, "-c", CHECK], check=True)


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("spacy_litbert.serve.run.find_spec", lambda name: None if name == missing else name)
    line = only_line(invoke("serve", "anything"))
    assert "[L625]" in line
    assert missing in line
    assert "spacy-litbert[serve]" in line


@pytest.mark.parametrize("option", ["--max-characters", "--max-texts", "--timeout", "--queue", "--batch-size"])
def test_a_setting_that_cannot_be(option: str) -> None:
    line = only_line(invoke("serve", "anything", option, 0))
    assert "[L004]" in line
    assert option.strip("-").replace("-", "_") in line


def test_a_pipeline_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    assert "[L340]" in only_line(invoke("serve", tmp_path / "nowhere", "--port", 0))


@pytest.mark.parametrize("host, port", [("127.0.0.1", 70_000), ("192.0.2.1", 0), ("a" * 70, 0)])
def test_an_address_that_cannot_be(host: str, port: int) -> None:
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    line = only_line(invoke("serve", "anything", "--host", host, "--port", port))
    assert "[L647]" in line
    assert host in line


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    spacy.blank("en").to_disk(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = only_line(invoke("serve", tmp_path, "--port", port))
    assert "[L647]" in line
    assert str(port) in line


def test_a_gpu_that_is_not_there() -> None:
    line = only_line(invoke("serve", "anything", "--port", 0, "--gpu-id", 77))
    assert "[L006]" in line
    assert "GPU 77" in line
