"""What litbert_linker saves, what comes back, and what a config may say otherwise when it is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept

from .conftest import CONCEPTS
from .test_linker import TEXTS, examples, linker_of, links, with_ruler


@pytest.fixture(scope="module")
def trained(kb_folder: Path) -> Language:
    nlp = with_ruler(kb_folder)
    linker_of(nlp).train(examples(nlp), examples(nlp), epochs=30)
    return nlp


@pytest.mark.parametrize("copy_kb", [True, False])
def test_a_saved_pipeline_links_the_same(trained: Language, kb_folder: Path, tmp_path: Path, copy_kb: bool) -> None:
    expected = [links(doc) for doc in trained.pipe(TEXTS)]
    linker_of(trained).copy_kb = copy_kb
    trained.to_disk(tmp_path / "pipeline")
    assert (tmp_path / "pipeline" / "litbert_linker" / "kb").exists() == copy_kb
    moved = shutil.move(tmp_path / "pipeline", tmp_path / "moved")
    loaded = spacy.load(moved)
    assert [links(doc) for doc in loaded.pipe(TEXTS)] == expected
    loaded.to_disk(moved)  # over itself
    assert [links(doc) for doc in spacy.load(moved).pipe(TEXTS)] == expected


def test_bytes_refer_to_the_knowledge_base(trained: Language, kb_folder: Path) -> None:
    fresh = with_ruler(None)
    linker_of(fresh).from_bytes(linker_of(trained).to_bytes())
    assert links(fresh(TEXTS[0])) == links(trained(TEXTS[0]))


def test_damage_is_found_when_a_pipeline_is_loaded(trained: Language, tmp_path: Path) -> None:
    linker_of(trained).copy_kb = True
    trained.to_disk(tmp_path)
    path = tmp_path / "litbert_linker" / "kb" / "names.npy"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"?")
    with pytest.raises(LitBertError, match=r"L526.*names.npy"):
        spacy.load(tmp_path)
    path.write_bytes(data)
    learned = tmp_path / "litbert_linker" / "linker.msgpack"
    whole = learned.read_bytes()
    learned.write_bytes(whole[:-9])
    with pytest.raises(LitBertError, match="L532"):
        spacy.load(tmp_path)
    learned.write_bytes(whole[:99] + bytes([whole[99] ^ 1]) + whole[100:])
    with pytest.raises(LitBertError, match="L312"):
        spacy.load(tmp_path)


def test_settings_can_be_overridden_at_load(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components": {"litbert_linker": {"top": 1}}})
    assert all(len(ent._.kb_ents) == 1 for ent in loaded(TEXTS[0]).ents)


@pytest.mark.parametrize("copy_kb", [True, False])
def test_another_knowledge_base_can_be_named_at_load(
    trained: Language, kb_folder: Path, tmp_path: Path, copy_kb: bool
) -> None:
    linker_of(trained).copy_kb = copy_kb
    trained.to_disk(tmp_path / "pipeline")
    larger = [*CONCEPTS, Concept("X:D9", "Nephropathy", (), ("Disease",))]
    build(larger, tmp_path / "larger", name="larger")
    override = {"components.litbert_linker.kb": str(tmp_path / "larger")}
    loaded = spacy.load(tmp_path / "pipeline", config=override)
    assert linker_of(loaded).kb.path == tmp_path / "larger"
    assert linker_of(loaded).search("nephropathy", 1) == [("X:D9", 1.0)]
    assert [ent.kb_id_ for ent in loaded(TEXTS[0]).ents] == [ent.kb_id_ for ent in trained(TEXTS[0]).ents]
    loaded.to_disk(tmp_path / "again")
    assert "X:D9" in linker_of(spacy.load(tmp_path / "again")).kb
    same = {"components.litbert_linker.kb": str(kb_folder)}
    assert "X:D9" not in linker_of(spacy.load(tmp_path / "pipeline", config=same)).kb
    nowhere = {"components.litbert_linker.kb": str(tmp_path / "nowhere")}
    with pytest.raises(LitBertError, match=r"L525.*nowhere"):
        spacy.load(tmp_path / "pipeline", config=nowhere)


def test_a_knowledge_base_that_was_replaced_is_not_saved_as_the_old_one(kb_folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(kb_folder, own)
    nlp = with_ruler(own)
    nlp("aspirin")
    nlp.to_disk(tmp_path / "saved")
    build(CONCEPTS[:3], own, name="other", force=True)
    with pytest.raises(LitBertError, match=r"L529.*own"):
        nlp.to_disk(tmp_path / "saved")
    shutil.rmtree(own)
    with pytest.raises(LitBertError, match=r"L525.*own"):
        nlp.to_disk(tmp_path / "saved")
    assert links(spacy.load(tmp_path / "saved")("aspirin"))  # what was there is still whole


def test_files_beside_a_knowledge_base_are_not_saved_with_it(kb_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(kb_folder, tmp_path / "own")
    (tmp_path / "own" / ".DS_Store").write_text("a program of the system's")
    nlp = with_ruler(tmp_path / "own")
    for _ in range(2):
        nlp.to_disk(tmp_path / "saved")
    assert not (tmp_path / "saved" / "litbert_linker" / "kb" / ".DS_Store").exists()


def test_a_copy_from_before_goes_where_the_knowledge_base_is_referred_to(kb_folder: Path, tmp_path: Path) -> None:
    nlp = with_ruler(kb_folder)
    nlp.to_disk(tmp_path)
    linker_of(nlp).copy_kb = False
    nlp.to_disk(tmp_path)
    assert not (tmp_path / "litbert_linker" / "kb").exists()
    assert links(spacy.load(tmp_path)("aspirin"))


def test_a_threshold_named_at_load_counts(trained: Language, tmp_path: Path) -> None:
    chosen = linker_of(trained).threshold
    trained.to_disk(tmp_path / "saved")
    assert linker_of(spacy.load(tmp_path / "saved")).threshold == chosen
    loaded = spacy.load(tmp_path / "saved", config={"components.litbert_linker.threshold": 1.0})
    assert linker_of(loaded).threshold == 1.0
    loaded.to_disk(tmp_path / "again")
    assert linker_of(spacy.load(tmp_path / "again")).threshold == 1.0


def test_types_can_be_named_at_load(kb_folder: Path, tmp_path: Path) -> None:
    with_ruler(kb_folder).to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.litbert_linker.types": {"Disease": ["Chemical"]}})
    assert linker_of(loaded).types == {"Disease": ("Chemical",)}
    loaded.to_disk(tmp_path / "again")
    assert linker_of(spacy.load(tmp_path / "again")).types == {"Disease": ("Chemical",)}
