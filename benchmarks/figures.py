"""The results as they lie in ``benchmarks/results``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def read(name: str) -> dict[str, Any]:
    """Return the result of this name."""
    figures: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf8"))
    return figures
