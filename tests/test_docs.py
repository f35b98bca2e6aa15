"""Every Python block of the README and the docs runs; every local link leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from weasel.util.config import parse_config_overrides

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
RUN = re.compile(r"spacy project run ([^`#\n]+)")
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


@pytest.mark.parametrize("project", ["linking", "ner", "pretrain", "textcat"])
def test_the_runs_in_the_readme_of_a_project_are_of_steps_and_variables_that_it_has(project: str) -> None:
    folder = ROOT / "projects" / project
    has = srsly.read_yaml(folder / "project.yml")
    steps = {*has["workflows"], *(command["name"] for command in has["commands"])}
    runs = [shlex.split(run) for run in RUN.findall((folder / "README.md").read_text("utf8"))]
    assert runs
    for step, *arguments in runs:
        assert step in steps
        options = [argument for argument in arguments if argument not in (".", "--force")]
        overrides = parse_config_overrides(list(options))
        assert {name.removeprefix("vars.") for name in overrides} <= {*has["vars"]}
        assert [str(value) for value in overrides.values()] == options[1::2]  # such that weasel leaves as they are


@pytest.mark.parametrize("module", ["table", "cluster"])
def test_the_pages_say_what_was_measured(module: str) -> None:
    subprocess.run([sys.executable, "-m", f"benchmarks.{module}", "--check"], cwd=ROOT, check=True)
