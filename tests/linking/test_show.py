"""What a knowledge base says of a concept and finds for a name, for people and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.kb import kb_build
from spacy_litbert.cli.kb_show import kb_search, kb_show
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.knowledge_base import KnowledgeBase


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["kb", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_concept_is_shown(kb_folder: Path) -> None:
    shown = run("show", kb_folder, "X:0", "X:D3")
    assert "X:D1  Aspirin\n" in shown
    assert "acetylsalicylic acid | ASA" in shown
    for text in ("A drug.", "D02.1", "Y:1", "X:0", "2010-01-01"):
        assert text in shown


def test_what_is_shown_as_json_can_be_built_of(kb_folder: Path, tmp_path: Path) -> None:
    kb = KnowledgeBase(kb_folder)
    concepts = json.loads(run("show", kb_folder, *kb, "--json"))
    (tmp_path / "again.jsonl").write_text("".join(f"{json.dumps(concept)}\n" for concept in concepts))
    again = kb_build(tmp_path / "again", [tmp_path / "again.jsonl"])
    assert list(again.concepts()) == list(kb.concepts())


def test_names_are_searched_for(kb_folder: Path) -> None:
    assert run("search", kb_folder, "heart attacks", "-k", 2).splitlines() == [
        "0.990  X:D3  Myocardial Infarction  (Disease)",
        "0.990  Z:1  heart attack  (Disease)",
    ]
    found = json.loads(run("search", kb_folder, "lithium", "--type", "Chemical", "-k", 1, "--json"))
    assert [(one["concept_id"], one["score"]) for one in found] == [("X:D7", 1.0)]
    assert found == kb_search(kb_folder, "lithium", types=["Chemical"], k=1)
    assert kb_search(kb_folder, "€€€") == []


def test_unknown_ids_types_and_folders(kb_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L537.*'X:7'"):
        kb_show(kb_folder, ["X:D1", "X:7"])
    with pytest.raises(LitBertError, match="L528"):
        kb_search(kb_folder, "x", types=["Gene"])
    with pytest.raises(LitBertError, match="L525"):
        kb_show(tmp_path, ["X:D1"])
    assert CliRunner().invoke(app, ["kb", "search", str(kb_folder), "x", "-k", "0"]).exit_code == 2
