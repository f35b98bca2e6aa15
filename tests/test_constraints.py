"""The constraints files: what they are said to install can be resolved with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "constraints, extra",
    [("constraints.txt", "test"), ("constraints-scispacy.txt", "scispacy")],
)
def test_an_extra_can_be_resolved(constraints: str, extra: str) -> None:
    if "scispacy" in extra and sys.version_info >= (3, 13):
        pytest.skip("scispaCy has no release for this Python")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--disable-pip-version-check", "--constraint", constraints, f".[{extra}]"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
