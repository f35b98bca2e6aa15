"""Partial annotation: what a Doc does not say is neither learned nor counted."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_litbert.ner.annotation import ANNOTATED, set_annotated, tags_of
from spacy_litbert.ner.scoring import score

from .conftest import GOLD, KEY, build, examples_for, gold_doc

LABELS = ("Chemical", "Disease", "Gene", "Species")


@pytest.fixture(scope="module")
def nlp() -> Language:
    return build(steps=1)


def test_labels_that_were_not_annotated_have_no_gradient_at_all(nlp: Language) -> None:
    examples = examples_for(nlp)
    for example in examples[:2]:
        set_annotated(example.reference, ["Gene", "Species"])
    set_annotated(examples[2].reference, ["Gene"])
    pipe = nlp.get_pipe("litbert_ner")
    scores, backprop = pipe.model.begin_update([example.predicted for example in examples])
    loss, d_scores = pipe.get_loss(examples, scores)
    by_label = d_scores.dataXd.reshape((-1, len(LABELS), 3))
    end = sum(len(example.predicted) for example in examples[:2])
    assert loss > 0
    assert not by_label[:, :2].any()
    assert by_label[:, 2].all()
    assert by_label[:end, 3].all()
    assert not by_label[end:, 3].any()
    output = pipe.model.get_ref("output_layer")
    backprop(d_scores)
    rows = output.get_grad("W").reshape((len(LABELS), 3, -1))
    assert not rows[:2].any()
    assert rows[2:].any()
    pipe.model.finish_update(lambda key, weights, gradient: (weights, gradient * 0))


def test_the_loss_of_what_is_annotated_does_not_depend_on_the_rest(nlp: Language) -> None:
    pipe = nlp.get_pipe("litbert_ner")
    with_all, without = examples_for(nlp), examples_for(nlp)
    for example in (*with_all, *without):
        set_annotated(example.reference, ["Gene"])
    for example in without:
        spans = [span for span in example.reference.spans[KEY] if span.label_ == "Gene"]
        example.reference.spans[KEY] = spans
    scores = pipe.model.predict([example.predicted for example in with_all])
    one, other = pipe.get_loss(with_all, scores), pipe.get_loss(without, scores)
    assert one[0] == other[0]
    assert (one[1].dataXd == other[1].dataXd).all()


def test_the_gradient_is_that_of_the_loss(nlp: Language) -> None:
    pipe = nlp.get_pipe("litbert_ner")
    examples = examples_for(nlp)
    scores = pipe.model.predict([example.predicted for example in examples])
    _, gradient = pipe.get_loss(examples, scores)
    for place in [(0, 0), (1, 2), (7, 8), (9, 10)]:
        losses = []
        for step in (1e-2, -1e-2):
            moved = type(scores)(scores.dataXd.copy(), scores.lengths)
            moved.dataXd[place] += step
            losses.append(pipe.get_loss(examples, moved)[0])
        assert gradient.dataXd[place] == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=2e-3)


def test_what_was_annotated_survives_storage(nlp: Language) -> None:
    docs = [gold_doc(nlp, *gold) for gold in GOLD]
    set_annotated(docs[0], ["Chemical", "Virus"])
    set_annotated(docs[1], [])
    data = DocBin(docs=docs).to_bytes()
    stored = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert [span.label_ for span in stored[0].spans[ANNOTATED]] == ["Chemical", "Virus"]
    assert len(stored[1].spans[ANNOTATED]) == 0
    assert ANNOTATED not in stored[2].spans
    again = Example.from_dict(nlp.make_doc(docs[0].text), Example(docs[0], docs[0]).to_dict())
    assert [span.label_ for span in again.reference.spans[ANNOTATED]] == ["Chemical", "Virus"]


def test_nothing_is_known_of_texts_that_say_nothing(nlp: Language) -> None:
    doc = nlp.make_doc("Zinc in mice")
    _, known = tags_of(Example(nlp.make_doc(doc.text), doc), LABELS, KEY)
    assert not known.any()
    set_annotated(doc, [])
    doc.set_ents([], default="outside")
    _, known = tags_of(Example(nlp.make_doc(doc.text), doc), LABELS, KEY)
    assert not known.any()


def test_missing_entities_are_not_known(nlp: Language) -> None:
    doc = nlp.make_doc("Zinc in old mice")
    doc.set_ents([Span(doc, 0, 1, "Chemical")], missing=[doc[2:4]], default="outside")
    tags, known = tags_of(Example(nlp.make_doc(doc.text), doc), LABELS, KEY)
    assert tags[:, 0].tolist() == [4, 0, 0, 0]
    assert known.tolist() == [[True] * 4] * 2 + [[False] * 4] * 2


def test_other_tokens_get_the_tags_of_the_text() -> None:
    nlp = spacy.blank("en")
    reference = Doc(nlp.vocab, words=["anti-IL2", "in", "old", "mice"])
    reference.set_ents([Span(reference, 0, 1, "Gene"), Span(reference, 2, 4, "Species")], default="outside")
    predicted = Doc(nlp.vocab, words=["anti", "-", "IL2", "in", "o", "ld", "mice"], spaces=[0, 0, 1, 1, 0, 1, 0])
    tags, known = tags_of(Example(predicted, reference), ("Gene", "Species"), KEY)
    assert tags.T.tolist() == [[1, 2, 3, 0, 0, 0, 0], [0, 0, 0, 0, 1, 2, 3]]
    assert known.all()
    # A mention of which a token of the predicted Doc is only a part
    tags, known = tags_of(
        Example(Doc(nlp.vocab, words=["anti-IL2", "in", "old mice"]), predicted_gold(nlp)), ("Gene",), KEY
    )
    assert tags.T.tolist() == [[0, 0, 0]]
    assert known.T.tolist() == [[False, True, True]]


def predicted_gold(nlp: Language) -> Doc:
    doc = Doc(nlp.vocab, words=["anti", "-", "IL2", "in", "old", "mice"], spaces=[0, 0, 1, 1, 1, 0])
    doc.spans[KEY] = [Span(doc, 2, 3, "Gene")]
    return doc


def test_of_mentions_of_one_label_that_overlap_the_longest_is_learned(nlp: Language) -> None:
    doc = nlp.make_doc("human insulin receptor gene")
    doc.spans[KEY] = [Span(doc, 1, 2, "Gene"), Span(doc, 0, 3, "Gene"), Span(doc, 0, 1, "Species")]
    tags, known = tags_of(Example(nlp.make_doc(doc.text), doc), ("Gene", "Species"), KEY)
    assert tags.T.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0]]
    assert known.all()


def scored(nlp: Language, annotated: list[str] | None) -> dict[str, object]:
    """One mention is right, one is wrong, one was missed, all of different labels."""
    predicted, reference = nlp.make_doc("Zinc in old mice"), nlp.make_doc("Zinc in old mice")
    predicted.spans[KEY] = [Span(predicted, 0, 1, "Chemical"), Span(predicted, 2, 3, "Disease")]
    predicted.ents = predicted.spans[KEY]
    reference.set_ents([Span(reference, 0, 1, "Chemical"), Span(reference, 3, 4, "Species")], default="outside")
    if annotated is not None:
        set_annotated(reference, annotated)
    return score([Example(predicted, reference)], spans_key=KEY)


@pytest.mark.parametrize(
    "annotated, precision, recall",
    [
        (None, 0.5, 0.5),
        (["Chemical", "Disease", "Species"], 0.5, 0.5),
        (["Chemical"], 1, 1),
        (["Chemical", "Disease"], 0.5, 1),
        (["Chemical", "Species"], 1, 0.5),
        ([], None, None),
    ],
)
def test_scores_leave_out_what_was_not_annotated(
    nlp: Language, annotated: list[str] | None, precision: float | None, recall: float | None
) -> None:
    scores = scored(nlp, annotated)
    assert (scores["ents_p"], scores["ents_r"]) == (precision, recall)
    assert (scores["spans_litbert_p"], scores["spans_litbert_r"]) == (precision, recall)


def test_scores_of_complete_texts_are_those_of_spacy(nlp: Language) -> None:
    random = np.random.default_rng(0)
    examples = []
    for _ in range(20):
        words = ["w"] * int(random.integers(1, 12))
        docs = [Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)]
        for doc in docs:
            spans = [
                Span(doc, i, i + 1, str(random.choice(LABELS))) for i in range(len(words)) if random.random() < 0.5
            ]
            missing = [doc[i : i + 1] for i in range(len(words)) if random.random() < 0.1]
            taken = {span.start for span in spans}
            doc.set_ents(spans, missing=[span for span in missing if span.start not in taken], default="outside")
        examples.append(Example(*docs))
    expected = spacy.scorer.get_ner_prf(examples)
    found = score(examples, spans_key=KEY)
    assert found["ents_per_type"] == expected["ents_per_type"]
    assert [found[f"ents_{key}"] for key in "prf"] == [expected[f"ents_{key}"] for key in "prf"]


def test_white_space_at_the_ends_of_gold_mentions_does_not_count(nlp: Language) -> None:
    doc = nlp.make_doc("took  aspirin  today")
    assert [token.is_space for token in doc] == [False, True, False, True, False]
    doc.spans[KEY] = [Span(doc, 1, 3, "Chemical"), Span(doc, 2, 4, "Species"), Span(doc, 3, 4, "Gene")]
    predicted = nlp.make_doc(doc.text)
    tags, known = tags_of(Example(predicted, doc), LABELS, KEY)
    assert tags.T.tolist() == [[0, 0, 4, 0, 0], [0] * 5, [0] * 5, [0, 0, 4, 0, 0]]
    assert known.all()
    predicted.spans[KEY] = [Span(predicted, 2, 3, "Chemical"), Span(predicted, 2, 3, "Species")]
    assert score([Example(predicted, doc)], spans_key=KEY)["spans_litbert_f"] == 1


def test_parts_of_a_gold_token_are_not_right() -> None:
    nlp = spacy.blank("en")
    gold = Doc(nlp.vocab, words=["IL-2", "binds"])
    predicted = Doc(nlp.vocab, words=["IL", "-", "2", "binds"], spaces=[0, 0, 1, 0])
    gold.ents = [Span(gold, 0, 1, "Gene")]
    for places, right in ([(0, 1), (2, 3)], 0), ([(0, 3)], 1):
        predicted.ents = [Span(predicted, *place, "Gene") for place in places]
        scores = score([Example(predicted, gold)], spans_key=KEY)
        assert (scores["ents_p"], scores["ents_r"]) == (right, right)


def test_nothing_is_known_of_tokens_that_the_gold_does_not_have(nlp: Language) -> None:
    predicted = nlp.make_doc("Patients  took aspirin")
    gold = Doc(nlp.vocab, words=["Patients", "took", "aspirin"])
    gold.set_ents([], default="outside")
    _, known = tags_of(Example(predicted, gold), LABELS, KEY)
    assert known[:, 0].tolist() == [True, False, True, True]
