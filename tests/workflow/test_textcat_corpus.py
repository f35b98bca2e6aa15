"""How projects/textcat gets its texts: from public files or a copy of one's own, checked, converted."""

from __future__ import annotations

import json
import re
import zipfile
from hashlib import md5
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import spacy
import srsly
from configure import for_labels
from fetch_texts import fetch_texts
from public import HALLMARKS, read_chemprot, read_hallmarks
from spacy.tokens import DocBin
from spacy.util import load_config

from spacy_litbert.corpora.labelled_text import labels_digest, read_labelled_texts
from spacy_litbert.errors import LitBertError

from ..conftest import load_script
from .conftest import TEXTCAT

CONFIGS = TEXTCAT / "configs"
SPLITS = ("train", "dev", "test")


def script(name: str) -> ModuleType:
    """A script whose name projects/ner has as well."""
    return load_script(TEXTCAT / "scripts" / f"{name}.py")


convert = script("convert").convert


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def row(number: int, **cats: int) -> dict[str, Any]:
    return {"id": str(number), "text": f"Text {number}.", "cats": cats}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with one corpus, `mini`, on record and in `data`."""
    folder = tmp_path / "project"
    folder.mkdir()
    splits = {}
    for i, split in enumerate(SPLITS):
        path = write(tmp_path / "data" / "mini" / f"{split}.jsonl", row(2 * i, x=1, y=0), row(2 * i + 1, x=0, y=1))
        splits[split] = {"digest": labels_digest(read_labelled_texts(path))}
    srsly.write_json(folder / "corpora.json", {"mini": {"splits": splits}})
    srsly.write_yaml(folder / "project.yml", {"assets": []})
    return folder


def run(project: Path) -> None:
    fetch_texts("mini", str(project.parent / "data"), project)
    convert("mini", CONFIGS / "textcat_cpu.cfg", project)


def test_texts_become_docs_with_cats(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(project)
    assert "in train as well" not in capsys.readouterr().out
    folder = project / "corpus" / "mini"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{s}.{e}" for s in SPLITS for e in ("jsonl", "spacy")
    )
    docs = list(DocBin().from_disk(folder / "dev.spacy").get_docs(spacy.blank("en").vocab))
    assert [(doc.text, doc.cats) for doc in docs] == [
        ("Text 2.", {"x": 1.0, "y": 0.0}),
        ("Text 3.", {"x": 0.0, "y": 1.0}),
    ]


@pytest.mark.parametrize(
    "split, rows, message",
    [
        ("dev", [row(2, x=1, y=1)], r"L405.*not the dev split of mini.*1 texts with 2 labels"),
        ("dev", [row(2, x=1, y=0, z=0)], r"L605.*dev\.jsonl.*train split: z\."),
        ("train", [row(0, x=1, y=0)], r"L606.*train split has the label 'y'"),
        ("dev", [row(2, x=0, y=0)], r"L612.*dev\.jsonl"),
    ],
)
def test_what_does_not_fit_is_an_error(project: Path, split: str, rows: list[Any], message: str) -> None:
    write(project.parent / "data" / "mini" / f"{split}.jsonl", *rows)
    with pytest.raises(LitBertError, match=message):
        run(project)
    assert not (project / "corpus").exists()


def test_a_text_that_spacy_would_not_read_is_refused(project: Path) -> None:
    srsly.write_json(project / "corpora.json", {})  # of a corpus of one's own nothing is on record
    long = {**row(4, x=1, y=0), "text": "a " * 500_001}
    write(project.parent / "data" / "mini" / "test.jsonl", long, row(5, x=0, y=1))
    with pytest.raises(LitBertError, match=r"L418.*'4'.*1,000,002"):
        run(project)
    assert not (project / "corpus").exists()


def test_a_corpus_without_public_address_needs_data(project: Path) -> None:
    with pytest.raises(LitBertError, match=r"L604.*'sentence_roles'.*hoc_doc, chemprot"):
        fetch_texts("sentence_roles", "", project)


def test_public_files_have_addresses_pinned_to_a_commit() -> None:
    assets = srsly.read_yaml(TEXTCAT / "project.yml")["assets"]
    assert {asset["dest"].split("/")[2] for asset in assets} == {"hoc_doc", "chemprot"}
    assert all(re.search(r"/[0-9a-f]{40}[/.]", asset["url"]) for asset in assets)


def hallmarks(folder: Path) -> None:
    """The public form of Hallmarks of Cancer, with twenty training abstracts, one to test and one in neither file."""
    folder.mkdir(parents=True)
    lines = {str(i): [f"First sentence of {i} .", f"Second sentence of {i} ."] for i in range(22)}
    with zipfile.ZipFile(folder / "hallmarks.zip", "w") as archive:
        for name in ("repository-main/", "repository-main/text/", "repository-main/labels/"):
            archive.writestr(name, "")  # as archives of repositories begin
        for text_id, sentences in lines.items():
            archive.writestr(f"repository-main/text/{text_id}.txt", "\n".join(sentences) + "\n")
            mark = "Resisting cell death--Apoptosis AND Cellular energetics--" if text_id == "20" else " "
            archive.writestr(f"repository-main/labels/{text_id}.txt", f"< <{mark}< ")
        archive.writestr("repository-main/README.md", "text/")
    files = {"train": range(20), "test": range(20, 21)}
    for split, ids in files.items():
        text = "\n\n".join(f"{sentence}\tempty" for i in ids for sentence in lines[str(i)])
        (folder / f"{split}.tsv").write_text(text, encoding="utf8")


def test_hallmarks_are_read_from_their_public_files(tmp_path: Path) -> None:
    hallmarks(tmp_path / "public")
    splits = read_hallmarks(tmp_path / "public")
    assert [len(splits[split]) for split in SPLITS] == [18, 2, 1]
    assert {text.id for text in splits["dev"]} == set(
        sorted(map(str, range(20)), key=lambda i: md5(i.encode()).hexdigest())[:2]
    )
    [test] = splits["test"]
    assert (test.id, test.text) == ("20", "First sentence of 20 . Second sentence of 20 .")
    assert test.positive == ("resisting_cell_death", "cellular_energetics")
    assert test.labels == tuple(HALLMARKS)


def test_public_files_are_downloaded_once(project: Path, tmp_path: Path) -> None:
    hallmarks(tmp_path / "public")
    names = ("hallmarks.zip", "train.tsv", "test.tsv")
    assets = [{"dest": f"assets/public/hoc_doc/{name}", "url": str(tmp_path / "public" / name)} for name in names]
    srsly.write_yaml(project / "project.yml", {"assets": assets})
    fetch_texts("hoc_doc", "", project)
    for name in names:
        (tmp_path / "public" / name).unlink()
    fetch_texts("hoc_doc", "", project)
    found = {split: len(read_labelled_texts(project / "assets" / "hoc_doc" / f"{split}.jsonl")) for split in SPLITS}
    assert found == {"train": 18, "dev": 2, "test": 1}


def test_chemprot_is_read_from_its_public_files(tmp_path: Path) -> None:
    for split in SPLITS:
        write(tmp_path / f"{split}.jsonl", {"text": f"<< a >> [[ b ]] {split}", "label": split.upper(), "metadata": []})
    splits = read_chemprot(tmp_path)
    [dev] = splits["dev"]
    assert (dev.id, dev.text, dev.labels, dev.positive) == (
        "dev-0",
        "<< a >> [[ b ]] dev",
        ("DEV", "TEST", "TRAIN"),
        ("DEV",),
    )


def test_a_damaged_download_is_an_error(tmp_path: Path) -> None:
    hallmarks(tmp_path / "public")
    (tmp_path / "public" / "hallmarks.zip").write_bytes(b"no archive")
    with pytest.raises(LitBertError, match=r"L609.*hallmarks\.zip"):
        read_hallmarks(tmp_path / "public")
    write(tmp_path / "train.jsonl", {"text": "no label"})
    with pytest.raises(LitBertError, match=r"L609.*train\.jsonl.*line 1"):
        read_chemprot(tmp_path)


@pytest.mark.parametrize("name", ["textcat.cfg", "textcat_bow.cfg", "textcat_ensemble.cfg"])
def test_a_config_is_made_for_either_kind_of_labels(name: str) -> None:
    original = load_config(CONFIGS / name)
    exclusive = for_labels(load_config(CONFIGS / name), exclusive=True)
    pipeline = ["textcat" if name == "textcat_multilabel" else name for name in original["nlp"]["pipeline"]]
    assert exclusive["nlp"]["pipeline"] == pipeline
    assert exclusive["components"]["textcat"]["factory"] == "textcat"
    nlp = spacy.util.load_model_from_config(exclusive, auto_fill=False, validate=True)
    assert nlp.get_pipe("textcat").model.attrs["multi_label"] is False
    assert for_labels(exclusive, exclusive=False) == original
