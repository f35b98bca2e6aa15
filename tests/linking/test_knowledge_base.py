"""A knowledge base gives back what it was built of, finds names, and a damaged one is refused."""

from __future__ import annotations

import json
import pickle
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase

from .conftest import CONCEPTS


def test_every_concept_comes_back(kb: KnowledgeBase) -> None:
    assert len(kb) == len(CONCEPTS)
    assert {concept.concept_id: concept for concept in CONCEPTS} == {i: kb[i] for i in kb}
    assert kb.cui_to_entity["X:D1"].canonical_name == "Aspirin"


def test_a_merged_id_leads_to_its_concept(kb: KnowledgeBase) -> None:
    assert kb["X:0"].concept_id == "X:D1"
    assert "X:0" in kb
    assert "X:none" not in kb
    assert 5 not in kb
    with pytest.raises(KeyError):
        kb["X:none"]


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=10)


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3)), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_come_back_and_are_found(tmp_path: Path, names: list[tuple[str, list[str]]]) -> None:
    concepts = [
        Concept(f"N:{i}", name, tuple(alias for alias in dict.fromkeys(aliases) if alias != name))
        for i, (name, aliases) in enumerate(names)
    ]
    build(concepts, tmp_path / "kb", name="names", force=True)
    kb = KnowledgeBase(tmp_path / "kb")
    assert list(kb.concepts()) == concepts
    for concept in concepts:
        for name in concept.names:
            assert (concept.concept_id, 1.0) in kb.search(name, k=100)


@pytest.mark.parametrize(
    "text, expected, score",
    [
        ("ASPIRIN", "X:D1", 1.0),
        ("Heart failures", "X:D2", 0.99),
        ("tumor of the breast", "X:D5", 0.99),
        ("breast tumours", "X:D5", 0.98),
        ("alpha synuclein", "X:C1", 1.0),
        ("congestive hart failure", "X:D2", None),
    ],
)
def test_search_finds_a_name(kb: KnowledgeBase, text: str, expected: str, score: float | None) -> None:
    best, found = kb.search(text, 3)[0]
    assert best == expected
    assert found == score if score is not None else 0 < found <= 0.97


def test_ties_go_by_preference(kb: KnowledgeBase) -> None:
    assert kb.search("heart attack", 2) == [("X:D3", 1.0), ("Z:1", 1.0)]
    assert [i for i, _ in kb.search("MI", 2)] == ["X:D3", "X:D4"]


def test_search_keeps_to_types(kb: KnowledgeBase) -> None:
    assert all("Chemical" in kb[i].types for i, _ in kb.search("heart failure", 10, ["Chemical"]))
    assert kb.search("heart failure", 0) == []
    with pytest.raises(LitBertError, match=r"L528.*Gene.*Chemical, Disease"):
        kb.search("heart", types=["Gene"])


def test_equal_concepts_give_equal_bytes(kb_folder: Path, tmp_path: Path) -> None:
    build(reversed(CONCEPTS), tmp_path / "again", name="toy")
    for path in kb_folder.glob("*.npy"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_another_process_maps_the_same_files(kb: KnowledgeBase) -> None:
    sent = pickle.dumps(kb)
    assert len(sent) < 1000
    assert pickle.loads(sent)["X:D1"] == kb["X:D1"]


def test_only_an_earlier_knowledge_base_is_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(LitBertError, match="L218"):
        build(CONCEPTS, mine, name="toy", force=True)
    build(CONCEPTS, tmp_path / "kb", name="toy")
    with pytest.raises(LitBertError, match=r"L218.*--force"):
        build(CONCEPTS, tmp_path / "kb", name="toy")
    (tmp_path / "kb" / "notes.txt").write_text("mine")
    with pytest.raises(LitBertError, match=r"L218.*notes.txt"):
        build(CONCEPTS, tmp_path / "kb", name="toy", force=True)
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_nothing_is_left_of_a_build_that_fails(tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match="L527"):
        build([], tmp_path / "kb", name="nothing")
    with pytest.raises(UnicodeEncodeError):
        build([*CONCEPTS, Concept("X:E", "half a pair \ud800")], tmp_path / "kb", name="broken")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["postings.npy", "names.npy", "ids_starts.npy", "metadata.json"])
def test_a_changed_byte_is_found(kb_folder: Path, tmp_path: Path, name: str) -> None:
    copied = shutil.copytree(kb_folder, tmp_path / "kb")
    data = bytearray((copied / name).read_bytes())
    place = data.index(b"toy") if name == "metadata.json" else len(data) - 1
    data[place] ^= 1
    (copied / name).write_bytes(data)
    with pytest.raises(LitBertError, match="L526"):
        KnowledgeBase(copied).verify()


def test_cut_and_missing_files_are_found_at_once(kb_folder: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(kb_folder, tmp_path / "kb")
    path = copied / "forms.npy"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(LitBertError, match=r"L526.*forms.npy has"):
        KnowledgeBase(copied)
    path.unlink()
    with pytest.raises(LitBertError, match=r"L526.*forms.npy is missing"):
        KnowledgeBase(copied)
    with pytest.raises(LitBertError, match="L525"):
        KnowledgeBase(tmp_path)


def test_a_later_format_is_refused(kb_folder: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(kb_folder, tmp_path / "kb")
    metadata = json.loads((copied / "metadata.json").read_text("utf8"))
    (copied / "metadata.json").write_text(json.dumps({**metadata, "format": 99}))
    with pytest.raises(LitBertError, match=r"L526.*99"):
        KnowledgeBase(copied)


def test_search_finds_k_concepts_whatever_one_of_them_is_called(tmp_path: Path) -> None:
    many = tuple(f"alpha thing {i}" for i in range(200))
    concepts = [Concept("A:1", "alpha thing", many), Concept("A:2", "alphas things"), Concept("A:3", "thing of alpha")]
    build(concepts, tmp_path / "kb", name="many")
    assert {one for one, _ in KnowledgeBase(tmp_path / "kb").search("alpha thing", 3)} == {"A:1", "A:2", "A:3"}


def test_of_names_that_are_nearly_equal_the_nearer_comes_first(tmp_path: Path) -> None:
    letters = random.Random(0)
    name = " ".join("".join(letters.choices("abcdefghijklmnoprstu", k=6)) for _ in range(60))
    build([Concept("C:1", f"{name} 17"), Concept("C:2", f"{name} 1")], tmp_path / "kb", name="long")
    found = KnowledgeBase(tmp_path / "kb").search(f"{name} 18", 2)
    assert [score for _, score in found] == [0.97, 0.97]
    assert [one for one, _ in found] == ["C:2", "C:1"]
