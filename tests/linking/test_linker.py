"""litbert_linker links what any component found, learns, and keeps what it learned."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_litbert.errors import LitBertError
from spacy_litbert.linking import lists, spans
from spacy_litbert.linking.build import build
from spacy_litbert.linking.candidates import CandidateGenerator
from spacy_litbert.linking.concept import NIL, Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.linker import LitBertLinker
from spacy_litbert.linking.memory import MentionMemory
from spacy_litbert.linking.remembered import RememberedConcepts

TEXTS = [
    "Aspirin was given after a myocardial infarction (MI). The MI was large, and aspirin helped.",
    "Mitral regurgitation (MI) led to congestive heart failures; lithium did not.",
    "Breast cancers and anaemia in ten women.",
    "Kidney failure after acetylsalicylic acid.",
    "Nothing is named here.",
]
PATTERNS = [
    *({"label": "Chemical", "pattern": name} for name in ("aspirin", "acetylsalicylic acid", "lithium", "ASA")),
    *(
        {"label": "Disease", "pattern": name}
        for name in (
            "myocardial infarction",
            "MI",
            "mitral regurgitation",
            "congestive heart failures",
            "breast cancers",
            "anaemia",
            "kidney failure",
            "wurble",
        )
    ),
]
GOLD = {
    "aspirin": "X:D1",
    "acetylsalicylic acid": "X:D1",
    "lithium": "X:D7",
    "myocardial infarction": "X:D3",
    "mitral regurgitation": "X:D4",
    "congestive heart failures": "X:D2",
    "breast cancers": "X:D5",
    "anaemia": "X:D6",
    "kidney failure": "X:D8",
}


def with_ruler(kb: Path | None, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"}).add_patterns(PATTERNS)
    nlp.add_pipe("litbert_linker", config={"kb": None if kb is None else str(kb), **config})
    return nlp


def linker_of(nlp: Language) -> LitBertLinker:
    linker = nlp.get_pipe("litbert_linker")
    assert isinstance(linker, LitBertLinker)
    return linker


def examples(nlp: Language) -> list[Example]:
    found = []
    for text in TEXTS:
        reference = nlp.get_pipe("entity_ruler")(nlp.make_doc(text))
        for ent in reference.ents:
            kb_id = GOLD.get(ent.text.lower(), "X:D3" if "infarction" in text else "X:D4")
            for token in ent:
                token.ent_kb_id_ = kb_id
        found.append(Example(nlp.make_doc(text), reference))
    return found


def links(doc: Doc) -> list[tuple[str, str, list[tuple[str, float]]]]:
    return [(ent.text, ent.kb_id_, [(i, round(p, 5)) for i, p in ent._.kb_ents]) for ent in doc.ents]


@pytest.fixture
def nlp(kb_folder: Path) -> Language:
    return with_ruler(kb_folder)


@pytest.fixture(scope="module")
def trained(kb_folder: Path) -> Language:
    nlp = with_ruler(kb_folder)
    linker_of(nlp).train(examples(nlp), examples(nlp), epochs=30)
    return nlp


def test_without_training_the_most_similar_name_counts(nlp: Language) -> None:
    doc = nlp(TEXTS[0])
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [
        ("Aspirin", "X:D1"),
        ("myocardial infarction", "X:D3"),
        ("MI", "X:D3"),
        ("MI", "X:D3"),
        ("aspirin", "X:D1"),
    ]
    assert doc.ents[0]._.kb_ents[0] == ("X:D1", 1.0)
    assert all(token.ent_kb_id_ == "" for token in doc if not token.ent_type_)


def test_an_abbreviation_is_what_the_text_says(nlp: Language) -> None:
    assert {ent.text: ent.kb_id_ for ent in nlp(TEXTS[1]).ents}["MI"] == "X:D4"


def test_concepts_are_at_hand(nlp: Language) -> None:
    linker = linker_of(nlp)
    ent = nlp(TEXTS[0]).ents[0]
    assert linker.kb[ent.kb_id_].canonical_name == "Aspirin"
    assert linker.cui_to_entity[ent.kb_id_] == linker.kb[ent.kb_id_]
    assert linker.search("aspirine", 1, ["Chemical"])[0][0] == "X:D1"


def test_below_the_threshold_is_nil_and_the_best_are_still_named(kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder, threshold=0.9)
    ents = nlp("a wurble, and aspirin").ents
    assert [ent.kb_id_ for ent in ents] == ["NIL", "X:D1"]
    linker_of(nlp).threshold = 0.0
    assert nlp("aspirin").ents[0].kb_id_ == "X:D1"


def test_labels_restrict_to_types(kb_folder: Path) -> None:
    kinds = lambda doc, nlp: {t for ent in doc.ents for i, _ in ent._.kb_ents for t in linker_of(nlp).kb[i].types}  # noqa: E731
    nlp = with_ruler(kb_folder, types={"Disease": ["Chemical"]})
    assert kinds(nlp("Breast cancers"), nlp) <= {"Chemical"}
    nlp = with_ruler(kb_folder, types={"Disease": []})
    nothing, drug = nlp("Breast cancers after aspirin").ents
    assert (nothing.kb_id_, nothing._.kb_ents, drug.kb_id_) == ("NIL", [], "X:D1")
    assert kinds(nlp("aspirin"), nlp) == {"Chemical"}  # a label that is left out is the name of a type
    nlp = with_ruler(kb_folder)
    assert kinds(nlp("Breast cancers"), nlp) == {"Disease"}
    with pytest.raises(LitBertError, match=r"L528.*Gene"):
        with_ruler(kb_folder, types={"Disease": ["Gene"]})("Breast cancers")


def test_it_learns_and_says_how_sure_it_is(trained: Language) -> None:
    scores = trained.evaluate(examples(trained))
    assert scores["nel_micro_f"] == 1.0
    for ent in trained(TEXTS[0]).ents:
        probabilities = [p for _, p in ent._.kb_ents]
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0.5 < probabilities[0] <= sum(probabilities) <= 1.0001


def test_equal_seeds_give_equal_links(trained: Language, kb_folder: Path) -> None:
    again = with_ruler(kb_folder)
    linker_of(again).train(examples(again), examples(again), epochs=30)
    assert [links(doc) for doc in again.pipe(TEXTS)] == [links(doc) for doc in trained.pipe(TEXTS)]


def test_spacys_training_loop(nlp: Language) -> None:
    gold = examples(nlp)
    optimizer = nlp.initialize(lambda: gold)
    nlp.get_pipe("entity_ruler").add_patterns(PATTERNS)  # which spaCy clears at initialize
    losses = [nlp.update(gold, sgd=optimizer)["litbert_linker"] for _ in range(30)]
    assert losses[-1] < losses[0]
    assert nlp.evaluate(gold)["nel_micro_f"] > 0.9


def test_entities_that_no_reference_has_are_taught_to_be_none(kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder, use_memory=False)
    invented = [Example(nlp("ASA was bought."), nlp.make_doc("ASA was bought.")) for _ in range(5)]
    linker_of(nlp).train([*examples(nlp), *invented], epochs=60)
    assert nlp("ASA was bought.").ents[0]._.kb_ents[0][1] < nlp("Aspirin")[:1].doc.ents[0]._.kb_ents[0][1]


def test_what_training_cannot_work_with(nlp: Language, kb_folder: Path) -> None:
    with pytest.raises(LitBertError, match="L531"):
        linker_of(nlp).train([Example(nlp.make_doc("x"), nlp.make_doc("x"))])
    with pytest.raises(LitBertError, match="L530"):
        with_ruler(None)("aspirin")
    with pytest.raises(LitBertError, match="L525"):
        with_ruler(kb_folder / "nowhere")("aspirin")
    with pytest.raises(LitBertError, match=r"L004.*candidates"):
        with_ruler(kb_folder, candidates=0)


def test_a_threshold_for_the_mentions_that_a_recognizer_finds(trained: Language, kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder)
    gold = examples(nlp)
    linker_of(nlp).train(gold, epochs=30)
    found = []
    for example in gold:
        doc = nlp.get_pipe("entity_ruler")(nlp.make_doc(example.reference.text))
        found.append(Example(doc, example.reference))
    linker_of(nlp).calibrate(found, predicted=True)
    least = min(ent._.kb_ents[0][1] for text in TEXTS for ent in nlp(text).ents)
    assert linker_of(nlp).threshold <= least
    # The mention that the linker is least sure of.
    text = "No congestive heart failures here."
    made_up = Example(nlp(text), nlp.make_doc(text))
    linker_of(nlp).calibrate([*found, *[made_up] * 50], predicted=True)
    assert nlp(made_up.predicted.text).ents[0].kb_id_ == NIL
    with pytest.raises(LitBertError, match="L531"):
        linker_of(nlp).calibrate([made_up], predicted=True)


def test_it_can_be_sourced(trained: Language) -> None:
    other = spacy.blank("en")
    other.add_pipe("entity_ruler", source=trained)
    other.add_pipe("litbert_linker", source=trained)
    assert links(other(TEXTS[0])) == links(trained(TEXTS[0]))


def test_two_processes_link_as_one(trained: Language) -> None:
    docs = list(trained.pipe(TEXTS * 3, n_process=2, batch_size=2))
    expected = [links(doc) for doc in trained.pipe(TEXTS * 3)]
    assert [links(doc) for doc in docs] == expected


def test_threads_link_as_one(trained: Language) -> None:
    expected = [links(trained(text)) for text in TEXTS * 8]
    with ThreadPoolExecutor(4) as pool:
        assert [links(doc) for doc in pool.map(trained, TEXTS * 8)] == expected


def test_beside_scispacys_abbreviation_detector(trained: Language) -> None:
    pytest.importorskip("scispacy")
    from scispacy.abbreviation import AbbreviationDetector

    had = Doc.has_extension("abbreviations")
    detector = AbbreviationDetector(trained, "abbreviation_detector", make_serializable=True)
    doc = trained.get_pipe("entity_ruler")(trained.make_doc(TEXTS[1]))
    doc = trained.get_pipe("litbert_linker")(detector(doc))
    assert {ent.text: ent.kb_id_ for ent in doc.ents}["MI"] == "X:D4"
    if not had:
        Doc.remove_extension("abbreviations")


def test_a_doc_without_entities_and_an_empty_doc(trained: Language) -> None:
    assert trained("").ents == trained("Nothing.").ents == ()


def test_a_spawned_process_gets_the_linker_without_its_arrays(trained: Language) -> None:
    linker = linker_of(trained)
    expected = [links(doc) for doc in trained.pipe(TEXTS)]
    sent = pickle.dumps(linker)
    assert len(sent) < 100_000
    copied = pickle.loads(sent)
    ruler = trained.get_pipe("entity_ruler")
    assert [links(copied(ruler(trained.make_doc(text)))) for text in TEXTS] == expected


def test_ids_that_the_knowledge_base_lacks_teach_nothing(kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder)
    foreign = examples(nlp)
    for example in foreign:
        for token in example.reference:
            token.ent_kb_id_ = token.ent_kb_id_.replace("X:", "")
    with pytest.raises(LitBertError, match=r"L531.*kb_id_"):
        linker_of(nlp).train(foreign)
    linker_of(nlp).train(examples(nlp), epochs=1)
    with pytest.raises(LitBertError, match=r"L531.*kb_id_"):
        linker_of(nlp).calibrate(foreign)


def test_ids_of_which_some_are_not_known_are_counted(nlp: Language) -> None:
    some = examples(nlp)
    n = sum(bool(ent.kb_id_) for example in some for ent in example.reference.ents)
    for token in some[0].reference:
        token.ent_kb_id_ = token.ent_kb_id_.replace("X:D1", "MESH:D1").replace("X:D3", "X:D77|X:D3")
    with pytest.warns(UserWarning, match=rf"W005\] 2 of {n} mentions.*MESH:D1"):
        linker_of(nlp).train(some, epochs=0)


def test_texts_without_entities_may_stand_anywhere(kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder)
    nothing = Example(nlp.make_doc("x"), nlp.make_doc("x"))
    linker_of(nlp).train([one for example in examples(nlp)[:4] * 30 for one in (nothing, example)], epochs=1)
    assert nlp("aspirin").ents[0].kb_id_ == "X:D1"


def test_before_training_a_threshold_is_chosen_for_similarities(kb_folder: Path) -> None:
    nlp = with_ruler(kb_folder)
    linker = linker_of(nlp)
    with pytest.raises(LitBertError, match=r"L546.*litbert_linker"):
        linker.update(examples(nlp))
    linker.calibrate(examples(nlp))
    assert 0.9 < linker.threshold <= 1
    linker.train(examples(nlp), examples(nlp), epochs=0)
    assert linker.cfg["temperature"] == 1.0
    assert nlp("aspirin").ents[0].kb_id_ == "X:D1"


def test_of_several_right_ids_any_scores(trained: Language) -> None:
    several = examples(trained)
    for example in several:
        for token in example.reference:
            if token.ent_kb_id_:
                token.ent_kb_id_ = f"X:D9|{token.ent_kb_id_}"
    single = trained.evaluate(examples(trained))
    assert single["nel_micro_f"] > 0.9
    assert trained.evaluate(several)["nel_micro_f"] == single["nel_micro_f"]
    assert all("|" in ent.kb_id_ for example in several for ent in example.reference.ents)  # as they were


def test_a_concept_is_remembered_under_all_its_ids(tmp_path: Path) -> None:
    concept = Concept("T:1", "Aspirin", (), ("Chemical",), merged_ids=("T:0",))
    build([concept, Concept("T:2", "Lithium", (), ("Chemical",))], tmp_path / "kb", name="toy")
    memory = MentionMemory.of([("aspirinol", ["T:0"], 0), ("aspirinols x", ["T:1"], 0), ("lithium", ["T:9"], 0)])
    remembered = RememberedConcepts(KnowledgeBase(tmp_path / "kb"), memory)
    (similarity,) = remembered.similar(["aspirinol x"]).values
    assert 0 < similarity <= 1
    assert remembered.totals().values.tolist() == [2]


def test_a_name_without_words_is_a_name_like_others(tmp_path: Path) -> None:
    concepts = [Concept("T:1", "Aspirin", (), ("Chemical",)), Concept("T:2", "\u0301", (), ("Chemical",))]
    build(concepts, tmp_path / "kb", name="toy")
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "Chemical", "pattern": one} for one in ("Aspirin", "\u0301 a")]
    )
    nlp.add_pipe("litbert_linker", config={"kb": str(tmp_path / "kb")})
    doc = nlp("Aspirin \u0301 a")
    (found,) = linker_of(nlp).spans.lists([(doc, doc.ents)])
    assert all(np.isfinite(listed.rows).all() for listed in found)
    assert doc.ents[0].kb_id_ == "T:1"


def test_many_names_of_a_batch_are_looked_up_once(kb_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_KEPT", 2)
    monkeypatch.setattr(spans, "_NAMES", 2)
    nlp = with_ruler(kb_folder)
    expected = [links(nlp(text)) for text in TEXTS]
    asked: list[Any] = []
    generate = CandidateGenerator.__call__

    def spy(self: CandidateGenerator, *given: Any) -> Any:
        asked.extend(given[0])
        return generate(self, *given)

    monkeypatch.setattr(CandidateGenerator, "__call__", spy)
    assert [links(doc) for doc in with_ruler(kb_folder).pipe(TEXTS)] == expected
    assert len(asked) == len(set(asked)) > 2
