"""A name encoder learns synonyms, resumes exactly, and gives what it saves."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel

from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.names import train as training
from spacy_litbert.names.encoder import NameEncoder
from spacy_litbert.names.loss import multi_similarity
from spacy_litbert.names.synonyms import Synonyms
from spacy_litbert.names.train import NameSettings, train_names

from ..linking.conftest import CONCEPTS

NAMES = ["heart attack", "MI", "", "α-synuclein", "a " * 200, "tumour of the breast"]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    folder = tmp_path_factory.mktemp("kb") / "toy"
    build(CONCEPTS, folder, name="toy")
    return KnowledgeBase(folder)


@pytest.fixture(scope="module")
def quick(checkpoint: Path) -> NameSettings:
    return NameSettings(start=str(checkpoint), steps=10, concepts=6, learning_rate=1e-2)


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> NameEncoder:
    return NameEncoder.load(checkpoint)


def test_vectors_are_unit_and_depend_on_the_name_alone(encoder: NameEncoder) -> None:
    vectors = encoder.encode(NAMES)
    assert vectors.shape == (len(NAMES), encoder.width)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for name, vector in zip(NAMES, vectors):
        np.testing.assert_allclose(encoder.encode([name])[0], vector, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.width)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_any_text_has_a_vector(encoder: NameEncoder, names: list[str]) -> None:
    assert np.isfinite(encoder.encode(names)).all()


def test_a_long_name_is_read_to_its_end(encoder: NameEncoder) -> None:
    first, second = encoder.encode(["a " * 300 + "lithium", "a " * 300 + "toxic"])
    assert not np.allclose(first, second)


def test_a_saved_encoder_gives_the_same(encoder: NameEncoder) -> None:
    expected = encoder.encode(NAMES)
    for copy in (NameEncoder.from_bytes(encoder.to_bytes()), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(copy.encode(NAMES), expected)
        assert copy.fingerprint == encoder.fingerprint


def test_damaged_bytes_and_an_unknown_precision_are_refused(encoder: NameEncoder, checkpoint: Path) -> None:
    data = bytearray(encoder.to_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(LitBertError, match="L312"):
        NameEncoder.from_bytes(bytes(data))
    with pytest.raises(LitBertError, match="L310"):
        NameEncoder.load(checkpoint, precision="int8")  # type: ignore[arg-type]


def test_the_loss_falls_as_synonyms_come_closer() -> None:
    concepts, forms = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    near = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]]), dim=1)
    apart = near[[0, 2, 1, 3]]
    assert multi_similarity(near, concepts, forms) < multi_similarity(apart, concepts, forms)
    # Names that are written alike are no pair, whatever they stand for.
    assert multi_similarity(near[[0, 0]], torch.tensor([0, 1]), torch.tensor([5, 5])) == 0


def test_batches_follow_from_seed_and_step(kb: KnowledgeBase) -> None:
    synonyms = Synonyms(kb, None)
    one, same, other = synonyms.batch(6, 0, 3), synonyms.batch(6, 0, 3), synonyms.batch(6, 0, 4)
    assert one.names == same.names != other.names
    assert len(one.names) == 12
    for i in range(0, 12, 2):
        assert one.concepts[i] == one.concepts[i + 1]
        assert one.forms[i] != one.forms[i + 1]
    diseases = Synonyms(kb, frozenset(["Disease"]))
    assert {kb.types_of(number) for number in diseases.batch(6, 0, 0).concepts.tolist()} == {("Disease",)}


def test_a_knowledge_base_without_synonyms_is_refused(tmp_path: Path) -> None:
    build([Concept("X:1", "one"), Concept("X:2", "two", ("deux",))], tmp_path / "kb", name="toy")
    with pytest.raises(LitBertError, match="L540"):
        Synonyms(KnowledgeBase(tmp_path / "kb"), None)


def test_synonyms_come_closer(kb: KnowledgeBase, quick: NameSettings, tmp_path: Path) -> None:
    assert train_names(kb, tmp_path / "names", replace(quick, steps=30))
    assert not (tmp_path / "names.run").exists()
    pairs = ["heart attack", "myocardial infarction", "kidney failure", "renal insufficiency"]

    def margin(encoder: NameEncoder) -> float:
        similar = encoder.encode(pairs) @ encoder.encode(pairs).T
        return float(similar[0, 1] + similar[2, 3] - similar[0, 2] - similar[1, 3])

    assert margin(NameEncoder.load(tmp_path / "names")) > margin(NameEncoder.load(quick.start)) + 0.3
    assert AutoModel.from_pretrained(tmp_path / "names").config.hidden_size == 32
    assert "self-alignment" in (tmp_path / "names" / "README.md").read_text("utf8")


def test_a_stopped_training_goes_on_as_if_nothing_had_happened(
    kb: KnowledgeBase, quick: NameSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_names(kb, tmp_path / "whole", quick)
    step = training._Trainer._step

    def stopped(self: training._Trainer, number: int) -> float:
        if number == 4:
            self.request_stop()
        return step(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(training._Trainer, "_step", stopped)
        assert not train_names(kb, tmp_path / "parts", quick)
    assert not (tmp_path / "parts").exists()
    with pytest.raises(LitBertError, match="L504"):
        train_names(kb, tmp_path / "parts", quick)
    with pytest.raises(LitBertError, match="L505"):
        train_names(kb, tmp_path / "parts", replace(quick, seed=1), resume=True)
    assert train_names(kb, tmp_path / "parts", quick, resume=True)
    assert (tmp_path / "parts" / "model.safetensors").read_bytes() == (
        tmp_path / "whole" / "model.safetensors"
    ).read_bytes()
    with pytest.raises(LitBertError, match="L218"):
        train_names(kb, tmp_path / "parts", quick)


def test_a_folder_beside_it_with_files_of_others_is_left_alone(
    kb: KnowledgeBase, quick: NameSettings, tmp_path: Path
) -> None:
    (tmp_path / "names.run").mkdir()
    (tmp_path / "names.run" / "notes.txt").write_text("mine")
    with pytest.raises(LitBertError, match=r"L218.*names\.run.*notes\.txt"):
        train_names(kb, tmp_path / "names", quick)
    assert (tmp_path / "names.run" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["checkpoint-best", "checkpoint-500", "checkpoint-00000010"])
def test_a_folder_of_another_training_is_left_alone(
    kb: KnowledgeBase, quick: NameSettings, tmp_path: Path, name: str
) -> None:
    theirs = tmp_path / "names.run" / name / "pytorch_model.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    for resume in (False, True):
        with pytest.raises(LitBertError, match=rf"L218.*names\.run.*{name}"):
            train_names(kb, tmp_path / "names", quick, resume=resume)
    assert theirs.read_text() == "mine"


def test_what_it_starts_from_is_not_replaced(
    kb: KnowledgeBase, quick: NameSettings, checkpoint: Path, tmp_path: Path
) -> None:
    mine = Path(shutil.copytree(checkpoint, tmp_path / "mine"))
    with pytest.raises(LitBertError, match=r"L218.*the source lies in it"):
        train_names(kb, mine, replace(quick, start=str(mine)), force=True)


def test_a_training_that_diverges_ends_and_keeps_what_was_saved_before(
    kb: KnowledgeBase, quick: NameSettings, tmp_path: Path
) -> None:
    step = training._Trainer._step

    def broken(self: training._Trainer, number: int) -> float:
        loss = step(self, number)
        if number == 3:
            with torch.no_grad():
                next(self.bert.parameters()).fill_(float("nan"))
        return loss

    for steps, problem in ((40, "a weight"), (60, "the loss")):
        run = tmp_path / f"{steps}.run"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training._Trainer, "_step", broken)
            with pytest.raises(LitBertError, match=rf"L509.*step 4 {problem}"):
                train_names(kb, tmp_path / str(steps), replace(quick, steps=steps))
        assert not list(run.glob("checkpoint-*4"))
    assert not (tmp_path / "40").exists()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("learning_rate", -0.01, "L004"),
        ("learning_rate", float("nan"), "L004"),
        ("seed", -1, "L007"),
        ("seed", 1 << 40, "L007"),
    ],
)
def test_settings_that_can_not_be(quick: NameSettings, name: str, value: float, code: str) -> None:
    with pytest.raises(LitBertError, match=f"{code}.*`{name}`"):
        replace(quick, **{name: value})
