"""Names of weights: bundled, folders, and hub ids that need no network to fail."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.checkpoints.resolve import bundled_names, resolve


def test_every_bundled_name_loads() -> None:
    assert "litbert-tiny" in bundled_names()
    for name in bundled_names():
        assert load_checkpoint(resolve(name)).limit == 512


def test_a_folder_is_itself(checkpoint: Path) -> None:
    assert resolve(str(checkpoint)) == checkpoint


@pytest.mark.parametrize("name", ["bioformers/bioformer-8L", "no such folder/at all/x", ""])
def test_offline_and_unknown_is_one_clear_error_at_once(name: str) -> None:
    code = f"from spacy_litbert.checkpoints.resolve import resolve; resolve({name!r})"
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"HF_HUB_OFFLINE": "1", "PATH": ""}
    )
    assert time.monotonic() - started < 60
    last = run.stderr.strip().split("\n")[-1]
    assert "[L201]" in last
    assert repr(name) in last
    assert "litbert-tiny" in last
