"""Vectors of names: found exactly, kept where knowledge bases change, and read by the linker."""

from __future__ import annotations

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.kb import kb_info, kb_merge, kb_subset
from spacy_litbert.cli.kb_add import kb_add
from spacy_litbert.cli.kb_names import kb_vectors
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking import features, fit, knowledge_base, lists
from spacy_litbert.linking import nearest as near
from spacy_litbert.linking.build import build
from spacy_litbert.linking.candidates import CandidateGenerator, Mention
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.memory import MentionMemory
from spacy_litbert.linking.name_vectors import NameVectors, to_int8, write_name_vectors
from spacy_litbert.linking.nearest import NearestNames
from spacy_litbert.models.seal import seal
from spacy_litbert.names.encoder import NameEncoder

from ..conftest import write_checkpoint
from .test_linker import TEXTS, examples, linker_of, links, with_ruler


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> NameEncoder:
    return NameEncoder.load(checkpoint)


@pytest.fixture(scope="module")
def with_vectors(kb_folder: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return kb_vectors(tmp_path_factory.mktemp("vectors") / "kb", kb_folder, encoder=str(checkpoint))


@pytest.fixture(scope="module")
def trained(with_vectors: KnowledgeBase, checkpoint: Path) -> Language:
    nlp = with_ruler(with_vectors.path, name_encoder=str(checkpoint))
    linker_of(nlp).train(examples(nlp), epochs=15)
    return nlp


@pytest.mark.parametrize("width", [None, 16])
@pytest.mark.parametrize("n", [1, 3, 5000])
def test_search_finds_what_comparing_all_finds(n: int, width: int | None, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(n, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    forms = np.arange(n) * 2
    about = write_name_vectors(tmp_path, forms, vectors, width)
    index = NameVectors.open(tmp_path, {**about, "encoder": "x"})
    assert index.values.dtype == np.int8
    assert index.values.shape == (n, width or 32)
    allowed = np.arange(2 * n) % 3 > 0
    queries = vectors[: min(n, 70)] + 0.01
    for query, nearest in zip(queries, index.search(index.project(queries), 10, allowed)):
        cosines = index.cosines(nearest.vector, forms)
        expected = sorted(((-c, f) for c, f in zip(cosines.tolist(), forms.tolist()) if allowed[f]))[:10]
        assert list(zip((-nearest.cosines).tolist(), nearest.forms.tolist())) == expected
        if width is None:
            np.testing.assert_allclose(cosines, vectors @ query, atol=0.02)
    assert np.isnan(index.cosines(nearest.vector, np.array([1, 2 * n]))).all()
    (itself,) = index.search(np.stack([index.of(int(forms[-1]))]), 1)
    assert (itself.forms.tolist(), itself.cosines.round(2).tolist()) == ([forms[-1]], [1])
    assert index.of(1) is index.of(2 * n) is None


def test_eight_bits_are_near_what_they_stand_for() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    values, scales = to_int8(np.concatenate([vectors, np.zeros((1, 384), np.float32)]))
    assert np.abs(values * scales[:, None]).max() > 0
    np.testing.assert_allclose((values * scales[:, None])[:50], vectors, atol=np.abs(vectors).max() / 250)
    assert not values[50].any()


def test_a_knowledge_base_says_what_vectors_it_has(
    with_vectors: KnowledgeBase, kb_folder: Path, checkpoint: Path, encoder: NameEncoder, tmp_path: Path
) -> None:
    with_vectors.verify()
    assert kb_info(with_vectors.path)["vectors"]["names"] == len(with_vectors.forms)
    shown = CliRunner().invoke(app, ["kb", "info", str(with_vectors.path)]).output
    assert f"vectors      {len(with_vectors.forms)} of width 32, by the encoder {encoder.fingerprint}" in shown
    some = kb_vectors(
        tmp_path / "some", with_vectors.path, encoder=str(checkpoint), types=["Chemical"], trees=["C14.2"]
    )
    names = {some.forms[form] for form in some.vectors.forms} if some.vectors else set()
    assert {"aspirin", "lithium", "heart failure", "heart attack"} <= names
    assert "anemia" not in names
    with pytest.raises(LitBertError, match="L527"):
        kb_vectors(tmp_path / "none", kb_folder, encoder=str(checkpoint), trees=["Z99"])
    damaged = tmp_path / "some" / "vectors.npy"
    data = bytearray(damaged.read_bytes())
    data[-1] ^= 1
    damaged.write_bytes(bytes(data))
    with pytest.raises(LitBertError, match="L526"):
        KnowledgeBase(tmp_path / "some").verify()
    damaged.unlink()
    with pytest.raises(LitBertError, match="L526"):
        KnowledgeBase(tmp_path / "some")


def test_changed_knowledge_bases_keep_the_vectors_of_names_that_stay(
    with_vectors: KnowledgeBase, encoder: NameEncoder, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("id,name,aliases,types\nX:D1,,Aspro,\nOWN:1,Wurbleitis,,Disease\n")
    build([Concept("W:1", "cold", ("common cold",))], tmp_path / "plain", name="plain")
    changed = [
        kb_add(tmp_path / "added", with_vectors.path, [tmp_path / "own.csv"]),
        kb_subset(tmp_path / "subset", with_vectors.path, types=["Chemical"]),
        kb_merge(tmp_path / "merged", tmp_path / "plain", with_vectors.path)[0],
    ]
    before = with_vectors.vectors
    assert before is not None
    for kb in changed:
        kb.verify()
        assert kb.vectors is not None
        lacking = {"aspro", "wurbleitis", "cold", "common cold"}
        assert {kb.forms[form] for form in kb.vectors.forms} == set(kb.forms) - lacking
        for row, form in enumerate(kb.vectors.forms):
            (old,) = (i for i, name in enumerate(with_vectors.forms) if name == kb.forms[form])
            np.testing.assert_array_equal(kb.vectors.values[row], before.values[before.forms == old][0])


def test_near_names_are_those_of_the_types_that_are_asked_for(checkpoint: Path, tmp_path: Path) -> None:
    names = [f"{word} {'x' * i}" for i in range(1, 9) for word in ("ache", "gout", "itch", "cough", "rash")]
    kinds = [("A",) if i % 4 == 0 else ("B",) for i in range(len(names))]
    concepts = [Concept(f"T:{i:02}", name, (), kind) for i, (name, kind) in enumerate(zip(names, kinds))]
    build(concepts, tmp_path / "names", name="toy")
    kb = kb_vectors(tmp_path / "kb", tmp_path / "names", encoder=str(checkpoint))
    mentions = [Mention(name, name, frozenset("A")) for name in names[::4]]
    near = NearestNames(kb, NameEncoder.load(checkpoint), 10)(mentions)
    for mention in mentions:
        found = near.names[mention]
        assert len(found.forms) == 10
        assert {kind for form in found.forms.tolist() for n in kb.concepts_of(form) for kind in kb.types_of(n)} == {"A"}
        assert kb.forms[found.forms[0]] == mention.text


def test_a_large_index_is_searched_unless_an_equal_name_and_near_ones_are_of_the_type(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_base, "_MANY", 2)
    concepts = [Concept("T:D", "cold", (), ("Disease",)), Concept("T:M", "measles", (), ("Disease",))]
    concepts += [Concept(f"T:{i}", f"cold {i}", (), ("Chemical",)) for i in range(5)]
    build(concepts, tmp_path / "names", name="toy")
    kb = kb_vectors(tmp_path / "kb", tmp_path / "names", encoder=str(checkpoint), types=["Disease"])
    nearest = NearestNames(kb, NameEncoder.load(checkpoint), 10)
    generate = CandidateGenerator(kb, MentionMemory(), 10)

    def found(kind: str | None) -> set[str]:
        mention = Mention("cold", "cold", None if kind is None else frozenset((kind,)))
        candidates, _ = generate([mention], None, [nearest([mention]).names[mention]])
        return {kb.id_of(number) for number in candidates.numbers}

    assert found("Chemical") == {"T:0", "T:1", "T:2", "T:3", "T:4"}
    assert found(None) == {"T:D", "T:M"}


def test_near_names_are_candidates(with_vectors: KnowledgeBase, encoder: NameEncoder) -> None:
    mentions = [Mention("Heart Attack", "Heart Attack", frozenset(["Disease"])), Mention("ASA", "ASA")]
    look_up = NearestNames(with_vectors, encoder, 3)
    found = look_up([*mentions, mentions[0]]).names
    assert list(found) == mentions
    assert with_vectors.forms[found[mentions[0]].forms[0]] == "heart attack"
    assert found[mentions[0]].cosines[0] > 0.98
    assert look_up([]).names == {}


def test_what_is_saved_links_the_same(trained: Language, tmp_path: Path) -> None:
    expected = [[e._.kb_ents for e in doc.ents] for doc in trained.pipe(TEXTS)]
    assert all(kb_ents for doc in expected for kb_ents in doc)
    trained.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    sent = pickle.loads(pickle.dumps(linker_of(trained)))
    other = with_ruler(None)
    linker_of(other).from_bytes(linker_of(trained).to_bytes())
    for nlp in (loaded, other):
        assert [[e._.kb_ents for e in doc.ents] for doc in nlp.pipe(TEXTS)] == expected
    docs = list(trained.pipe(TEXTS))
    assert sent.predict(docs) == expected


def test_a_name_encoder_named_at_load_takes_the_place_of_the_saved_one(
    trained: Language, checkpoint: Path, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path / "saved")

    def load(name: Path) -> Language:
        return spacy.load(tmp_path / "saved", config={"components.litbert_linker.name_encoder": str(name)})

    moved = Path(shutil.copytree(checkpoint, tmp_path / "moved"))
    assert [links(doc) for doc in load(moved).pipe(TEXTS)] == [links(doc) for doc in trained.pipe(TEXTS)]
    with pytest.raises(LitBertError, match="L541"):
        load(write_checkpoint(tmp_path / "other", intermediate_size=32))
    with pytest.raises(LitBertError, match="L2"):
        load(tmp_path / "nowhere")


def test_what_is_kept_of_names_changes_no_link(trained: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, " ".join(TEXTS), *TEXTS[::-1]]
    linker = linker_of(trained)
    expected = []
    for text in texts:
        linker._spans = None  # nothing kept
        expected.append([e._.kb_ents for e in trained(text).ents])
    assert [[e._.kb_ents for e in doc.ents] for doc in map(trained, texts)] == expected
    monkeypatch.setattr(near, "_KEPT", 2)
    monkeypatch.setattr(lists, "_KEPT", 2)
    linker._spans = None
    assert [[e._.kb_ents for e in doc.ents] for doc in map(trained, texts)] == expected


def test_batches_threads_and_processes_give_the_same(trained: Language) -> None:
    expected = [links(trained(text)) for text in TEXTS]
    assert [links(doc) for doc in trained.pipe(TEXTS, batch_size=2)] == expected
    assert [links(doc) for doc in trained.pipe(TEXTS, n_process=2)] == expected
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: links(trained(text)), TEXTS * 5)) == expected * 5


def test_what_does_not_belong_together_is_refused(
    trained: Language, with_vectors: KnowledgeBase, kb_folder: Path, tmp_path: Path
) -> None:
    other = write_checkpoint(tmp_path / "other", intermediate_size=32)
    with pytest.raises(LitBertError, match="L541"):
        with_ruler(kb_folder, name_encoder=str(other))(TEXTS[0])
    with pytest.raises(LitBertError, match="L541"):
        with_ruler(with_vectors.path, name_encoder=str(other))(TEXTS[0])
    plain = with_ruler(with_vectors.path)
    linker_of(plain).train(examples(plain), epochs=2)
    learned = linker_of(plain).to_bytes()
    taught = with_ruler(with_vectors.path, name_encoder=str(other))
    with pytest.raises(LitBertError, match="L542"):
        linker_of(taught).from_bytes(learned)


def test_a_ranker_that_learned_from_other_features_is_refused(kb_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fewer = features.FEATURES[1:]
        extract = features.FeatureExtractor.__call__
        patch.setattr(features.FeatureExtractor, "__call__", lambda *given: [rows[:, 1:] for rows in extract(*given)])
        patch.setattr(fit, "FEATURES", fewer)
        nlp = with_ruler(kb_folder)
        linker_of(nlp).train(examples(nlp), epochs=1)
        learned = linker_of(nlp).to_bytes()
    other = with_ruler(None)
    with pytest.raises(LitBertError, match=f"L544.*{len(fewer)} features.*{len(features.FEATURES)}"):
        linker_of(other).from_bytes(learned)


def test_without_an_encoder_vectors_change_nothing(kb_folder: Path, with_vectors: KnowledgeBase) -> None:
    found = []
    for folder in (kb_folder, with_vectors.path):
        nlp = with_ruler(folder)
        linker_of(nlp).train(examples(nlp), epochs=5)
        found.append([[e._.kb_ents for e in doc.ents] for doc in nlp.pipe(TEXTS)])
    assert found[0] == found[1]


def test_a_linker_of_an_earlier_version_is_read(kb_folder: Path) -> None:
    import srsly

    nlp = with_ruler(kb_folder)
    linker_of(nlp).train(examples(nlp), epochs=5)
    expected = [links(nlp(text)) for text in TEXTS]
    learned = srsly.msgpack_loads(linker_of(nlp).to_bytes())
    del learned["crc32c"], learned["name_encoder"], learned["cfg"]["with_vectors"]
    old = with_ruler(None)
    linker_of(old).from_bytes(seal(srsly.msgpack_dumps(learned)))
    assert [links(old(text)) for text in TEXTS] == expected


def test_a_width_below_one_is_refused(kb_folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L004.*width"):
        kb_vectors(tmp_path / "kb", kb_folder, encoder=str(checkpoint), width=0)
    assert not (tmp_path / "kb").exists()
