"""The Python of docs/scispacy.md runs where all of these libraries are installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "scispacy.md"
BLOCK = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_runs_from_top_to_bottom() -> None:
    for module in ("scispacy.linking", "pysbd", "negspacy.negation", "medspacy.context"):
        pytest.importorskip(module)
    namespace: dict[str, object] = {"__name__": "page"}
    for block in BLOCK.findall(PAGE.read_text("utf8")):
        exec(compile(block, str(PAGE), "exec"), namespace)
