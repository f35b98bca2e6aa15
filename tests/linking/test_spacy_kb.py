"""spaCy's own entity_linker works with a knowledge base: behind its interface, and exported; its scorer scores ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.ml import load_kb
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed, registry
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_litbert import to_lookup_kb
from spacy_litbert.cli import app
from spacy_litbert.cli.kb_export import kb_export
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.spacy_kb import ConceptKnowledgeBase

NAME = "spacy-litbert.KnowledgeBase.v1"
WIDTH = 8
TEXT = "Aspirin was given after a heart attack. The MI was large."
GOLD = {"Aspirin": "X:D1", "heart attack": "X:D3", "MI": "X:D3"}
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


@pytest.fixture(scope="module")
def vectors(kb: KnowledgeBase) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(len(kb), WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors_file(vectors: np.ndarray[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "vectors.npy"
    np.save(path, vectors)
    return path


def mention(text: str, label: str = "Thing") -> Span:
    doc = spacy.blank("en")(text)
    return Span(doc, 0, len(doc), label=label)


def candidates(kb: Any, text: str, label: str = "Thing") -> list[tuple[str, float]]:
    return [(found.entity_, round(found.prior_prob, 4)) for found in kb.get_candidates(mention(text, label))]


def with_entities(nlp: Language) -> Doc:
    doc = nlp.make_doc(TEXT)
    starts = {name: TEXT.index(name) for name in GOLD}
    doc.ents = [doc.char_span(start, start + len(name), "Thing") for name, start in starts.items()]
    return doc


def gold(nlp: Language) -> list[Example]:
    reference = with_entities(nlp)
    for ent in reference.ents:
        for token in ent:
            token.ent_kb_id_ = GOLD[ent.text]
    return [Example(nlp.make_doc(TEXT), reference)]


def stock_linker(kb_loader: dict[str, Any], *, updates: int = 0, **config: Any) -> Language:
    """A pipeline with spaCy's entity_linker, initialized as a config says, and trained for some steps."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    model = {"@architectures": "spacy.EntityLinker.v2", "tok2vec": TOK2VEC}
    nlp.add_pipe("entity_linker", config={"model": model, "entity_vector_length": WIDTH, **config})
    nlp.config["initialize"]["components"]["entity_linker"] = {"kb_loader": kb_loader}
    examples = gold(nlp)
    optimizer = nlp.initialize(lambda: examples)
    losses = [nlp.update(examples, sgd=optimizer)["entity_linker"] for _ in range(updates)]
    assert not losses or 0 < losses[-1] < losses[0]
    return nlp


def ids(nlp: Language) -> list[str]:
    doc = nlp.get_pipe("sentencizer")(with_entities(nlp))
    return [ent.kb_id_ for ent in nlp.get_pipe("entity_linker")(doc).ents]


def test_candidates_share_a_name_equally(kb: KnowledgeBase) -> None:
    found = ConceptKnowledgeBase(Vocab(), concepts=kb)
    assert len(found) == len(kb)
    assert candidates(found, "ASPIRIN") == [("X:D1", 1.0)]
    assert candidates(found, "MI") == [("X:D3", 0.5), ("X:D4", 0.5)]
    assert candidates(found, "breast tumours") == [("X:D5", 0.98)]
    similar = candidates(found, "congestive hart failure")
    assert similar[0][0] == "X:D2"
    assert 1 < len(similar) <= 10
    assert sum(prior for _, prior in similar) < 1
    assert candidates(found, "☃") == []
    first = found.get_candidates(mention("MI"))[0]
    assert (first.alias_, first.entity_freq) == ("MI", 0.0)
    assert [len(several) for several in found.get_candidates_batch([mention("MI"), mention("aspirin")])] == [2, 1]


def test_a_label_that_is_a_type_restricts_to_it(kb: KnowledgeBase) -> None:
    found = ConceptKnowledgeBase(Vocab(), concepts=kb)
    assert all("Chemical" in kb[i].types for i, _ in candidates(found, "heart attack", "Chemical"))


