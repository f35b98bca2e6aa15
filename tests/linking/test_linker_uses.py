"""Uses of litbert_linker that its settings do not name: changes while it works, odd trainings, gold of another time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import NumpyOps, get_current_ops, set_current_ops

from spacy_litbert.errors import LitBertError
from spacy_litbert.linking import ranker
from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import NIL, Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase

from .conftest import CONCEPTS
from .test_linker import TEXTS, examples, linker_of, links, with_ruler


@pytest.fixture
def nlp(kb_folder: Path) -> Language:
    return with_ruler(kb_folder)


def numbered(folder: Path, letter: str, n: int, names: list[str]) -> KnowledgeBase:
    concepts = [Concept(f"{letter}:{i:03}", name, (), ("Chemical",)) for i, name in enumerate([*names, "other"][-n:])]
    build(concepts, folder, name=letter)
    return KnowledgeBase(folder)


def test_a_knowledge_base_may_be_set_while_threads_link(tmp_path: Path) -> None:
    names = [f"substance {i} x" for i in range(40)]
    first, second = numbered(tmp_path / "a", "A", 41, names), numbered(tmp_path / "b", "B", 20, names)
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Chemical", "pattern": name} for name in names])  # type: ignore[attr-defined]
    nlp.add_pipe("litbert_linker", config={"kb": str(tmp_path / "a"), "types": {"Chemical": ["Chemical"]}})
    texts = [f"{name} was bought" for name in names]
    linker = linker_of(nlp)
    answers = {text: set() for text in texts}  # type: dict[str, set[str]]
    for kb in (first, second):
        linker.set_kb(kb)
        for text in texts:
            answers[text].add(nlp(text).ents[0].kb_id_)

    def change() -> None:
        for i in range(60):
            linker.set_kb((first, second)[i % 2])
            linker.top = 1 + i % 2

    def link() -> None:
        for text in texts * 3:
            assert nlp(text).ents[0].kb_id_ in answers[text]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(3) as pool:
            for done in [pool.submit(work) for work in (change, link, link)]:
                done.result()
    finally:
        sys.setswitchinterval(interval)
    linker.set_kb(second)
    assert nlp(texts[30]).ents[0].kb_id_[0] == "B"


class OnDevice(np.ndarray[Any, Any]):
    """An array that stands for one on a GPU."""


class DeviceOps(NumpyOps):
    """Ops whose arrays know where they are, as CuPy's do."""

    def asarray2f(self, data: Any, *, dtype: Any = "float32") -> Any:
        return np.asarray(data, dtype).view(OnDevice)

    def to_numpy(self, data: Any, *, byte_order: str | None = None) -> Any:
        return np.asarray(data)


