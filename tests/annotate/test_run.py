from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_litbert.annotate.cluster import Worker
from spacy_litbert.annotate.manifest import Done, begun
from spacy_litbert.annotate.run import Expected, annotate
from spacy_litbert.annotate.shards import cut
from spacy_litbert.annotate.worker import Destination
from spacy_litbert.corpora.brat import read_brat
from spacy_litbert.corpora.docs import document_of
from spacy_litbert.corpora.document import Document, Mention, Passage, strictly
from spacy_litbert.corpora.formats import mention_items
from spacy_litbert.corpora.writers.outputs import OUTPUTS
from spacy_litbert.errors import LitBertError
from spacy_litbert.pipelines import is_installed

from ..conftest import TEXTS, build_ner
from .conftest import parts, save_ruler, write_jsonl

TEXT = "Given zinomycin. She had fits ."
ENTITIES = (Mention(6, 15, "Chemical"), Mention(25, 29, "Disease"))
PUBMED = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>Given
  zinomycin.</ArticleTitle><Abstract><AbstractText>She had fits .</AbstractText></Abstract></Article></MedlineCitation>
</PubmedArticle></PubmedArticleSet>"""
BIOC = """<collection><document><id>8</id><passage><infon key="type">title</infon><offset>0</offset>
<text>Given zinomycin.</text></passage><passage><offset>17</offset><text>She had fits .</text></passage></document>
</collection>"""


def save_span_ruler(folder: Path) -> Path:
    """Save a pipeline that finds mentions over one another, one of which is an entity with an id as well."""
    nlp = spacy.blank("en")
    patterns = [{"label": label, "pattern": text} for label, text in (("Drug", "zinomycin salt"), ("Base", "salt"))]
    nlp.add_pipe("span_ruler").add_patterns(patterns)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Drug", "pattern": "zinomycin salt", "id": "X:1"}])
    nlp.to_disk(folder)
    return folder


def rejects(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for path in sorted(folder.glob("rejects-*")) for line in path.open(encoding="utf8")]


def of_row(row: dict[str, Any]) -> Document:
    """The document of a row of Parquet."""
    mentions = (Mention(**{key: one[key] for key in one if key != "text"}) for one in row["entities"])
    return Document(row["id"], row["text"], tuple(mentions), tuple(Passage(**one) for one in row["passages"]))


def found(folder: Path, output_format: str) -> list[Document]:
    """The documents of all shards, read with the readers of their format."""
    documents: list[Document] = []
    for path in sorted(folder.glob("part-*")):
        if output_format == "docbin":
            documents += map(document_of, DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
        elif output_format == "parquet":
            import pyarrow.parquet as pq

            documents += map(of_row, pq.read_table(path).to_pylist())
        else:
            documents += read_brat(path) if path.is_dir() else strictly(mention_items(path))
    return documents


@pytest.mark.parametrize("output_format", sorted(OUTPUTS))
def test_every_format_holds_what_was_found(ruler: Path, tmp_path: Path, output_format: str) -> None:
    if output_format == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 5)
    done = annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", output_format=output_format, shard_size=2)
    assert (done.documents, done.rejected, done.words, done.entities) == (5, 0, 30, 10)
    documents = found(tmp_path / "out", output_format)
    assert documents == [Document(f"a-{i}", TEXT, ENTITIES) for i in range(5)]
    assert [m.concept_id for m in documents[0].entities] == ["MESH:C1", ""]
    assert len(list((tmp_path / "out").glob("part-*"))) == 3


def test_files_of_all_formats_in_one_folder(ruler: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(PUBMED)
    (folder / "b.xml").write_text(BIOC)
    (folder / "c.txt").write_text("9|t|Given zinomycin.\n9|a|She had fits .\n9\t0\t5\tGiven\tX\n")
    (folder / "d.txt").write_text(TEXT)
    (folder / "e.jsonl").write_text(
        json.dumps({"id": 10, "title": "Given zinomycin.", "paragraphs": ["She had fits ."]}) + "\n"
        + json.dumps({"text": TEXT}) + "\n"
    )  # fmt: skip
    (folder / "f.md").write_text("no document")
    annotate(ruler, [folder], tmp_path / "out")
    documents = found(tmp_path / "out", "jsonl")
    assert [document.id for document in documents] == ["PMID:7", "8", "9", "d", "10", "e:2"]
    assert {document.text for document in documents} == {TEXT}
    assert all(document.entities == ENTITIES for document in documents)
    assert [[p.kind for p in document.passages] for document in documents] == [
        ["title", "abstract"], ["title", ""], ["title", "abstract"], [], ["title", "paragraph"], [],
    ]  # fmt: skip


def test_what_fails_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    pipeline = save_ruler(tmp_path / "pipeline", "fails_on_boom")
    write_jsonl(tmp_path / "a.jsonl", [TEXT, "boom", "one\ttab", TEXT])
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write('{"id": 7}\n{"id": "last", "text": "It ends."}\n')
    (tmp_path / "b.xml").write_text(BIOC.replace("</document>", ""))
    (tmp_path / "c.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "d.xml").write_text(f'<?xml version="1.0" encoding="GB18030"?>{BIOC}', encoding="gb18030")
    (tmp_path / "e.xml").write_text("<collection></collection>")
    write_jsonl(tmp_path / "f.jsonl", [TEXT])
    done = annotate(pipeline, [str(tmp_path / "*.*")], tmp_path / "out", output_format="pubtator", shard_size=4)
    assert [document.id for document in found(tmp_path / "out", "pubtator")] == ["a-0", "a-3", "last", "f-0"]
    rows = rejects(tmp_path / "out")
    assert [(Path(row["file"]).name, row["id"], row["error"].split()[0]) for row in rows] == [
        ("a.jsonl", "a-1", "ArithmeticError:"),
        ("a.jsonl", "a-2", "[L624]"),
        ("a.jsonl", None, "[L401]"),
        ("b.xml", None, "[L401]"),
        ("c.jsonl.gz", None, "[L207]"),
        ("d.xml", None, "[L401]"),
        ("e.xml", None, "[L408]"),
    ]
    assert "line 5" in rows[2]["error"]
    assert (done.documents, done.rejected) == (4, 7)


def test_two_documents_of_one_name_are_not_written_over_each_other(ruler: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": 1, "text": TEXT}) + "\n" + json.dumps({"id": 1, "text": "B"}))
    assert annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", output_format="brat").rejected == 1
    assert "L415" in rejects(tmp_path / "out")[0]["error"]


def test_a_finished_run_is_left_as_it_is(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 5)
    first = annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    again = annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    assert (again.documents, again.words, again.new_words) == (first.documents, first.words, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_a_shard_that_is_gone_or_cut_is_made_again(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 8)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    expected = parts(tmp_path / "out")
    (tmp_path / "out" / "part-000001.jsonl").unlink()
    (tmp_path / "out" / "part-000003.jsonl").write_text("{")
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    assert parts(tmp_path / "out") == expected


def test_a_damaged_line_of_the_manifest_is_named_and_can_be_taken_out(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 8)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    expected = parts(tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.jsonl"
    rows = manifest.read_bytes().splitlines(keepends=True)
    for damaged in (bytes(len(rows[2]) - 1) + b"\n", b'{"shard": 1}\n', b"[]\n"):
        manifest.write_bytes(b"".join([*rows[:2], damaged, *rows[3:]]))
        with pytest.raises(LitBertError, match=r"L401.*manifest\.jsonl, line 3: .*Remove the line"):
            annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    manifest.write_bytes(b"".join([*rows[:2], *rows[3:]]))
    assert annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2).documents == 8
    assert parts(tmp_path / "out") == expected


@pytest.mark.parametrize(
    "change, words", [({"shard_size": 3}, "shard_size"), ({"output_format": "pubtator"}, "`format` is jsonl")]
)
def test_a_run_is_not_gone_on_with_otherwise(
    ruler: Path, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 5)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=2)
    with pytest.raises(LitBertError, match=f"L626.*{words}"):
        annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", **{"shard_size": 2, **change})  # type: ignore[arg-type]


def test_other_inputs_or_another_pipeline_are_refused(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 5)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
    with pytest.raises(LitBertError, match=r"L626.*pipeline"):
        annotate(save_ruler(tmp_path / "other", "sentencizer"), [tmp_path / "a.jsonl"], tmp_path / "out")
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 6)
    with pytest.raises(LitBertError, match=r"L626.*inputs"):
        annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")


@pytest.mark.parametrize(
    "settings, code",
    [
        ({"output_format": "docx"}, "L003"),
        ({"engine": "spark"}, "L003"),
        ({"n_process": 0}, "L004"),
        ({"gpus_per_worker": -1}, "L004"),
        ({"address": "auto"}, "L633"),
        ({"gpus_per_worker": 0.5}, "L633"),
    ],
)
def test_settings_are_checked_first(ruler: Path, tmp_path: Path, settings: dict[str, object], code: str) -> None:
    with pytest.raises(LitBertError, match=code):
        annotate(ruler, [tmp_path / "none.jsonl"], tmp_path / "out", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("settings, package", [({"output_format": "parquet"}, "pyarrow"), ({"engine": "ray"}, "ray")])
def test_an_extra_that_is_missing_is_named_first(
    ruler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(LitBertError, match=f"L625.*{package}.*pip install"):
        annotate(ruler, [tmp_path / "none.jsonl"], tmp_path / "out", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_worker_checks_that_it_sees_the_same_run_and_has_the_same_pipeline(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
    settings = begun(tmp_path / "out")
    assert settings is not None
    Worker(str(ruler), Destination(tmp_path / "out")).begin(settings, 0)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(LitBertError, match=r"L629.*elsewhere"):
        Worker(str(ruler), Destination(tmp_path / "elsewhere")).begin(settings, 0)
    other = save_ruler(tmp_path / "other", "sentencizer")
    with pytest.raises(LitBertError, match=r"L630.*pipeline_sha256"):
        Worker(str(other), Destination(tmp_path / "out")).begin(settings, 0)


def test_progress_says_words_a_second_and_the_time_left(
    ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 50)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out", shard_size=5, progress=True)
    last = capsys.readouterr().err.split("\r")[-1]
    assert re.search(r"300/300 \[\d\d:\d\d<00:00, .*words/s, 50 documents, 0 rejected\]", last)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_words_of_all_files_are_estimated_from_those_of_a_few_shards(
    ruler: Path, tmp_path: Path, ending: str
) -> None:
    rows = [json.dumps({"id": i, "text": f"{i * 7919 % 10007} zinomycin {i * 104729}"}) for i in range(20_000)]
    compress = gzip.compress if ending else bytes
    files = [tmp_path / f"{name}.jsonl{ending}" for name in "ab"]
    for path in files:
        path.write_bytes(compress("\n".join(rows).encode()))
    sizes = [path.stat().st_size for path in files]
    ends = [shard.end for shard in cut(files, 1000)]
    done = {i: Done(i, 1000, 0, 3000, 0, "", 0, "", end) for i, end in enumerate(ends)}
    for some in ([5, 7, 8], [30], list(done)):
        expected = Expected(sizes)
        for i in some:
            expected.add(done[i])
        assert expected.in_all == pytest.approx(120_000, rel=0.25)


def test_a_pipeline_that_is_missing_or_damaged_is_named(tmp_path: Path, ruler: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    with pytest.raises(LitBertError, match="L340"):
        annotate(tmp_path / "none", [tmp_path / "a.jsonl"], tmp_path / "out")
    damaged = save_ruler(tmp_path / "damaged")
    (damaged / "config.cfg").write_text("[nlp")
    with pytest.raises(LitBertError, match="L341"):
        annotate(damaged, [tmp_path / "a.jsonl"], tmp_path / "out")
    assert annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out").documents == 1


def test_a_path_means_the_folder_and_no_package_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("site/toy_pipeline", "site/toy_pipeline-1.0.dist-info"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "site/toy_pipeline/__init__.py").write_text("")
    information = "Metadata-Version: 2.1\nName: toy_pipeline\nVersion: 1.0\n"
    (tmp_path / "site/toy_pipeline-1.0.dist-info/METADATA").write_text(information)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    pipeline = save_ruler(Path("toy_pipeline"))
    assert is_installed(str(pipeline))
    assert annotate(pipeline, [tmp_path / "a.jsonl"], tmp_path / "out").entities == 2


def test_docs_without_a_tensor_are_written(tmp_path: Path) -> None:
    pipeline = save_ruler(tmp_path / "pipeline", "doc_cleaner")
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    done = annotate(pipeline, [tmp_path / "a.jsonl"], tmp_path / "out", output_format="docbin")
    assert (done.documents, done.entities) == (1, 2)


def test_an_encoders_vectors_are_not_written(checkpoint: Path, tmp_path: Path) -> None:
    build_ner(checkpoint, steps=3).to_disk(tmp_path / "pipeline")
    write_jsonl(tmp_path / "a.jsonl", TEXTS)
    annotate(tmp_path / "pipeline", [tmp_path / "a.jsonl"], tmp_path / "out", output_format="docbin")
    [path] = (tmp_path / "out").glob("part-*")
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
    assert [doc.text for doc in docs] == TEXTS
    names = {key[1] for doc in docs for key in doc.user_data}
    assert names == {"document_id", "passages"}


def test_threads_may_annotate_at_once(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT] * 20)
    folders = [tmp_path / f"out{i}" for i in range(3)]
    threads = [
        threading.Thread(target=annotate, args=(ruler, [tmp_path / "a.jsonl"], folder), kwargs={"shard_size": 5})
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.dumps({k: v.decode() for k, v in sorted(parts(folder).items())}) for folder in folders}) == 1


@pytest.mark.parametrize("output_format", [one for one in OUTPUTS if one != "parquet"])
def test_mentions_over_one_another_are_written(output_format: str, tmp_path: Path) -> None:
    pipeline = save_span_ruler(tmp_path / "pipeline")
    write_jsonl(tmp_path / "in.jsonl", ["Given zinomycin salt."])
    done = annotate(pipeline, [tmp_path / "in.jsonl"], tmp_path / "out", output_format=output_format, spans_key="ruler")
    assert done.entities == 2
    if output_format == "docbin":
        (path,) = (tmp_path / "out").glob("part-*")
        (doc,) = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        (read,) = [document_of(doc, "ruler")]
    else:
        (read,) = found(tmp_path / "out", output_format)
    assert set(read.entities) == {Mention(6, 20, "Drug"), Mention(16, 20, "Base")}
    assert {one.label: one.concept_id for one in read.entities} == {"Drug": "X:1", "Base": ""}
    with pytest.raises(LitBertError, match=r"L626.*spans_key"):
        annotate(pipeline, [tmp_path / "in.jsonl"], tmp_path / "out", output_format=output_format)


@pytest.mark.parametrize("output_format", OUTPUTS)
@pytest.mark.parametrize("n_process", [1, 2])
def test_names_that_are_not_utf8_are_set_aside(ruler: Path, tmp_path: Path, output_format: str, n_process: int) -> None:
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("Given zinomycin.")
    (folder / "good.txt").write_text("Given zinomycin.")
    for _ in range(2):  # and are still the same files when the run goes on
        options: dict[str, Any] = {"output_format": output_format, "n_process": n_process}
        done = annotate(ruler, [folder], tmp_path / "out", **options)
        assert (done.documents, done.rejected) == (1, 1)
    [rejected] = rejects(tmp_path / "out")
    assert rejected["id"] == os.fsdecode(b"caf\xe9")
    assert "L624" in rejected["error"]


@pytest.mark.parametrize("output_format", [one for one in OUTPUTS if one not in ("parquet", "docbin")])
def test_mentions_of_white_space_are_set_aside(tmp_path: Path, output_format: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler").add_patterns([{"label": "BREAK", "pattern": [{"IS_SPACE": True}]}])
    nlp.to_disk(tmp_path / "pipeline")
    write_jsonl(tmp_path / "in.jsonl", ["Title.\n\nText.", "Title. Text."])
    done = annotate(
        tmp_path / "pipeline", [tmp_path / "in.jsonl"], tmp_path / "out", output_format=output_format, spans_key="ruler"
    )
    [rejected] = rejects(tmp_path / "out")
    assert done.documents == 1
    assert re.search("L624.*white space", rejected["error"])


def test_a_program_without_a_guard_is_told_so(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", ["Given zinomycin."])
    program = tmp_path / "program.py"
    program.write_text(
        "from spacy_litbert.annotate.run import annotate\nfrom pathlib import Path\n"
        f"annotate({str(ruler)!r}, [{str(tmp_path / 'in.jsonl')!r}], Path({str(tmp_path / 'out')!r}), n_process=2)\n"
    )
    ended = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "L635" in ended.stderr
    assert "__main__" in ended.stderr
