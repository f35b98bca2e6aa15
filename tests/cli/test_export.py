"""``spacy litbert export``, and pipelines that run on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.export import export
from spacy_litbert.encoder import onnx_graph
from spacy_litbert.errors import LitBertError

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
    with pytest.raises(LitBertError, match="L305"):
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
