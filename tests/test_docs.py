"""Every Python block of the README and the docs runs; every local link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "projects" / "ner" / "README.md",
    ROOT / "projects" / "textcat" / "README.md",
    ROOT / "projects" / "linking" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "page"}
    for block in BLOCK.findall(page.read_text("utf8")):
        exec(compile(block, str(page), "exec"), namespace)


def test_the_readme_has_python_that_runs() -> None:
    assert len(BLOCK.findall((ROOT / "README.md").read_text("utf8"))) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text("utf8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("module", ["table", "cluster"])
def test_the_pages_say_what_was_measured(module: str) -> None:
    subprocess.run([sys.executable, "-m", f"benchmarks.{module}", "--check"], cwd=ROOT, check=True)