def test_the_ranker_computes_where_spacy_does(kb_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = ranker._forward_standardise

    def on_device(model: Any, X: Any, is_train: bool) -> Any:
        assert isinstance(X, OnDevice)
        return forward(model, X, is_train)

    monkeypatch.setattr(ranker, "_forward_standardise", on_device)
    before = get_current_ops()
    set_current_ops(DeviceOps())
    try:
        nlp = with_ruler(kb_folder)
        linker_of(nlp).train(examples(nlp), epochs=3)
        scores = linker_of(nlp).model.predict([np.zeros((2, ranker.n_features(linker_of(nlp).model)), np.float32)])
        assert [type(one) for one in scores] == [np.ndarray]
        assert nlp("aspirin").ents[0]._.kb_ents
    finally:
        set_current_ops(before)


def test_gold_ids_count_as_the_concepts_they_were_merged_into(nlp: Language) -> None:
    expected = nlp.evaluate(examples(nlp))["nel_micro_f"]
    gold = examples(nlp)
    for example in gold:
        for token in example.reference:
            if token.ent_kb_id_ == "X:D1":
                token.ent_kb_id_ = "X:0"
    assert expected > 0.5
    assert nlp.evaluate(gold)["nel_micro_f"] == expected


def test_gold_entities_without_ids_do_not_count(nlp: Language) -> None:
    gold = examples(nlp)
    expected = nlp.evaluate([one for one in gold if "Mitral" not in one.reference.text])["nel_micro_f"]
    for example in gold:
        for token in example.reference if "Mitral" in example.reference.text else ():
            token.ent_kb_id_ = ""
    assert nlp.evaluate(gold)["nel_micro_f"] == expected


def test_a_training_begins_with_the_threshold_of_the_settings(nlp: Language) -> None:
    linker = linker_of(nlp)
    linker.threshold = 1.0
    linker.train(examples(nlp), epochs=10)
    assert linker.threshold == 0.0
    assert nlp("aspirin").ents[0].kb_id_ == "X:D1"


@pytest.mark.parametrize("settings", [{"epochs": -1}, {"epochs": 1.5}, {"learn_rate": 0}, {"learn_rate": float("nan")}])
def test_trainings_that_cannot_be(nlp: Language, settings: dict[str, Any]) -> None:
    with pytest.raises(LitBertError, match=rf"L004.*{next(iter(settings))}"):
        linker_of(nlp).train(examples(nlp), **settings)


def test_held_out_texts_are_looked_at_before_the_training(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    linker = linker_of(nlp)
    monkeypatch.setattr(linker, "initialize", lambda *_: pytest.fail("it was trained"))
    with pytest.raises(LitBertError, match="L531"):
        linker.train(examples(nlp), [Example(nlp.make_doc("x"), nlp.make_doc("x"))])


@pytest.mark.parametrize("threshold", [-0.1, 7, float("nan")])
def test_thresholds_that_cannot_be(nlp: Language, threshold: float) -> None:
    with pytest.raises(LitBertError, match=r"L005.*threshold"):
        linker_of(nlp).threshold = threshold


def test_a_diverged_training_is_not_kept(nlp: Language, tmp_path: Path) -> None:
    linker = linker_of(nlp)
    linker.train(examples(nlp), epochs=2)
    nlp.to_disk(tmp_path)
    with pytest.raises(LitBertError, match="L314"), np.errstate(all="ignore"):
        linker.train(examples(nlp), epochs=20, learn_rate=1e38)
    with pytest.raises(LitBertError, match=r"L314.*litbert_linker"):
        nlp.to_disk(tmp_path)
    assert links(spacy.load(tmp_path)("aspirin"))


def test_dropout_is_that_of_the_update_alone(nlp: Language) -> None:
    linker = linker_of(nlp)
    linker.initialize(lambda: examples(nlp))

    def rates() -> list[float]:
        return [node.attrs["dropout_rate"] for node in linker.model.walk() if "dropout_rate" in node.attrs]

    own = rates()
    linker.update(examples(nlp), drop=0.9)
    assert rates() == own


def test_linkers_of_several_labels_leave_each_others_links(kb_folder: Path, tmp_path: Path) -> None:
    build([Concept("D:1", "anaemia", (), ("Disease",))], tmp_path / "other", name="other")
    nlp = with_ruler(kb_folder, types={"Disease": []})
    second = {"kb": str(tmp_path / "other"), "types": {"Chemical": []}}
    nlp.add_pipe("litbert_linker", "of_diseases", config=second)
    doc = nlp("Anaemia after aspirin; a wurble.")
    assert [ent.kb_id_ for ent in doc.ents][:2] == ["D:1", "X:D1"]
    assert all(ent._.kb_ents for ent in doc.ents[:2])
    assert [ent.kb_id_ for ent in with_ruler(kb_folder, types={"Disease": []})("anaemia").ents] == [NIL]


def test_spans_may_come_from_a_generator(nlp: Language) -> None:
    doc = nlp(TEXTS[0])
    assert linker_of(nlp).rank(doc, (ent for ent in doc.ents)) == linker_of(nlp).rank(doc, doc.ents)


def saved(nlp: Language, folder: Path) -> Path:
    linker_of(nlp).train(examples(nlp), epochs=2)
    nlp.to_disk(folder)
    return folder


def flip(folder: Path) -> None:
    path = folder / "name_forms.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 0x40
    path.write_bytes(data)


OVERRIDES: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "an encoder that is not there": ("L229", lambda base: {"name_encoder": "nowhere"}),
    "types that nothing has": ("L528", lambda base: {"types": {"Chemical": ["chemical"]}}),
    "a damaged knowledge base": ("L526", lambda base: {"kb": str(base)}),
}


@pytest.mark.parametrize("what", OVERRIDES)
def test_overrides_that_do_not_fit_are_refused_at_load(kb_folder: Path, tmp_path: Path, what: str) -> None:
    build([*CONCEPTS, Concept("X:9", "Gold", (), ("Chemical",))], tmp_path / "kb", name="other")
    flip(tmp_path / "kb")
    folder = saved(with_ruler(kb_folder, types={"Chemical": ["Chemical"]}), tmp_path / "pipeline")
    code, settings = OVERRIDES[what]
    overrides = {f"components.litbert_linker.{key}": value for key, value in settings(tmp_path / "kb").items()}
    with pytest.raises(LitBertError, match=code) as raised:
        spacy.load(folder, config=overrides)
    assert "L532" not in str(raised.value)


def test_a_linker_that_cannot_be_packed_leaves_what_was_saved(
    kb_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(with_ruler(kb_folder), tmp_path / "pipeline")
    build(CONCEPTS[:3], tmp_path / "smaller", name="smaller")
    other = with_ruler(tmp_path / "smaller", name_encoder="nowhere")
    with pytest.raises(LitBertError, match="L229"):
        linker_of(other).to_disk(folder / "litbert_linker")
    assert links(spacy.load(folder)("aspirin"))
