"""Names of weights: bundled, folders, and hub ids, on a hub of our own and on none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from huggingface_hub import constants

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.checkpoints.resolve import bundled_names, resolve
from spacy_litbert.errors import LitBertError

from .bioformer import FILES, write_bioformer

NAME = "bioformers/bioformer-8L"
ROOT = Path(__file__).parent.parent.parent


def test_every_bundled_name_loads() -> None:
    assert "litbert-oa-small" in bundled_names()
    for name in bundled_names():
        assert load_checkpoint(resolve(name)).limit == 512


def test_a_folder_is_itself(checkpoint: Path) -> None:
    assert resolve(str(checkpoint)) == checkpoint


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a hub, and the folder with its models."""
    command = [sys.executable, "-m", "tests.checkpoints.hub", str(tmp_path / "hub")]
    log = (tmp_path / "log").open("w")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), tmp_path / "hub"
        process.terminate()


def _python(
    code: str, tmp_path: Path, *, timeout: float | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that knows nothing of this machine's own cache."""
    variables = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, timeout=timeout)


RESOLVE = f"from spacy_litbert.checkpoints.resolve import resolve; print(resolve({NAME!r}), end='')"


def _fetch(tmp_path: Path, **environment: str) -> tuple[Path, list[str]]:
    """The folder of ``NAME`` and its files."""
    run = _python(RESOLVE, tmp_path, **environment)
    assert run.returncode == 0, run.stderr
    folder = Path(run.stdout)
    return folder, sorted(path.name for path in folder.iterdir())


def test_a_hub_id_is_fetched_once_and_then_needs_no_hub(
    tmp_path: Path, hub: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, models = hub
    write_bioformer(models / NAME)
    folder, files = _fetch(tmp_path, HF_ENDPOINT=address)
    assert files == FILES
    assert (tmp_path / "cache") in folder.parents
    assert load_checkpoint(folder).limit == 48
    # From here on there is no hub, only its cache.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache" / "hub"))
    assert resolve(NAME) == folder
    assert convert(NAME, tmp_path / "target").kind == "pytorch"
    nlp = spacy.blank("en")
    settings = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": NAME, "overlap": 8}
    nlp.add_pipe("transformer", config={"model": settings})
    nlp.initialize()
    assert len(nlp("Aspirin " * 100)._.trf_data.wordpieces.strings) > 1


def test_pickles_are_not_fetched_where_there_are_safetensors(tmp_path: Path, hub: tuple[str, Path]) -> None:
    address, models = hub
    folder = write_bioformer(models / NAME)
    for name in ("model.safetensors", "training_args.bin"):
        (folder / name).write_bytes(b"x")
    _, files = _fetch(tmp_path, HF_ENDPOINT=address)
    assert files == ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]


def test_a_model_that_the_hub_does_not_have(tmp_path: Path, hub: tuple[str, Path]) -> None:
    missing = _python(RESOLVE, tmp_path, HF_ENDPOINT=hub[0])
    assert "[L201]" in missing.stderr.strip().split("\n")[-1]


def test_a_name_without_a_slash_never_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def called(*arguments: object, **options: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("spacy_litbert.checkpoints.resolve.snapshot_download", called)
    monkeypatch.setattr("spacy_litbert.checkpoints.resolve.HfApi", called)
    with pytest.raises(LitBertError, match=r"L229.*litbert-oa-small.*Did you mean 'litbert-oa-small'"):
        resolve("litbert-ao-small")
    for name in ("", "xyz", "bert-base-cased"):
        with pytest.raises(LitBertError, match=r"L229.*\(litbert-oa-small\)\. A model on the hub.*owner/name@revision"):
            load_checkpoint(name)


def test_a_revision_can_be_pinned(tmp_path: Path, hub: tuple[str, Path]) -> None:
    address, models = hub
    write_bioformer(models / NAME)
    code = RESOLVE.replace(NAME, f"{NAME}@v1.0")
    run = _python(code, tmp_path, HF_ENDPOINT=address)
    assert (Path(run.stdout) / "vocab.txt").is_file(), run.stderr
    asked = (tmp_path / "log").read_text()
    assert f"/api/models/{NAME}/revision/v1.0" in asked
    assert "main" not in asked


def test_a_hub_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run = _python(RESOLVE, tmp_path, HF_ENDPOINT=address, HF_HUB_ETAG_TIMEOUT="1", timeout=60)
    last = run.stderr.strip().split("\n")[-1]
    assert "[L201]" in last
    assert f"{address} can't be reached (ReadTimeout)" in last


def test_a_hub_that_is_not_there_is_said_in_plain_words(tmp_path: Path) -> None:
    run = _python(RESOLVE, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    last = run.stderr.strip().split("\n")[-1]
    assert "can't be reached (ConnectionError)" in last
    assert "HTTPConnectionPool" not in run.stderr


@pytest.mark.parametrize(
    "name, reason",
    [
        (NAME, "HF_HUB_OFFLINE is set"),
        ("no such folder/at all/x", "owner/name"),
        ("/no/such/folder", "owner/name"),
    ],
)
def test_offline_and_unknown_is_one_clear_error_at_once(name: str, reason: str, tmp_path: Path) -> None:
    code = f"""
import time
from spacy_litbert.checkpoints.resolve import resolve
started = time.monotonic()
try:
    resolve({name!r})
finally:
    print(time.monotonic() - started)
"""
    started = time.monotonic()
    run = _python(code, tmp_path, HF_HUB_OFFLINE="1")
    assert time.monotonic() - started < 60
    assert float(run.stdout) < 2
    last = run.stderr.strip().split("\n")[-1]
    assert "[L201]" in last
    assert repr(name) in last
    assert reason in last
    assert "litbert-oa-small" in last
    assert run.stderr.count("Traceback") == 1
    assert "huggingface_hub" not in run.stderr
