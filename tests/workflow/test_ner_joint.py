"""One recognizer from several corpora, as `spacy project run joint` makes it: here two of invented abstracts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.util import load_config

from spacy_litbert.corpora.docs import id_of
from spacy_litbert.ner.annotation import ANNOTATED

from .conftest import NER, copy_of, run, unpack

LABELS = {"chemicals": "Chemical", "diseases": "Disease"}


def invent(project: Path, name: str, label: str) -> None:
    """A corpus of the toy's abstracts that annotates one label, and calls it by its own name."""
    for split in ("train", "dev", "test") if name == "chemicals" else ("train", "test"):
        rows = list(srsly.read_jsonl(project / "toy" / f"{split}.jsonl"))
        for row in rows:
            row["id"] = f"{name}-{row['id']}"
            row["entities"] = [{**one, "label": f"{label}_"} for one in row["entities"] if one["label"] == label]
        folder = project / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        srsly.write_jsonl(folder / f"{split}.jsonl", rows)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of(NER, tmp_path_factory.mktemp("repository"))
    for name, label in LABELS.items():
        invent(copy, name, label)
    renamed = {f"{label}_": label for label in LABELS.values()}
    srsly.write_json(
        copy / "corpora.json",
        {
            "chemicals": {"title": "Invented chemicals", "terms": "MIT", "labels": renamed},
            "diseases": {"labels": renamed, "held_out": 3, "splits": {"train": {}, "test": {}}},
        },
    )
    config = load_config(copy / "configs" / "litbert_ner_joint.cfg")
    for split in ("train", "dev"):
        config["corpora"][split]["corpora"] = {
            name: {"path": f"corpus/{name}/{split}.spacy", "labels": [label]} for name, label in LABELS.items()
        }
    config["corpora"]["train"]["exclude"] = [f"corpus/{name}/dev.spacy" for name in LABELS]
    config["training"].update(eval_frequency=20)
    config.to_disk(copy / "configs" / "two.cfg")
    run(copy, "joint", joint_config="configs/two.cfg", data="data", joint_steps=40, joint_precision="float32", lr=0.001)
    return copy


def test_dev_texts_say_what_was_annotated_in_them(project: Path) -> None:
    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(project / "corpus" / "joint" / "dev.spacy").get_docs(nlp.vocab))
    marks = {(str(id_of(doc)).split("-")[0], *(span.label_ for span in doc.spans[ANNOTATED])) for doc in docs}
    assert marks == set(LABELS.items())
    assert all({ent.label_ for ent in doc.ents} <= {span.label_ for span in doc.spans[ANNOTATED]} for doc in docs)


def test_a_corpus_without_a_dev_split_gets_one_of_its_train_split(project: Path) -> None:
    rows = {
        split: list(srsly.read_jsonl(project / "corpus" / "diseases" / f"{split}.jsonl")) for split in ("train", "dev")
    }
    assert sorted(row["id"] for split in rows.values() for row in split) == sorted(
        row["id"] for row in srsly.read_jsonl(project / "data" / "diseases" / "train.jsonl")
    )
    assert 0 < len(rows["dev"]) < len(rows["train"])


def test_each_corpus_is_scored_for_its_own_labels(project: Path) -> None:
    result = json.loads((project / "metrics" / "joint" / "test.json").read_text())
    assert {name: set(figures["ents_per_type"]) for name, figures in result["corpora"].items()} == {
        name: {label} for name, label in LABELS.items()
    }
    assert set(result["ents_per_type"]) == set(LABELS.values())
    assert result["protocol"]["trained_on"] == [*LABELS]
    assert result["ents_f"] > 0.5


def test_several_seeds_are_scored_as_the_packaged_one_is(project: Path) -> None:
    settings = {"joint_config": "configs/two.cfg", "joint_steps": 40, "joint_precision": "float32", "lr": 0.001}
    run(project, "compare-joint", seeds="0,1", **settings)
    result = json.loads((project / "metrics" / "joint" / "compare.json").read_text())
    packaged = json.loads((project / "metrics" / "joint" / "test.json").read_text())
    [system] = result["systems"].values()
    assert system["test"]["all"]["values"][0] == pytest.approx(100 * packaged["ents_f"])
    for name in LABELS:
        assert system["test"][name]["values"][0] == pytest.approx(100 * packaged["corpora"][name]["ents_f"])
        assert len(system["dev"][name]["values"]) == 2
    made = {path: path.stat().st_mtime_ns for path in project.glob("training/joint/compare/*/model-best/meta.json")}
    assert len(made) == 2
    run(project, "compare-joint", seeds="0,1", **settings)
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_the_wheel_names_all_its_corpora(project: Path, tmp_path: Path) -> None:
    nlp = spacy.load(unpack(project, "joint", tmp_path))
    assert nlp.meta["description"].endswith("Trained on Invented chemicals; diseases.")
    assert [source["name"] for source in nlp.meta["sources"]] == ["Invented chemicals", "diseases"]
    assert set(nlp.get_pipe("litbert_ner").cfg["thresholds"]) == set(LABELS.values())
    # Whoever trains it further names files of their own.
    reader = nlp.config["corpora"]["train"]
    assert (reader["@readers"], reader["path"]) == ("spacy.Corpus.v1", "${paths.train}")
    assert "corpora" not in nlp.config["paths"]
