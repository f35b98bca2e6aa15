"""Silver mentions: what a pipeline finds of labels that were not annotated."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import ANNOTATED, set_annotated, tags_of
from spacy_litbert.ner.silver import add_silver

from .conftest import GOLD, KEY, TEXTS, examples_for, gold_doc, mentions


def marks(doc: Doc) -> list[str]:
    return [span.label_ for span in doc.spans[ANNOTATED]]


def test_what_was_annotated_stays_and_what_was_not_is_found(trained: Language) -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXTS[1])
    doc.ents = [doc.char_span(4, 9, "Species", kb_id="9606")]
    other = gold_doc(nlp, TEXTS[2], [])  # no species here, says the gold
    empty = nlp.make_doc("")
    for one in (doc, other, empty):
        set_annotated(one, ["Species"])
    counts = add_silver([doc, other, empty], trained)
    assert sorted(mentions(doc)) == sorted(GOLD[1][1])
    assert doc.ents[0].kb_id_ == "9606"
    assert sorted(mentions(other)) == [("Aspirin", "Chemical"), ("gastric ulcers", "Disease")]
    assert counts == {"Chemical": 1, "Disease": 1, "Gene": 1, "Species": 0}
    for one in (doc, other):
        assert sorted(marks(one)) == ["Chemical", "Disease", "Gene", "Species"]
    assert KEY not in empty.spans
    again = add_silver([doc, other], trained)
    assert not sum(again.values())


def test_any_pipeline_with_entities_will_do() -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Dose", "pattern": "5 mg"}])
    doc = nlp.make_doc("5 mg of zinc")
    set_annotated(doc, [])
    assert add_silver([doc], nlp) == {"Dose": 1}
    assert mentions(doc) == [("5 mg", "Dose")]
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    with pytest.raises(LitBertError, match=r"L429.*sentencizer"):
        add_silver([doc], blank)


def test_a_text_that_says_nothing_of_what_was_annotated_is_refused(trained: Language) -> None:
    marked, plain = (gold_doc(trained, text, []) for text in TEXTS[:2])
    set_annotated(marked, [])
    with pytest.raises(LitBertError, match=r"L434.*human insulin"):
        add_silver([marked, plain], trained)
    assert marks(marked) == mentions(marked) == []


def test_gold_of_other_tokens_keeps_them(trained: Language) -> None:
    words = ["Aspirin", "caused", "gastric", "ulcers", "in", "mice."]
    doc = Doc(trained.vocab, words=words)
    set_annotated(doc, ["Disease"])
    add_silver([doc], trained)
    assert [token.text for token in doc] == words
    assert ("Aspirin", "Chemical") in mentions(doc)


def test_it_is_learned_like_gold(trained: Language) -> None:
    example = examples_for(trained)[2]
    labels = trained.get_pipe("litbert_ner").labels
    whole, known = tags_of(example, labels, KEY)
    set_annotated(example.reference, ["Disease"])
    example.reference.spans[KEY] = [span for span in example.reference.spans[KEY] if span.label_ == "Disease"]
    assert not tags_of(example, labels, KEY)[1].all()
    add_silver([example.reference], trained)
    again, known_again = tags_of(example, labels, KEY)
    assert (again == whole).all()
    assert known_again.all()
    assert known.all()
