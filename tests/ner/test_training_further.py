"""A trained recognizer goes on: with labels that are added, rehearsed, or with what it found and somebody corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_litbert.corpora.parts import build_cut_long_texts_v1
from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import mentions_of, set_annotated

from .conftest import GOLD, KEY, TEXTS, build_like, component, examples_for, gold_doc, mentions, results

DOSE = "Patients got 5 mg of aspirin."


def with_dose(nlp: Language) -> Example:
    gold = gold_doc(nlp, DOSE, [("5 mg", "Dose")])
    set_annotated(gold, ["Dose"])
    return Example(nlp.make_doc(DOSE), gold)


def test_a_label_that_is_added_to_a_trained_model_is_learned_beside_the_others(
    trained_listener: Language, tmp_path: Path
) -> None:
    nlp = build_like(trained_listener).from_bytes(trained_listener.to_bytes())
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    nlp.update(examples_for(nlp), sgd=optimizer)  # the optimizer has met the smaller layer
    before = [results(doc) for doc in nlp.pipe(TEXTS)]
    pipe = component(nlp)
    assert pipe.is_resizable
    assert pipe.add_label("Dose") == 1
    assert pipe.labels == ("Chemical", "Disease", "Gene", "Species", "Dose")
    assert [results(doc) for doc in nlp.pipe([*TEXTS, DOSE])][: len(TEXTS)] == before
    assert "Dose" not in {label for _, label in mentions(nlp(DOSE))}
    for _ in range(30):
        nlp.update([with_dose(nlp), *examples_for(nlp)], sgd=optimizer)
    assert ("5 mg", "Dose") in mentions(nlp(DOSE))
    for text, expected in GOLD:
        assert sorted(mentions(nlp(text))) == sorted(expected)
    with nlp.use_params(optimizer.averages):
        nlp.to_disk(tmp_path / "averaged")
    assert component(spacy.load(tmp_path / "averaged")).labels == pipe.labels
    nlp.to_disk(tmp_path / "last")
    again = spacy.load(tmp_path / "last")
    assert [results(doc) for doc in again.pipe([*TEXTS, DOSE])] == [results(doc) for doc in nlp.pipe([*TEXTS, DOSE])]


def only_known(nlp: Language, n_labels: int) -> list[Example]:
    examples = examples_for(nlp)
    for example in examples:
        set_annotated(example.reference, component(nlp).labels[:n_labels])
    return examples


def test_a_label_of_which_nothing_is_annotated_changes_no_other(trained: Language) -> None:
    plain, grown = (build_like(trained).from_bytes(trained.to_bytes()) for _ in range(2))
    component(grown).add_label("Dose")
    for nlp in (plain, grown):
        optimizer = nlp.resume_training()
        for _ in range(3):
            nlp.update(only_known(nlp, 4), sgd=optimizer)
    assert [results(doc) for doc in plain.pipe(TEXTS)] == [results(doc) for doc in grown.pipe(TEXTS)]


def test_a_label_is_added_where_a_trained_model_is_initialized_anew(trained: Language) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    nlp.initialize(lambda: [with_dose(nlp)])
    assert component(nlp).labels == ("Chemical", "Disease", "Gene", "Species", "Dose")
    nlp.update([with_dose(nlp)])


def test_rehearsal_holds_to_what_was_learned(trained: Language) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    other = gold_doc(nlp, "Zinc in rats.", [("Zinc", "Chemical")])
    for _ in range(3):
        nlp.update([Example(nlp.make_doc(other.text), other)], sgd=optimizer)
    losses = [nlp.rehearse(examples_for(nlp), sgd=optimizer)["litbert_ner"] for _ in range(10)]
    assert losses[-1] < losses[0]
    component(nlp).add_label("Dose")
    output = component(nlp).model.get_ref("output_layer")
    new = output.get_param("W")[-3:].copy()
    assert nlp.rehearse(examples_for(nlp), sgd=optimizer)["litbert_ner"] < losses[0]
    assert (output.get_param("W")[-3:] == new).all()


def test_it_is_rehearsed_on_an_encoder(trained_listener: Language) -> None:
    nlp = build_like(trained_listener).from_bytes(trained_listener.to_bytes())
    optimizer = nlp.resume_training()
    for _ in range(3):
        nlp.update(examples_for(nlp), sgd=optimizer)
        examples = examples_for(nlp)
        for example in examples:
            example.predicted = nlp.get_pipe("transformer")(example.predicted)
        assert nlp.rehearse(examples, sgd=optimizer)["litbert_ner"] > 0


@pytest.mark.parametrize("label", [5, None, "", ["Gene"]])
def test_what_is_no_label_is_refused(trained: Language, label: Any) -> None:
    before = component(trained).labels
    with pytest.raises(LitBertError, match="L420"):
        component(trained).add_label(label)
    assert component(trained).labels == before
    assert trained(TEXTS[0]).ents


def test_corrected_entities_are_the_gold(trained: Language) -> None:
    found = trained(TEXTS[2])
    assert mentions_of(found, KEY) == list(found.spans[KEY])
    nested = trained(TEXTS[1])
    assert mentions_of(nested, KEY) == list(nested.spans[KEY])  # one of them is no entity, because the other is
    fewer, other = trained(TEXTS[2]), trained(TEXTS[2])
    fewer.ents = fewer.ents[1:]
    other.ents = [Span(other, other.ents[0].start, other.ents[0].end, "Gene"), *other.ents[1:]]
    for doc in (fewer, other):
        assert mentions_of(doc, KEY) == list(doc.ents)
    again = Doc(trained.vocab).from_bytes(other.to_bytes())
    assert [span.label_ for span in mentions_of(again, KEY)] == [ent.label_ for ent in other.ents]


def test_corrections_stay_where_long_texts_are_cut(trained: Language) -> None:
    doc = trained(" ".join([TEXTS[0]] * 4))
    assert "Chemical" in {ent.label_ for ent in doc.ents}
    doc.ents = [Span(doc, ent.start, ent.end, "Drug" if ent.label_ == "Chemical" else ent.label_) for ent in doc.ents]
    cut = build_cut_long_texts_v1(max_words=10)
    parts = list(cut(trained, Example(trained.make_doc(doc.text), doc)))
    assert len(parts) > 1
    gold = [span.label_ for part in parts for span in mentions_of(part.reference, KEY)]
    assert gold == [ent.label_ for ent in doc.ents]


def test_a_mention_that_is_added_to_what_was_found_is_gold(trained: Language) -> None:
    doc = trained(TEXTS[1])
    found = mentions(doc)
    doc.spans[KEY].append(Span(doc, 0, 1, "Species"))
    assert [(span.text, span.label_) for span in mentions_of(doc, KEY)] == [*found, (doc[0].text, "Species")]


def test_weights_from_before_a_label_was_added_can_be_taken_back(trained: Language, tmp_path: Path) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    before = [results(doc) for doc in nlp.pipe(TEXTS)]
    fewer = nlp.to_bytes()
    nlp.to_disk(tmp_path / "fewer")
    component(nlp).add_label("Dose")
    nlp.update(examples_for(nlp))
    more = [results(doc) for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path / "more")
    for load in (lambda: nlp.from_bytes(fewer), lambda: nlp.from_disk(tmp_path / "fewer")):
        nlp.from_disk(tmp_path / "more")
        assert len(component(nlp).labels) == 5
        assert [results(doc) for doc in nlp.pipe(TEXTS)] == more
        load()
        assert component(nlp).labels == component(trained).labels
        assert [results(doc) for doc in nlp.pipe(TEXTS)] == before
        nlp.update(examples_for(nlp))


def test_what_can_not_be_loaded_leaves_labels_and_scores(trained: Language, tmp_path: Path) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    component(nlp).add_label("Dose")
    component(nlp).to_disk(tmp_path)
    before = [results(doc) for doc in trained.pipe(TEXTS)]
    path = tmp_path / "model"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(LitBertError, match="L312"):
        component(trained).from_disk(tmp_path)
    assert len(component(trained).labels) == 4
    assert [results(doc) for doc in trained.pipe(TEXTS)] == before


def test_what_was_found_before_goes_with_its_entities(trained: Language) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    doc = nlp(TEXTS[2])
    assert len(doc.ents) == 3
    component(nlp).threshold = 1.0
    assert not nlp(doc).ents
    ruled = nlp.make_doc(TEXTS[2])
    ruled.ents = [Span(ruled, 0, 1, "Drug")]
    component(nlp).threshold = None
    first = nlp(nlp(ruled)).ents[0]
    assert (first.text, first.label_) == ("Aspirin", "Drug")
