"""A pipeline that loads in no time, and files of documents."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

# A run of its own, which can be killed: PIPELINE INPUT FOLDER PROCESSES ENGINE [ADDRESS]
PROGRAM = """
import sys
from pathlib import Path
from spacy_litbert.annotate.run import annotate
pipeline, corpus, folder, n_process, engine, *address = sys.argv[1:]
cluster = {"address": address[0]} if address else {}
annotate(pipeline, [corpus], Path(folder), n_process=int(n_process), shard_size=10, engine=engine, **cluster)
"""
DEADLY = "This text ends a process."


@Language.component("fails_on_boom")
def fails_on_boom(doc: Doc) -> Doc:
    if "boom" in doc.text:
        raise ArithmeticError("boom")
    return doc


def save_ruler(folder: Path, *components: str) -> Path:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([  # type: ignore[attr-defined]
        {"label": "Chemical", "pattern": "zinomycin", "id": "MESH:C1"},
        {"label": "Disease", "pattern": "fits"},
    ])  # fmt: skip
    for component in components:
        nlp.add_pipe(component)
    nlp.to_disk(folder)
    return folder


def write_jsonl(path: Path, texts: list[str]) -> Path:
    rows = [{"id": f"{path.stem}-{i}", "text": text} for i, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def parts(folder: Path) -> dict[str, bytes]:
    """What a run wrote, by the names of the files."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[:5] in ("part-", "rejec")}


def begin(
    pipeline: Path, corpus: Path, folder: Path, n_process: int, engine: str = "local", address: str | None = None
) -> subprocess.Popen[bytes]:
    arguments = [str(pipeline), str(corpus), str(folder), str(n_process), engine, *([address] if address else [])]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])


def wait_until(reached: Callable[[], object], process: subprocess.Popen[bytes] | None) -> None:
    end = time.monotonic() + 300
    while not reached() and (process is None or process.poll() is None) and time.monotonic() < end:
        time.sleep(0.005)


def n_done(folder: Path) -> int:
    manifest = folder / "manifest.jsonl"
    return manifest.read_bytes().count(b"\n") - 1 if manifest.exists() else 0


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of a manifest behind the first, by their shards."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf8").splitlines()]
    return sorted(rows[1:], key=lambda row: row["shard"])


@pytest.fixture(scope="session")
def deadly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A pipeline that kills its process over a text, and the folder of an installed package with that component."""
    code = tmp_path_factory.mktemp("deadly")
    (code / "deadly.py").write_text(
        "import os, signal\n"
        "from spacy.language import Language\n"
        "@Language.component('deadly')\n"
        "def deadly(doc):\n"
        f"    if doc.text == {DEADLY!r}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return doc\n"
    )
    information = code / "deadly-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[spacy_factories]\ndeadly = deadly:deadly\n")
    folder = tmp_path_factory.mktemp("pipeline") / "deadly"
    nlp = spacy.blank("en")
    nlp.to_disk(folder)
    config = (folder / "config.cfg").read_text("utf8")
    config = config.replace("pipeline = []", 'pipeline = ["deadly"]') + '\n[components.deadly]\nfactory = "deadly"\n'
    (folder / "config.cfg").write_text(config, encoding="utf8")
    return folder, code


@pytest.fixture(scope="session")
def ruler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_ruler(tmp_path_factory.mktemp("pipeline") / "ruler")