def test_vectors_are_given_or_asked_for(kb: KnowledgeBase, vectors: np.ndarray[Any, Any]) -> None:
    found = ConceptKnowledgeBase(Vocab(), concepts=kb, vectors=vectors)
    assert found.entity_vector_length == WIDTH
    assert found.get_vector("X:0") == found.get_vector("X:D1") == vectors[kb.number_of("X:D1")].tolist()
    assert found.get_candidates(mention("aspirin"))[0].entity_vector == found.get_vector("X:D1")
    assert found.get_vector("NIL") == [0.0] * WIDTH
    without = ConceptKnowledgeBase(Vocab(), concepts=kb)
    for ask in (lambda: without.get_vector("X:D1"), lambda: without.get_candidates(mention("MI"))[0].entity_vector):
        with pytest.raises(LitBertError, match=r"L536.*incl_context"):
            ask()
    empty = ConceptKnowledgeBase(Vocab())
    assert empty.is_empty()
    assert empty.get_candidates(mention("MI")) == []
    assert empty.get_vector("X:D1") == [0.0] * 64


def test_vectors_that_do_not_fit(kb: KnowledgeBase, vectors: np.ndarray[Any, Any], tmp_path: Path) -> None:
    zero, infinite = vectors.copy(), vectors.copy()
    zero[3], infinite[4, 1] = 0, np.inf
    bad = {"shape": vectors[1:], "type": vectors.astype(int), "row 3": zero, "row 4": infinite, "is": vectors[0]}
    for problem, array in bad.items():
        with pytest.raises(LitBertError, match=f"L535.*{problem}"):
            to_lookup_kb(kb, Vocab(), array)
    (tmp_path / "vectors.npy").write_bytes(b"no array")
    load = registry.misc.get(NAME)
    with pytest.raises(LitBertError, match=r"L535.*vectors\.npy.*no \.npy"):
        load(str(kb.path), str(tmp_path / "vectors.npy"))(Vocab())
    with pytest.raises(LitBertError, match="L224"):
        load(str(kb.path), str(tmp_path / "nowhere.npy"))(Vocab())


@pytest.mark.parametrize("has_vectors", [True, False])
def test_it_comes_back_from_disk_and_bytes(
    kb: KnowledgeBase, vectors: np.ndarray[Any, Any], tmp_path: Path, has_vectors: bool
) -> None:
    saved = ConceptKnowledgeBase(Vocab(), concepts=kb, vectors=vectors if has_vectors else None)
    saved.to_disk(tmp_path)
    loaded = ConceptKnowledgeBase(Vocab()).from_disk(tmp_path)
    loaded.to_disk(tmp_path)  # over itself
    for again in (loaded, ConceptKnowledgeBase(Vocab()).from_bytes(saved.to_bytes())):
        assert candidates(again, "MI") == candidates(saved, "MI")
        assert not has_vectors or again.get_vector("X:D1") == saved.get_vector("X:D1")
        assert (again.vectors is not None) == has_vectors
    path = tmp_path / "concepts" / "names.npy"
    path.write_bytes(_last_bit_flipped(path.read_bytes()))
    with pytest.raises(LitBertError, match="L526"):
        loaded.from_disk(tmp_path)
    with pytest.raises(LitBertError, match="L312"):
        loaded.from_bytes(_last_bit_flipped(saved.to_bytes()))


def _last_bit_flipped(whole: bytes) -> bytes:
    return whole[:-1] + bytes([whole[-1] ^ 1])


def test_spacys_linker_looks_up_without_vectors_and_says_when_it_needs_them(kb_folder: Path, tmp_path: Path) -> None:
    loader, empty = {"@misc": NAME, "path": str(kb_folder)}, {"@misc": NAME}
    nlp = stock_linker(loader, generate_empty_kb=empty, incl_context=False)
    found = ids(nlp)
    assert found[0] == "X:D1"
    assert found[1] in ("X:D3", "Z:1")  # spaCy draws lots among equal scores
    nlp.to_disk(tmp_path)
    assert ids(spacy.load(tmp_path))[0] == "X:D1"
    nlp = stock_linker(loader, generate_empty_kb=empty)
    with pytest.raises(LitBertError, match="L536"):
        nlp.update(gold(nlp))
    with pytest.raises(LitBertError, match="L536"):
        ids(nlp)


