"""Damaged checkpoint folders end in coded errors, or load the same by every road. FUZZ_N: how many, by default 60."""

from __future__ import annotations

import os
from pathlib import Path

from .checkpoints import fuzz


def test_damages(tmp_path: Path) -> None:
    n = int(os.environ.get("FUZZ_N", "60"))
    counts, faults = fuzz(n, tmp_path)
    assert not faults, "\n".join(faults)
    assert counts["accepted"] < n
