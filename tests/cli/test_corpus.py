"""``spacy litbert corpus`` and ``spacy litbert annotate``, as a user calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.corpora.docs import document_of

from ..annotate.conftest import save_ruler, write_jsonl

PUBTATOR = "{0}|t|On p70IkB\n{0}|a|It rose.\n{0}\t3\t6\tp70\tGene\tG1\n{0}\t13\t17\trose\tChange\n"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())


def test_corpus_files_become_a_docbin(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for i in range(2):
        (tmp_path / "in" / f"{i}.pubtator").write_text(PUBTATOR.format(i))
    code, said = run("corpus", tmp_path / "in", tmp_path / "a.spacy", "--limit", 50)
    assert code == 0
    assert "2 documents, 10 tokens, 4 mentions" in said
    assert "2 mentions (50.00 %) lie off the token boundaries" in said
    assert "0: On ⟦p70⟧IkB It rose." in said
    documents = [document_of(doc) for doc in DocBin().from_disk(tmp_path / "a.spacy").get_docs(spacy.blank("en").vocab)]
    assert [document.id for document in documents] == ["0", "1"]
    assert [passage.kind for passage in documents[0].passages] == ["title", "abstract"]


def test_too_much_off_the_tokens_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pubtator").write_text(PUBTATOR.format(1))
    code, _ = run("corpus", tmp_path / "a.pubtator", tmp_path / "a.spacy")
    assert code == 1
    assert not (tmp_path / "a.spacy").exists()


@pytest.mark.parametrize("content", ["plain text", "", "<PubmedArticleSet/>"])
def test_mere_text_is_no_corpus(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    (tmp_path / "b.xml").write_text("<article/>")
    for name in ("a.txt", "b.xml"):
        assert run("corpus", tmp_path / name, tmp_path / "a.spacy")[0] == 1


def test_annotate_says_what_it_did(tmp_path: Path) -> None:
    pipeline = save_ruler(tmp_path / "ruler")
    path = write_jsonl(tmp_path / "a.jsonl", ["Given zinomycin."] * 3)
    code, said = run("annotate", pipeline, path, tmp_path / "out", "--engine", "local", "--quiet")
    assert code == 0
    assert "3 documents, 3 entities, 6 words" in said
    with path.open("a") as file:
        file.write("{")
    code, said = run("annotate", pipeline, path, tmp_path / "out2", "--format", "pubtator", "--quiet")
    assert code == 3
    assert "1 documents are set aside" in said
