"""``spacy litbert export``, and pipelines that run on ONNX Runtime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from packaging.requirements import Requirement
from spacy.cli.package import package
from spacy.language import Language
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.export import export
from spacy_litbert.encoder import onnx_graph
from spacy_litbert.errors import LitBertError
from spacy_litbert.packaging import set_requirements

from ..conftest import TEXTS, build_ner, examples_for


@pytest.fixture(scope="module")
def trained(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    nlp = build_ner(checkpoint, steps=30)
    nlp.meta["performance"] = {"ents_f": 0.5}
    nlp.to_disk(folder)
    return folder


def found(nlp: Language) -> list[list[tuple[str, str]]]:
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in nlp.pipe(TEXTS)]


def test_the_exported_pipeline_finds_the_same(trained: Path, tmp_path: Path) -> None:
    expected = found(spacy.load(trained))
    assert any(expected)
    assert export(trained, tmp_path / "exact", precision="float32") == ["transformer"]
    exact = spacy.load(tmp_path / "exact")
    assert found(exact) == expected
    vectors = [nlp(TEXTS[1])._.trf_data.model_output.last_hidden_state for nlp in (exact, spacy.load(trained))]
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-5


def test_the_command_says_what_it_did(trained: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(trained), str(tmp_path / "small")])
    assert result.exit_code == 0
    assert "transformer" in result.output
    assert "8-bit" in result.output
    nlp = spacy.load(tmp_path / "small")
    assert nlp.config["components"]["transformer"]["model"]["precision"] == "int8"
    assert nlp.meta["performance"] == {"ents_f": 0.5}
    found(nlp)


def test_an_exported_pipeline_needs_onnxruntime_alone(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(trained, tmp_path / "small")
    monkeypatch.setattr(onnx_graph, "build_graph", None)
    nlp = spacy.load(tmp_path / "small")
    nlp.to_disk(tmp_path / "again")
    parts = [(tmp_path / name / "transformer" / "model").read_bytes() for name in ("small", "again")]
    assert parts[0] == parts[1]


def test_a_trained_pipeline_runs_on_onnx_by_one_setting(trained: Path) -> None:
    nlp = spacy.load(trained, config={"components.transformer.model.backend": "onnx"})
    nlp.get_pipe("transformer").model.to_cpu()
    assert found(nlp) == found(spacy.load(trained))


def test_it_does_not_train(trained: Path, tmp_path: Path) -> None:
    export(trained, tmp_path / "exported")
    nlp = spacy.load(tmp_path / "exported")
    with pytest.raises(LitBertError, match=r"L307.*export"):
        nlp.update(examples_for(nlp), sgd=nlp.resume_training())


@pytest.mark.parametrize(
    "setting, value", [("backend", "torch"), ("precision", "float32")], ids=["another backend", "another precision"]
)
def test_a_graph_is_not_taken_for_something_else(trained: Path, tmp_path: Path, setting: str, value: str) -> None:
    export(trained, tmp_path / "exported")
    overrides = {f"components.transformer.model.{setting}": value}
    if setting == "backend":
        overrides["components.transformer.model.precision"] = "float32"
    with pytest.raises(LitBertError, match=rf'L315.*"int8".*`{setting} = "{value}"`'):
        spacy.load(tmp_path / "exported", config=overrides)


def test_two_processes_annotate_like_one(trained: Path) -> None:
    nlp = spacy.load(trained, config={"components.transformer.model.backend": "onnx"})
    expected = found(nlp)
    docs = list(nlp.pipe(TEXTS, n_process=2, batch_size=2))
    assert [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs] == expected


def test_a_pipeline_without_litbert_is_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    result = CliRunner().invoke(app, ["export", str(tmp_path / "other"), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "L311" in result.output
    assert not (tmp_path / "out").exists()


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(*arguments: object) -> str:
    """What ``export`` prints when it refuses; with --force as well."""
    outputs = []
    for force in ([], ["--force"]):
        result = CliRunner().invoke(app, ["export", *map(str, arguments), *force])
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert "L218" in result.output
        outputs.append(result.output)
    return outputs[1]


def test_it_never_replaces_what_it_did_not_write(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    spacy.load(trained).to_disk(tmp_path / "other")
    (tmp_path / "file").write_text("a file")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    before = held(tmp_path)
    for name in ("mine", "other", "file", "link"):
        refused(trained, tmp_path / name)
    assert held(tmp_path) == before


def test_it_never_touches_its_source(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    pipeline = project / "training" / "model-best"
    shutil.copytree(trained, pipeline)
    before = held(project)
    (tmp_path / "same").symlink_to(project)
    for target in (pipeline, pipeline.parent, project, tmp_path / "same"):
        assert "the source lies in it" in refused(pipeline, target)
    assert "which the command reads or makes" in refused(pipeline, pipeline / "transformer")
    assert "which the command reads or makes" in refused(pipeline, pipeline / "onnx")
    monkeypatch.chdir(pipeline)
    assert "the source lies in it" in refused(".", "..")
    assert held(project) == before


def test_an_earlier_export_is_replaced_by_force_unless_something_was_added(trained: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()  # an empty folder is as good as none
    export(trained, output)
    with pytest.raises(LitBertError, match=r"L218.*--force"):
        export(trained, output)
    export(trained, output, precision="float32", force=True)
    assert spacy.load(output).config["components"]["transformer"]["model"]["precision"] == "float32"
    (output / "notes.txt").write_text("mine")
    with pytest.raises(LitBertError, match=r"L218.*notes\.txt"):
        export(trained, output, force=True)
    assert (output / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_packaged_export_says_what_it_needs(trained: Path, tmp_path: Path) -> None:
    nlp = spacy.load(trained)
    nlp.meta.update(version="1.0.0", license="MIT", requirements=["spacy>=3.8.18,<3.9.0", "pandas>=2"])
    nlp.to_disk(tmp_path / "trained")
    export(tmp_path / "trained", tmp_path / "out")
    package(tmp_path / "out", tmp_path, create_sdist=False, require_parent=True)  # as the command line has it
    [folder] = tmp_path.glob("en_pipeline-*")
    meta = json.loads((folder / "meta.json").read_text("utf8"))
    names = [Requirement(one) for one in meta["requirements"]]
    assert sorted(one.name for one in names) == ["pandas", "spacy", "spacy-litbert", "spacy-transformers"]
    assert {one.name: one.extras for one in names}["spacy-litbert"] == {"onnx"}
    assert {one.name: str(one.specifier) for one in names}["spacy-litbert"] == "<0.2.0,>=0.1.0"
    assert meta["spacy_version"] == ">=3.8.2,<3.9.0"
    assert (folder / "LICENSE").read_text("utf8").startswith("MIT License")


def test_requirements_that_are_no_longer_valid_stay() -> None:
    meta: dict[str, Any] = {"requirements": ["foo>=1.0.*", "Spacy_LitBERT[onnx]>=0.1.*", "spacy >=3.0.*", "pandas"]}
    set_requirements(meta, onnx=False)
    own, others = meta["requirements"][:2], meta["requirements"][2:]
    assert [Requirement(one).name for one in own] == ["spacy", "spacy-litbert"]
    assert others == ["foo>=1.0.*", "pandas"]


def test_a_licence_of_its_own_stays(trained: Path, tmp_path: Path) -> None:
    source = shutil.copytree(trained, tmp_path / "source")
    (source / "LICENSE").write_text("all mine", "utf8")
    export(source, tmp_path / "out")
    assert (tmp_path / "out" / "LICENSE").read_text("utf8") == "all mine"
    meta = json.loads((source / "meta.json").read_text("utf8"))
    (source / "meta.json").write_text(json.dumps({**meta, "license": "CC BY-NC 4.0"}), "utf8")
    (source / "LICENSE").unlink()
    export(source, tmp_path / "again")
    assert not (tmp_path / "again" / "LICENSE").exists()
