"""``litbert_ner`` as programs and notebooks use it: settings saved again, merged tokens, corrections, slips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import mentions_of, set_annotated
from spacy_litbert.ner.calibration import Objective
from spacy_litbert.ner.corpora import build_labelled_corpora_v1
from spacy_litbert.ner.mentions import DocMentions, annotate
from spacy_litbert.ner.silver import add_silver

from .conftest import GOLD, KEY, TEXTS, build_like, component, examples_for, gold_doc, mentions, results


@pytest.fixture
def merging(trained: Language) -> Language:
    """What merges the tokens of entities behind the recognizer."""
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    nlp.add_pipe("merge_entities")
    return nlp


@pytest.mark.parametrize("configured", [0.3, 0.35, 0.7, 0.123456789012])
def test_a_threshold_of_the_config_does_not_undo_what_was_set_since(
    trained: Language, tmp_path: Path, configured: float
) -> None:
    trained.to_disk(tmp_path / "first")
    nlp = spacy.load(tmp_path / "first", config={"components.litbert_ner.threshold": configured})
    nlp.to_disk(tmp_path / "second")
    for threshold in (0.6, None):
        nlp = spacy.load(tmp_path / "second")
        component(nlp).threshold = threshold
        nlp.to_disk(tmp_path / "third")
        found = [component(spacy.load(tmp_path / "third")), component(build_like(nlp).from_bytes(nlp.to_bytes()))]
        assert [one.threshold for one in found] == [threshold if threshold is None else pytest.approx(threshold)] * 2


def test_merged_tokens_change_no_score(trained: Language, merging: Language) -> None:
    text = " ".join(TEXTS)
    gold = gold_doc(merging, text, [(words, label) for _, found in GOLD for words, label in found if words != "human"])
    gold.ents = gold.spans[KEY]
    expected = trained.evaluate([Example(trained.make_doc(text), gold)])
    found = merging.evaluate([Example(merging.make_doc(text), gold)])
    assert len(merging(text)) < len(trained(text))
    assert expected["ents_f"] > 0.8
    for figure in ("ents_f", f"spans_{KEY}_r"):
        assert found[figure] == expected[figure]


def test_silver_mentions_are_those_of_the_text_whatever_is_merged(trained: Language, merging: Language) -> None:
    docs = [trained.make_doc(" ".join(TEXTS)) for _ in range(2)]
    for doc in docs:
        set_annotated(doc, ["Dose"])
    assert add_silver(docs[:1], merging) == add_silver(docs[1:], trained)
    assert sorted(mentions(docs[0])) == sorted(mentions(docs[1]))
    assert len(mentions(docs[0])) > 4


def test_a_doc_with_merged_tokens_can_be_annotated_again(merging: Language) -> None:
    doc = merging(" ".join(TEXTS))
    found = mentions_of(doc, KEY)
    assert {(span.text, span.label_) for span in found} >= {(ent.text, ent.label_) for ent in doc.ents}
    again = merging(doc)
    assert [ent.text for ent in again.ents]
    assert {span.text for span in again.spans[KEY]} <= {token.text for token in again} | {again.text}


def found_in(doc: Doc, places: list[tuple[int, int, str, float]]) -> Doc:
    labels = sorted({label for _, _, label, _ in places})
    numbers = np.array([labels.index(label) for _, _, label, _ in places])
    starts, ends = (np.array([place[i] for place in places]) for i in (0, 1))
    confidences = np.array([place[3] for place in places])
    ids = [doc.vocab.strings.add(label) for label in labels]
    annotate(doc, DocMentions(numbers, starts, ends, confidences), ids, KEY)
    return doc


def test_an_entity_that_was_swapped_for_a_less_sure_one_is_a_correction() -> None:
    nlp = spacy.blank("en")
    doc = found_in(nlp.make_doc("The human insulin receptor binds."), [(1, 4, "Gene", 0.9), (1, 2, "Species", 0.6)])
    assert [(span.text, span.label_) for span in doc.ents] == [("human insulin receptor", "Gene")]
    assert len(mentions_of(doc, KEY)) == 2
    doc.ents = [Span(doc, 1, 2, "Species")]
    assert [(span.text, span.label_) for span in mentions_of(doc, KEY)] == [("human", "Species")]


def test_two_equally_sure_ones_are_no_correction() -> None:
    nlp = spacy.blank("en")
    doc = found_in(nlp.make_doc("The human insulin receptor binds."), [(1, 4, "Gene", 0.5), (1, 2, "Species", 0.5)])
    assert len(mentions_of(doc, KEY)) == 2


def test_a_single_string_is_no_list_of_labels() -> None:
    doc = spacy.blank("en").make_doc(TEXTS[0])
    with pytest.raises(LitBertError, match=r"L435.*'Dose'.*\['Dose'\]"):
        set_annotated(doc, "Dose")


def test_an_objective_that_is_no_number_is_refused() -> None:
    wrong: Any = "0.9"
    with pytest.raises(LitBertError, match=r"L430.*precision = '0\.9'"):
        Objective(precision=wrong)


def test_bytes_without_settings_leave_those_that_are_there(trained: Language) -> None:
    other = build_like(trained).from_bytes(trained.to_bytes())
    component(other).threshold = 0.5
    component(other).from_bytes(component(trained).to_bytes(exclude=["cfg"]))
    assert component(other).threshold == 0.5
    component(other).threshold = None
    assert results(other(TEXTS[0])) == results(trained(TEXTS[0]))


def test_a_damaged_corpus_is_named(trained: Language, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.spacy", tmp_path / "bad.spacy"
    docs = [example.reference for example in examples_for(trained)]
    for doc in docs:
        doc.user_data["._.", "document_id", None, None] = "x"
    spacy.tokens.DocBin(docs=docs, store_user_data=True).to_disk(good)
    bad.write_bytes(b"xxxx")
    settings = {"path": str(good), "labels": ["Chemical"]}
    for wrong, exclude in ((bad, []), (good, [str(bad)])):
        reader = build_labelled_corpora_v1({"a": {**settings, "path": str(wrong)}}, exclude=exclude)
        with pytest.raises(LitBertError, match=r"L207.*bad\.spacy"):
            list(reader(trained))


def test_a_weight_by_which_nothing_is_read_is_refused(trained: Language, tmp_path: Path) -> None:
    path = tmp_path / "one.spacy"
    spacy.tokens.DocBin(docs=[examples_for(trained)[0].reference]).to_disk(path)
    settings = {"path": str(path), "labels": ["Chemical"]}
    assert len(list(build_labelled_corpora_v1({"a": {**settings, "weight": 0.6}})(trained))) == 1
    with pytest.raises(LitBertError, match=r"L424.*'a'.*weight = 0\.4 of 1 documents"):
        list(build_labelled_corpora_v1({"a": {**settings, "weight": 0.4}})(trained))
    with pytest.raises(LitBertError, match=r"L424.*names = \{'x': 5\}"):
        build_labelled_corpora_v1({"a": {**settings, "names": {"x": 5}}})


def test_spans_without_tokens_are_no_mentions() -> None:
    nlp = spacy.blank("en")
    for text in ("", "Aspirin helps."):
        doc = nlp.make_doc(text)
        doc.spans[KEY] = [Span(doc, len(doc), len(doc), "Chemical"), *([doc[0:1]] if text else [])]
        assert [span.text for span in mentions_of(doc, KEY)] == text.split()[:1]