def test_spacys_linker_trains_with_vectors(kb_folder: Path, vectors_file: Path, tmp_path: Path) -> None:
    loader = {"@misc": NAME, "path": str(kb_folder), "vectors": str(vectors_file)}
    nlp = stock_linker(loader, updates=20, generate_empty_kb={"@misc": NAME}, candidates_batch_size=2)
    assert ids(nlp) == list(GOLD.values())
    nlp.to_disk(tmp_path)
    assert ids(spacy.load(tmp_path)) == list(GOLD.values())


def test_the_export_is_read_by_spacy(kb: KnowledgeBase, kb_folder: Path, tmp_path: Path) -> None:
    kb_export(tmp_path / "lookup", kb_folder)
    lookup = load_kb(tmp_path / "lookup")(Vocab())
    assert sorted(lookup.get_entity_strings()) == sorted(kb)
    assert candidates(lookup, "MI") == [("X:D3", 0.5), ("X:D4", 0.5)]
    assert candidates(lookup, "Heart Failure") == candidates(lookup, "heart failure") == [("X:D2", 1.0)]
    assert candidates(lookup, "heart attack") == [("X:D3", 0.5), ("Z:1", 0.5)]
    assert candidates(lookup, "heart attacks") == []
    assert {found.entity_freq for found in lookup.get_candidates(mention("MI"))} == {0.0}
    assert list(lookup.get_vector("X:D1")) == [0.0]


def test_spacys_linker_trains_with_the_export(
    kb: KnowledgeBase, kb_folder: Path, vectors: np.ndarray[Any, Any], vectors_file: Path, tmp_path: Path
) -> None:
    exported = kb_export(tmp_path / "lookup", kb_folder, vectors=vectors_file)
    assert np.allclose(exported.get_vector("X:D1"), vectors[kb.number_of("X:D1")])
    nlp = stock_linker({"@misc": "spacy.KBFromFile.v1", "kb_path": str(tmp_path / "lookup")}, updates=20)
    assert ids(nlp) == list(GOLD.values())


def test_the_command_replaces_only_what_it_made(kb_folder: Path, vectors_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = lambda *more: CliRunner().invoke(app, ["kb", "export", str(out), str(kb_folder), *more])  # noqa: E731
    result = run()
    assert result.exit_code == 0
    assert "10 entities" in result.output
    assert "incl_context" in result.output
    assert run().exit_code == 1
    assert "incl_context" not in run("--vectors", str(vectors_file), "--force").output
    assert load_kb(out)(Vocab()).entity_vector_length == WIDTH
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(LitBertError, match="L218"):
        kb_export(out, kb_folder, force=True)


def test_spacys_scorer_scores_links_of_litbert_linker(kb_folder: Path) -> None:
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("litbert_linker", config={"kb": str(kb_folder)})
    example = gold(nlp)[0]
    example.predicted = linker(with_entities(nlp))
    assert Scorer.score_links([example], negative_labels=["NIL"])["nel_micro_f"] == 1.0
    for token in example.reference.ents[0]:
        token.ent_kb_id_ = "X:D7"
    scores = Scorer.score_links([example], negative_labels=["NIL"])
    assert scores["nel_micro_p"] == scores["nel_micro_r"] == pytest.approx(2 / 3)


def test_an_empty_one_comes_back_empty(kb: KnowledgeBase, tmp_path: Path) -> None:
    ConceptKnowledgeBase(Vocab(), concepts=kb).to_disk(tmp_path)
    ConceptKnowledgeBase(Vocab(), 8).to_disk(tmp_path)
    assert not (tmp_path / "concepts").exists()
    loaded = ConceptKnowledgeBase(Vocab(), concepts=kb).from_disk(tmp_path)
    assert loaded.concepts is None
    ConceptKnowledgeBase(Vocab(), concepts=kb).to_disk(tmp_path)
    assert candidates(ConceptKnowledgeBase(Vocab()).from_disk(tmp_path), "MI")
