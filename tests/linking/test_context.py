"""Names that several concepts share: what stands around them decides, and texts with definitions teach it."""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.kb_abbreviations import kb_abbreviations
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.candidates import CandidateGenerator, Mention
from spacy_litbert.linking.columns import Array
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.context import context_of
from spacy_litbert.linking.definitions import concept_of
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.memory import MentionMemory
from spacy_litbert.linking.normalize import fold
from spacy_litbert.names.vectors import add_vectors

from .test_linker import linker_of

HEART = "The MI of the heart muscle followed a clot."
VALVE = "The MI of the mitral valve was repaired."
DEFINED = [
    "After a myocardial infarction (MI) the heart failed. Another MI followed; myocardial infarction is feared.",
    "MI (myocardial infarction) is treated with aspirin.",
    "Mitral regurgitation (MI) makes a murmur. MI was severe, said the doctor.",
    "Severe mitral regurgitation (MI; n = 3) and MI again.",
    "A magnetic image (MI) is no disease.",
]


class WordEncoder:
    """Texts → the sum of a direction for each word: what shares words lies close."""

    fingerprint = "words"

    def encode(self, names: list[str], *, progress: bool = False) -> Array:
        self.encoded = names
        vectors = np.array([sum((_direction(word) for word in name.split()), np.zeros(64)) for name in names])
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def to_bytes(self) -> bytes:
        return b""


def _direction(word: str) -> Array:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).normal(size=64)


@pytest.fixture
def nlp(kb: KnowledgeBase, tmp_path: Path) -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Disease", "pattern": one} for one in ("MI", "heart attack", "Anemia", "Blood loss")])
    nlp.add_pipe("litbert_linker")
    encoder: Any = WordEncoder()
    linker_of(nlp).set_kb(add_vectors(kb, tmp_path / "kb", encoder))
    linker_of(nlp)._encoder = encoder
    return nlp


def ids(nlp: Language, *texts: str) -> list[list[str]]:
    return [[ent.kb_id_ for ent in doc.ents] for doc in nlp.pipe(texts)]


WORDS = st.lists(st.sampled_from(["left", "One,", "(twö)", "right."]), max_size=28)  # 196 characters: within reach


@given(WORDS, st.text("abAB-", min_size=1, max_size=6).filter(str.isalpha), WORDS)
def test_the_context_is_what_stands_around_without_the_name(before: list[str], name: str, after: list[str]) -> None:
    start = len(" ".join([*before, ""]))
    text = " ".join([*before, name, *after])
    assert context_of(text, start, start + len(name)) == fold(" ".join([*before, *after]))


@given(st.text(max_size=1500), st.text(min_size=1, max_size=6), st.text(max_size=1500))
def test_any_text_has_a_context_in_folded_form(before: str, name: str, after: str) -> None:
    context = context_of(f"{before}{name}{after}", len(before), len(before) + len(name))
    assert context == fold(context)


def test_the_context_is_near_and_of_whole_words() -> None:
    text = "far " * 200 + "near MI beside " + "away " * 200
    context = context_of(text, text.index("MI"), text.index("MI") + 2)
    assert "near beside" in context
    assert set(context.split()) == {"far", "near", "beside", "away"}
    assert len(context) < 810


def test_of_equal_names_the_context_decides_before_training(nlp: Language) -> None:
    heart, valve = "myocardial work was lost after the MI.", "The mitral leaflet of the valve leaked, an MI."
    assert ids(nlp, heart, valve) == [["X:D3"], ["X:D4"]]
    assert ids(nlp, valve, heart) == [["X:D4"], ["X:D3"]]
    (ent,) = nlp(valve).ents
    scores = dict(ent._.kb_ents)
    assert 0.98 < scores["X:D3"] < scores["X:D4"] <= 1


def test_only_what_the_name_leaves_open_is_read(nlp: Language) -> None:
    nlp("Blood loss, then Anemia after a wholly irrelevant heart attack.")
    encoder: Any = linker_of(nlp)._encoder
    # The vectors of names that the knowledge base has are there.
    assert sorted(encoder.encoded) == ["blood loss", "blood loss then anemia after a wholly irrelevant"]
    nlp("Another heart attack after Blood loss.")
    assert encoder.encoded == ["another after blood loss"]  # the name is known by now
    linker_of(nlp).use_context = False
    nlp("Blood loss after a wholly irrelevant heart attack.")
    assert encoder.encoded == ["blood loss"]


