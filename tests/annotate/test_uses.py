"""Annotating as users do it: pipelines that give categories, slips, folders and files that are something else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_litbert.annotate.run import annotate
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.errors import LitBertError

from .conftest import parts, save_ruler, write_jsonl

TEXT = "Given zinomycin. She had fits ."


@Language.component("sorts")
def sorts(doc: Doc) -> Doc:
    doc.cats = {"long": len(doc) / 10, "odd": float("nan") if "unknowable" in doc.text else 0.5}
    return doc


@Language.component("sometimes")
def sometimes(doc: Doc) -> Doc:
    if "fits" in doc.text:
        doc.spans["own"] = [doc[0:1]]
    if "set" in doc.text:
        doc.spans["own"].attrs["by"] = {"me"}
    return doc


def rejects(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for path in sorted(folder.glob("rejects-*")) for line in path.open(encoding="utf8")]


def categories(folder: Path, output_format: str) -> list[dict[str, float]]:
    if output_format == "docbin":
        docs = DocBin().from_disk(folder / "part-000000.spacy").get_docs(spacy.blank("en").vocab)
        return [doc.cats for doc in docs]
    if output_format == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return [dict(one) for one in parquet.read_table(folder / "part-000000.parquet")["cats"].to_pylist()]
    rows = map(json.loads, (folder / "part-000000.jsonl").open(encoding="utf8"))
    return [row.get("cats", {}) for row in rows]


@pytest.mark.parametrize("output_format", ["jsonl", "parquet", "docbin"])
def test_categories_are_written(ruler: Path, tmp_path: Path, output_format: str) -> None:
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    for name, pipeline in (("with", save_ruler(tmp_path / "sorting", "sorts")), ("without", ruler)):
        done = annotate(pipeline, [corpus], tmp_path / name, output_format=output_format)
        assert (done.documents, done.entities) == (1, 2)
    assert categories(tmp_path / "with", output_format) == [{"long": 0.7, "odd": 0.5}]
    assert categories(tmp_path / "without", output_format) == [{}]


def test_documents_with_categories_are_read_as_others(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    annotate(save_ruler(tmp_path / "sorting", "sorts"), [corpus], tmp_path / "out")
    [document] = read_jsonl(tmp_path / "out" / "part-000000.jsonl")
    assert [one.label for one in document.entities] == ["Chemical", "Disease"]


def test_a_score_that_is_no_number_is_set_aside(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT, "It is unknowable."])
    done = annotate(save_ruler(tmp_path / "sorting", "sorts"), [corpus], tmp_path / "out")
    assert (done.documents, done.rejected) == (1, 1)
    assert "L624" in rejects(tmp_path / "out")[0]["error"]
    assert "'odd'" in rejects(tmp_path / "out")[0]["error"]


def test_spans_that_no_file_can_hold_cost_one_document(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT, f"A set: {TEXT}"])
    pipeline = save_ruler(tmp_path / "pipeline", "sometimes")
    done = annotate(pipeline, [corpus], tmp_path / "out", output_format="docbin")
    assert (done.documents, done.rejected) == (1, 1)
    assert "L624" in rejects(tmp_path / "out")[0]["error"]
    assert "'own'" in rejects(tmp_path / "out")[0]["error"]


@pytest.mark.parametrize("n_process", [1, 2])
def test_a_key_of_no_spans_ends_the_run_at_once(tmp_path: Path, n_process: int) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", ["Some gout.", TEXT, TEXT, "More gout."])
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "own"})
    ruler.add_patterns([{"label": "Disease", "pattern": "gout"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "pipeline")
    options: dict[str, Any] = {"shard_size": 2, "n_process": n_process}
    with pytest.raises(LitBertError, match=r"L634.*`onw`.*'own'.*--spans"):
        annotate(tmp_path / "pipeline", [corpus], tmp_path / "out", spans_key="onw", **options)
    assert "part-000000.jsonl" not in parts(tmp_path / "out")


def test_after_a_slip_the_right_key_is_taken(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", ["Some gout.", TEXT, "More gout."])
    pipeline = save_ruler(tmp_path / "pipeline", "sometimes")
    with pytest.raises(LitBertError, match="L634"):
        annotate(pipeline, [corpus], tmp_path / "out", spans_key="onw", shard_size=2)
    done = annotate(pipeline, [corpus], tmp_path / "out", spans_key="own", shard_size=2)
    assert (done.documents, done.rejected) == (1, 2)  # a document without the group is set aside
    assert {"L634" in one["error"] for one in rejects(tmp_path / "out")} == {True}


@pytest.mark.parametrize("content", ['{"name": "my corpus"}', '{"name": "my corpus"}\n', "5\n", "5", "[]\n", "spacy"])
def test_a_manifest_of_the_users_is_left_as_it_is(ruler: Path, tmp_path: Path, content: str) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.jsonl").write_text(content, "utf8")
    with pytest.raises(LitBertError, match=r"L218.*manifest\.jsonl is not that of annotations"):
        annotate(ruler, [corpus], tmp_path / "out")
    assert (tmp_path / "out" / "manifest.jsonl").read_text("utf8") == content


@pytest.mark.parametrize("length", [0, 5, 30])
def test_a_manifest_that_a_killed_run_left_unfinished_is_gone_on_with(ruler: Path, tmp_path: Path, length: int) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    annotate(ruler, [corpus], tmp_path / "out")
    manifest, expected = tmp_path / "out" / "manifest.jsonl", parts(tmp_path / "out")
    manifest.write_bytes(manifest.read_bytes()[:length])
    annotate(ruler, [corpus], tmp_path / "out")
    assert parts(tmp_path / "out") == expected


def test_inputs_that_are_no_files_are_refused_at_once(ruler: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "dead.jsonl").symlink_to(tmp_path / "gone.jsonl")
    for name, message in (("pipe", "L225.*a pipe"), ("dead", "L224")):
        with pytest.raises(LitBertError, match=f"{message}|{name}.*{message}"):
            annotate(ruler, [tmp_path / f"{name}.jsonl"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
