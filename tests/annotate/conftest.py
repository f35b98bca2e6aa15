"""A pipeline that loads in no time, and files of documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc


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


@pytest.fixture(scope="session")
def ruler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_ruler(tmp_path_factory.mktemp("pipeline") / "ruler")