def test_an_equal_name_leaves_nothing_open_where_another_equals_only_by_its_words(tmp_path: Path) -> None:
    concepts = [Concept("T:1", "Liver Cancer", (), ("Disease",)), Concept("T:2", "cancer, hepatic", (), ("Disease",))]
    build(concepts, tmp_path / "words", name="words")
    generate = CandidateGenerator(KnowledgeBase(tmp_path / "words"), MentionMemory(), 5)
    assert [generate.is_ambiguous(Mention(name, name)) for name in ("liver cancer", "liver carcinoma")] == [False, True]


@pytest.mark.parametrize(
    ("name", "remembered", "ambiguous"),
    [
        ("cancer", {"T:2": 3}, False),  # an annotator's habit, in every text
        ("cancer", {"T:1": 3, "T:2": 1}, True),
        ("growth", {"T:1": 2}, True),  # both are called so
        ("growth", {}, True),
        ("cancer", {"T:1": 1, "X:9": 1}, False),  # the other is not in the knowledge base
    ],
)
def test_training_mentions_of_one_concept_beside_an_equal_name_leave_nothing_open(
    tmp_path: Path, name: str, remembered: dict[str, int], ambiguous: bool
) -> None:
    concepts = [Concept("T:1", "Cancer", ("growth",)), Concept("T:2", "Neoplasm Invasiveness", ("growth",))]
    build(concepts, tmp_path / "words", name="words")
    memory = MentionMemory.of([(name, [one], 0) for one, count in remembered.items() for _ in range(count)])
    generate = CandidateGenerator(KnowledgeBase(tmp_path / "words"), memory, 5)
    assert generate.is_ambiguous(Mention(name, name)) == ambiguous


def test_mentions_that_are_written_alike_share_the_first_context(nlp: Language) -> None:
    far = "– " * 450
    (first, second) = nlp(f"The mitral valve had an MI. {far} Myocardial infarction is another MI.").ents
    assert first.kb_id_ == second.kb_id_ == "X:D4"
    assert first._.kb_ents == second._.kb_ents


def test_what_is_listed_of_a_doc_has_the_context_of_all_of_it(nlp: Language) -> None:
    far = "– " * 450
    doc = nlp(f"The mitral valve had an MI. {far} Myocardial infarction is another MI.")
    spans = linker_of(nlp).spans
    first, second = spans.prepare([(doc, doc.ents)])(doc, doc.ents, None)
    (alone,) = spans.prepare([(doc, doc.ents)])(doc, doc.ents[1:], None)
    assert first is second
    np.testing.assert_array_equal(alone.rows, first.rows)
    assert not np.isnan(alone.candidates.fitness).any()


def test_the_ranker_learns_from_texts_that_define_other_abbreviations(nlp: Language) -> None:
    linker = linker_of(nlp)
    linker.use_memory = False
    words = {"X:D3": "myocardial infarction heart", "X:D4": "mitral valve insufficiency"}
    texts = [
        (f"{a} {words[kb_id].split()[i % 3]} beside MI and {b}", kb_id)
        for i, (a, b) in enumerate((a, b) for a in ("one", "two", "six", "ten") for b in ("up", "down", "left"))
        for kb_id in words
    ]
    examples = []
    for text, kb_id in texts:
        doc = nlp.make_doc(text)
        place = doc.text.index("MI")
        span = doc.char_span(place, place + 2, "Disease", kb_id)
        assert isinstance(span, Span)
        doc.ents = [span]
        examples.append(Example(nlp.make_doc(text), doc))
    linker.train(examples, epochs=40)
    assert ids(nlp, "An MI of the mitral kind.", "The infarction was an MI.") == [["X:D4"], ["X:D3"]]
    alone = [ranking for (ranking,) in (linker.rank(doc, doc.ents) for doc in nlp.pipe(["MI"]))]
    together = [ranking for doc in nlp.pipe(["MI", HEART, VALVE]) for ranking in linker.rank(doc, doc.ents)]
    assert together[0] == alone[0]


def test_texts_with_definitions_become_examples_without(kb_folder: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"d{i}", "text": text}) for i, text in enumerate(DEFINED)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    out = tmp_path / "out.jsonl"
    documents = kb_abbreviations(out, kb_folder, [tmp_path / "texts.jsonl"], types=["Disease"])
    assert list(read_jsonl(out)) == documents
    assert [one.id for one in documents] == ["d0:MI", "d1:MI", "d2:MI", "d3:MI"]
    assert [{m.concept_id for m in one.entities} for one in documents] == [{"X:D3"}, {"X:D3"}, {"X:D4"}, {"X:D4"}]
    assert documents[0].text == "After a MI the heart failed. Another MI followed; MI is feared."
    assert documents[3].text == "Severe MI and MI again."
    for document in documents:
        assert not re.search("infarction|regurgitation", document.text, re.IGNORECASE)
        assert {document.text[m.start : m.end] for m in document.entities} == {"MI"}
        assert len(document.entities) == document.text.count("MI")
    single = json.dumps({"text": "Breast cancer (BC) is common."})
    (tmp_path / "texts.jsonl").write_text("\n".join([*lines, single, single]))
    again = partial(kb_abbreviations, out, kb_folder, [tmp_path / "texts.jsonl"], force=True)
    assert again(types=["Disease"], ambiguous=True) == documents
    assert len(again(types=["Disease"])) == len(documents) + 2
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    fewer = again(most=1, least=1)
    assert [one.id for one in fewer] == ["d0:MI", "d2:MI"]


