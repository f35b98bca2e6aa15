"""Corpora with different labels, mixed: names, weights, what is left out, and training on them."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin, Span

from spacy_litbert.corpora.docbin import to_docbin, write_docbin
from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.parts import build_cut_long_texts_v1
from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import ANNOTATED, set_annotated
from spacy_litbert.ner.corpora import build_labelled_corpora_v1

from .conftest import CNN

GENES = [Document(f"g{i}", f"IL{i} in mice", (Mention(0, len(f"IL{i}"), "GENE"),)) for i in range(8)]
DRUGS = [
    Document(f"d{i}", f"zinc{i} for gout", (Mention(0, 5, "Chemical"), Mention(10, 14, "Disease"))) for i in range(4)
]


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def settings(nlp: Language, tmp_path: Path) -> dict[str, dict[str, Any]]:
    for name, documents in {"genes": GENES, "drugs": DRUGS}.items():
        write_docbin(tmp_path / f"{name}.spacy", to_docbin(documents, nlp.tokenizer, source=name).docbin)
    return {
        "genes": {"path": str(tmp_path / "genes.spacy"), "labels": ["Gene"], "names": {"GENE": "Gene"}},
        "drugs": {"path": str(tmp_path / "drugs.spacy"), "labels": ["Chemical", "Disease"]},
    }


def read(settings: dict[str, dict[str, Any]], nlp: Language, **more: Any) -> list[tuple[str, list[str], list[str]]]:
    """Text, labels of mentions and annotated labels of each example."""
    references = [example.reference for example in build_labelled_corpora_v1(settings, **more)(nlp)]
    return [
        (doc.text, [ent.label_ for ent in doc.ents], [span.label_ for span in doc.spans[ANNOTATED]])
        for doc in references
    ]


def test_documents_say_what_was_annotated_under_the_names_asked_for(
    nlp: Language, settings: dict[str, dict[str, Any]]
) -> None:
    found = read(settings, nlp)
    assert len(found) == 12
    assert ("IL3 in mice", ["Gene"], ["Gene"]) in found
    assert ("zinc3 for gout", ["Chemical", "Disease"], ["Chemical", "Disease"]) in found


def test_the_order_is_mixed_and_that_of_the_seed(nlp: Language, settings: dict[str, dict[str, Any]]) -> None:
    reader = build_labelled_corpora_v1(settings, seed=1)
    orders = [[example.reference.text for example in reader(nlp)] for _ in range(2)]
    assert orders[0] == orders[1] == [text for text, _, _ in read(settings, nlp, seed=1)]
    assert orders[0] != [text for text, _, _ in read(settings, nlp, seed=2)]
    assert orders[0] != sorted(orders[0])


def test_weights_say_how_often_documents_are_read(nlp: Language, settings: dict[str, dict[str, Any]]) -> None:
    settings["genes"]["weight"] = 0.5
    settings["drugs"]["weight"] = 2.25
    counts = Counter(text for text, _, _ in read(settings, nlp))
    assert sorted(counts[document.text] for document in GENES) == [0] * 4 + [1] * 4
    assert sorted(counts[document.text] for document in DRUGS) == [2, 2, 2, 3]


def test_documents_of_other_files_are_left_out_and_counted(
    nlp: Language, settings: dict[str, dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_docbin(tmp_path / "test.spacy", to_docbin([*GENES[:2], DRUGS[0]], nlp.tokenizer, source="").docbin)
    (tmp_path / "ids.txt").write_text("g5\nd9\n")
    logger = logging.getLogger("spacy")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, logger="spacy"):
            found = read(settings, nlp, exclude=[str(tmp_path / "test.spacy"), str(tmp_path / "ids.txt")])
    finally:
        logger.removeHandler(caplog.handler)
    texts = {text for text, _, _ in found}
    assert texts == {document.text for document in (*GENES[2:5], *GENES[6:], *DRUGS[1:])}
    assert "genes: 5 of 8 documents, 3 left out by their ids; mentions read: Gene 5;" in caplog.text
    assert "drugs: 3 of 4 documents, 1 left out" in caplog.text


def test_mentions_of_other_labels_are_left_out_and_missing_ones_stay_missing(
    nlp: Language, settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    doc = nlp.make_doc("zinc for gout in mice")
    spans = [Span(doc, 0, 1, "Chemical"), Span(doc, 2, 3, "Disease")]
    doc.set_ents(spans, missing=[doc[4:5]], default="outside")
    doc.spans["litbert"] = [*spans, Span(doc, 0, 3, "Disease")]
    DocBin(docs=[doc]).to_disk(tmp_path / "more.spacy")
    one = {"more": {"path": str(tmp_path / "more.spacy"), "labels": ["Illness"], "names": {"Disease": "Illness"}}}
    (example,) = build_labelled_corpora_v1(one)(nlp)
    reference = example.reference
    assert [(ent.text, ent.label_) for ent in reference.ents] == [("gout", "Illness")]
    assert [(span.text, span.label_) for span in reference.spans["litbert"]] == [
        ("gout", "Illness"),
        ("zinc for gout", "Illness"),
    ]
    assert [token.ent_iob for token in reference] == [2, 2, 3, 2, 0]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"path": "genes.jsonl"}, "path = 'genes.jsonl'"),
        ({"labels": []}, "labels = "),
        ({"labels": "Gene"}, "labels = 'Gene'"),
        ({"weight": 0}, "weight = 0"),
        ({"weight": "2"}, "weight = '2'"),
        ({"names": {"GENE": "Genes"}}, "names leads to Genes"),
        ({"naems": {}}, "naems.*path, labels, names and weight"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(
    settings: dict[str, dict[str, Any]], wrong: dict[str, Any], message: str
) -> None:
    settings["genes"].update(wrong)
    with pytest.raises(LitBertError, match=f"L424.*'genes'.*{message}"):
        build_labelled_corpora_v1(settings)


def test_files_and_corpora_that_are_not_there_are_refused(
    nlp: Language, settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(LitBertError, match="L424"):
        build_labelled_corpora_v1({})
    with pytest.raises(LitBertError, match="L224"):
        build_labelled_corpora_v1(settings, exclude=["none.txt"])
    with pytest.raises(LitBertError, match="L224"):
        build_labelled_corpora_v1({"genes": {**settings["genes"], "path": "none.spacy"}})
    del settings["genes"]["names"]
    with pytest.raises(LitBertError, match=r"L426.*'genes'.*Gene.*GENE 8"):
        read(settings, nlp)
    doc = nlp.make_doc("without an id")
    DocBin(docs=[doc]).to_disk(tmp_path / "genes.spacy")
    with pytest.raises(LitBertError, match="L425"):
        read(settings, nlp, exclude=[settings["drugs"]["path"]])


def test_one_component_learns_from_corpora_of_different_labels(settings: dict[str, dict[str, Any]]) -> None:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("litbert_ner", config={"model": {"tok2vec": CNN}})
    examples = list(build_labelled_corpora_v1(settings)(nlp))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    assert pipe.labels == ("Chemical", "Disease", "Gene")
    doc = nlp("IL3 for gout")
    # Nothing says that a gene is no chemical: each label knows its own corpus only.
    assert {("IL3", "Gene"), ("gout", "Disease")} <= {(span.text, span.label_) for span in doc.spans["litbert"]}
    assert nlp.evaluate(examples)["spans_litbert_f"] == 1


def test_concept_ids_are_kept(nlp: Language, tmp_path: Path) -> None:
    doc = nlp.make_doc("zinc for gout")
    doc.ents = [Span(doc, 2, 3, "DISEASE", kb_id="MESH:D006073", span_id="T1")]
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "one.spacy")
    corpus = {"path": str(tmp_path / "one.spacy"), "labels": ["Disease"], "names": {"DISEASE": "Disease"}}
    (example,) = build_labelled_corpora_v1({"one": corpus})(nlp)
    (ent,) = example.reference.ents
    assert (ent.label_, ent.kb_id_, ent.id_) == ("Disease", "MESH:D006073", "T1")


def test_long_texts_are_cut_with_what_was_annotated(nlp: Language, settings: dict[str, dict[str, Any]]) -> None:
    augmenter = build_cut_long_texts_v1(max_words=2)
    found = read({"genes": settings["genes"]}, nlp, augmenter=augmenter)
    assert len(found) == 16
    assert ("IL3 in ", ["Gene"], ["Gene"]) in found
    assert ("mice", [], ["Gene"]) in found


def test_what_documents_say_themselves_was_annotated_in_them_counts(nlp: Language, tmp_path: Path) -> None:
    docs = [nlp.make_doc("20 mg of zinc"), nlp.make_doc("zinc for gout"), nlp.make_doc("5 mg of zinc")]
    docs[0].ents = [Span(docs[0], 0, 2, "DOSE")]
    docs[1].ents = [Span(docs[1], 0, 1, "Chemical")]
    docs[2].ents = [Span(docs[2], 0, 2, "DOSE"), Span(docs[2], 3, 4, "Chemical")]
    set_annotated(docs[0], ["DOSE"])
    set_annotated(docs[1], ["Chemical", "Disease"])
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "marked.spacy")
    corpus = {"path": str(tmp_path / "marked.spacy"), "labels": ["Dose", "Chemical"], "names": {"DOSE": "Dose"}}
    found = {text: annotated for text, _, annotated in read({"own": corpus}, nlp)}
    assert found == {"20 mg of zinc": ["Dose"], "zinc for gout": ["Chemical"], "5 mg of zinc": ["Dose", "Chemical"]}
