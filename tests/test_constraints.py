"""The constraints of the environment beside scispaCy can be kept; these tests run in that of constraints.txt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="scispaCy has no release for this Python")
def test_scispacy_can_be_resolved() -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--disable-pip-version-check", "--constraint", "constraints-scispacy.txt", ".[scispacy]"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