def test_long_texts_are_cut_to_what_is_near(kb: KnowledgeBase, tmp_path: Path) -> None:
    text = "word " * 900 + "myocardial infarction (MI) came first, " + "then " * 900 + "MI"
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": text}))
    (document,) = kb_abbreviations(tmp_path / "out.jsonl", kb.path, [tmp_path / "texts.jsonl"], least=1)
    assert len(document.text) <= 2010
    assert set(document.text.replace(",", "").split()) == {"word", "MI", "came", "first", "then"}
    assert len(document.entities) == 1


def test_a_name_of_several_concepts_defines_nothing(kb: KnowledgeBase) -> None:
    def concept(name: str, *types: str) -> str | None:
        number = concept_of(kb, name, types)
        return None if number is None else kb.id_of(number)

    assert concept("heart attack", "Disease") == "X:D3"  # before Z:1, which comes after by preference
    assert concept("MI", "Disease") is None
    assert concept("aspirin", "Disease") is None
    assert concept("aspirin", "Disease", "Chemical") == "X:D1"


def test_bad_input_is_refused(kb_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": DEFINED[0]}))
    out = tmp_path / "out.jsonl"
    for code, options in {"L543": [], "L528": ["--type", "Gene"], "L004": ["--least", "0"]}.items():
        command = ["kb", "abbreviations", str(out), str(kb_folder), str(tmp_path / "texts.jsonl"), "-q", *options]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert code in result.output + str(result.stderr)
        assert not out.exists()
    with pytest.raises(LitBertError, match="L224"):
        kb_abbreviations(out, kb_folder, [tmp_path / "none.jsonl"])
    shown = CliRunner().invoke(
        app, ["kb", "abbreviations", str(out), str(kb_folder), str(tmp_path / "texts.jsonl"), "--least", "1"]
    )
    assert shown.exit_code == 0
    assert "1 texts with 1 abbreviations of 1 meanings" in " ".join(shown.output.split())
    assert all(isinstance(document, Document) for document in read_jsonl(out))


def test_a_concept_without_a_vector_fits_the_context_no_better(tmp_path: Path) -> None:
    concepts = [
        Concept("G:1", "Zebra protein", ("MI",), ("Gene",)),
        Concept("X:D3", "Myocardial Infarction", ("MI",), ("Disease",)),
    ]
    build(concepts, tmp_path / "plain", name="toy")
    encoder: Any = WordEncoder()
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Any", "pattern": "MI"}])
    nlp.add_pipe("litbert_linker")
    linker_of(nlp).set_kb(add_vectors(KnowledgeBase(tmp_path / "plain"), tmp_path / "kb", encoder, types=["Disease"]))
    linker_of(nlp)._encoder = encoder
    (ent,) = nlp("myocardial work was lost after the MI.").ents
    scores = dict(ent._.kb_ents)
    assert scores["G:1"] == scores["X:D3"] < 1


def test_only_a_file_that_is_no_input_is_replaced_and_that_when_told(kb_folder: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": DEFINED[0]}))
    before = texts.read_text()
    for out in (texts, kb_folder / "out.jsonl", tmp_path):
        with pytest.raises(LitBertError, match="L218"):
            kb_abbreviations(out, kb_folder, [texts], least=1, force=True)
    kb_abbreviations(tmp_path / "out.jsonl", kb_folder, [texts], least=1)
    with pytest.raises(LitBertError, match=r"L218.*--force"):
        kb_abbreviations(tmp_path / "out.jsonl", kb_folder, [texts], least=1)
    kb_abbreviations(tmp_path / "out.jsonl", kb_folder, [texts], least=1, force=True)
    assert texts.read_text() == before
    assert not (kb_folder / "out.jsonl").exists()


def test_a_vocabulary_without_types_has_abbreviations(tmp_path: Path) -> None:
    build([Concept("X:1", "Myocardial Infarction")], tmp_path / "kb", name="untyped")
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": DEFINED[0]}))
    (document,) = kb_abbreviations(tmp_path / "out.jsonl", tmp_path / "kb", [tmp_path / "texts.jsonl"], least=1)
    assert {(m.concept_id, m.label) for m in document.entities} == {("X:1", "ENTITY")}
