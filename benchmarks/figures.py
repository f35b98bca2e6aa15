"""The results as they lie in ``benchmarks/results``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def exists(name: str) -> bool:
    """Return whether there is a result of this name."""
    return _path(name).is_file()


def read(name: str) -> dict[str, Any]:
    """Return the result of this name."""
    figures: dict[str, Any] = json.loads(_path(name).read_text("utf8"))
    return figures


def _path(name: str) -> Path:
    return ROOT / "benchmarks" / "results" / f"{name}.json"
