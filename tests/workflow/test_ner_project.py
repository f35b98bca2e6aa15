"""projects/ner from beginning to end on its toy corpus, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy

from .conftest import NER, copy_of, run, unpack

STEPS = ("convert", "train", "store", "evaluate", "visualize", "package")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of(NER, tmp_path_factory.mktemp("repository"))
    run(copy, "toy")
    return copy


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    output = run(project, "toy")
    assert all(f"Skipping '{step}': nothing changed" in output for step in STEPS)


def test_a_changed_corpus_is_noticed(tmp_path: Path) -> None:
    copy = copy_of(NER, tmp_path / "blanks in its name")
    (copy / "toy").rename(copy / "mine")
    train = copy / "mine" / "train.jsonl"
    documents = train.read_text("utf8").splitlines(keepends=True)
    for n_documents in (24, 23):
        train.write_text("".join(documents[:n_documents]), "utf8")
        run(copy, "fetch", corpus="mine", data=".")
        assert f"train: {n_documents} documents" in run(copy, "convert", corpus="mine")
    assert "Skipping 'convert'" in run(copy, "convert", corpus="mine")


def test_the_figures_name_their_protocol(project: Path) -> None:
    result = json.loads((project / "metrics" / "toy" / "test.json").read_text())
    assert result["ents_f"] > 0
    assert set(result["ents_per_type"]) == {"Chemical", "Disease"}
    assert result["counts"]["documents"] == 10
    protocol = result["protocol"]
    assert (protocol["corpus"], protocol["split"], protocol["weights"]) == ("toy", "test", "litbert-oa-small")
    assert (protocol["seed"], protocol["peak_learning_rate"], protocol["scored_in"]) == (0, 0.001, "float32")
    assert {"digest", "match", "text", "tokenizer", "weights_sha256", "versions", "date", "machine"} <= set(protocol)


def test_the_page_shows_ten_texts(project: Path) -> None:
    page = (project / "output" / "toy" / "test.html").read_text(encoding="utf8")
    assert page.count('class="entities"') == 10
    assert "Chemical" in page


def test_the_wheel_holds_a_pipeline_that_loads_anywhere(project: Path, tmp_path: Path) -> None:
    nlp = spacy.load(unpack(project, "toy", tmp_path))
    assert nlp.meta["name"] == "litbert_ner"
    assert nlp.meta["labels"]["litbert_ner"] == ["Chemical", "Disease"]
    assert nlp.meta["performance"]["protocol"]["corpus"] == "toy"
    assert any(requirement.startswith("spacy-litbert") for requirement in nlp.meta["requirements"])
    assert "litbert-oa-small" in nlp.meta["notes"]
    assert nlp.config["paths"]["train"] is None
    text = json.loads((NER / "toy" / "train.jsonl").read_text(encoding="utf8").split("\n")[0])["text"]
    trained = spacy.load(project / "training" / "toy" / "model-stored")
    found = [[(ent.text, ent.label_, ent._.confidence) for ent in pipeline(text).ents] for pipeline in (nlp, trained)]
    assert found[0] == found[1] != []
    assert all(0 < confidence < 1 for _, _, confidence in found[0])
    assert set(nlp.get_pipe("litbert_ner").cfg["thresholds"]) == {"Chemical", "Disease"}  # fitted on dev


def test_confidences_are_measured_and_drawn(project: Path) -> None:
    result = json.loads((project / "metrics" / "toy" / "test.json").read_text())
    assert 0 <= result["calibration"]["ece"] <= 1
    assert sum(one["n"] for one in result["calibration"]["bins"]) > 0
    assert (project / "output" / "toy" / "reliability.png").read_bytes().startswith(b"\x89PNG")


def test_systems_are_compared_over_seeds(project: Path) -> None:
    steps = {"max_steps": 2, "eval_frequency": 1, "baseline_steps": 2}
    others = {"beside": "litbert-oa-small", "other_config": "configs/ner_cpu.cfg"}
    run(project, "compare", corpus="toy", seeds="0,1", lr=0.001, **others, **steps)
    tested = project / "metrics" / "toy" / "test.json"
    result = json.loads((project / "metrics" / "toy" / "compare.json").read_text())
    assert list(result["systems"]) == ["litbert", "litbert-oa-small weights", "litbert with ner_cpu", "spaCy's CNN"]
    same = [result["systems"][name]["test"] for name in ("litbert", "litbert-oa-small weights")]
    assert same[0] == same[1]
    assert result["digests"]["test"] == json.loads(tested.read_text())["protocol"]["digest"]
    assert result["systems"]["spaCy's CNN"]["settings"]["training.max_steps"] == 2
    for system in result["systems"].values():
        assert system["seeds"] == [0, 1]
        assert set(system["test"]) == {"all", "Chemical", "Disease"}
        figures = system["test"]["all"]
        assert len(figures["values"]) == 2
        assert figures["mean"] == pytest.approx(sum(figures["values"]) / 2)
    assert (project / "output" / "toy" / "compare.png").stat().st_size > 1000
    other = spacy.load(project / "training" / "toy" / "compare" / "litbert-with-ner-cpu-0" / "model-best")
    assert other.pipe_names == ["transformer", "ner", "doc_cleaner"]
    nlp = spacy.load(project / "training" / "toy" / "compare" / "spaCy-s-CNN-1" / "model-best")
    assert nlp.pipe_names == ["tok2vec", "ner"]
    assert nlp.config["system"]["seed"] == 1
    run(project, "compare", corpus="toy", seeds="0,1", lr=0.001, only="spaCy's CNN", **others, **steps)
    alone = json.loads((project / "metrics" / "toy" / "compare.json").read_text())
    assert alone["systems"] == {"spaCy's CNN": result["systems"]["spaCy's CNN"]}


def test_the_wheel_says_what_it_needs_and_holds_a_licence(project: Path, tmp_path: Path) -> None:
    unpack(project, "toy", tmp_path)
    [metadata] = tmp_path.glob("*.dist-info/METADATA")
    needs = [
        line.split(": ")[1] for line in metadata.read_text("utf8").splitlines() if line.startswith("Requires-Dist")
    ]
    assert sorted(needs) == ["spacy", "spacy-litbert<0.2.0,>=0.1.0", "spacy-transformers<1.5.0,>=1.4.0"]
    [licence] = tmp_path.glob("*.dist-info/**/LICENSE")
    assert "Apache License" in licence.read_text("utf8")[:100]
