"""Long texts in parts: nothing is lost, no mention is cut, and pipelines learn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from spacy_litbert.corpora.parts import build_cut_long_texts_v1, parts
from spacy_litbert.errors import LitBertError

NLP = spacy.blank("en")


@st.composite
def docs(draw: st.DrawFn) -> Doc:
    """Docs with entities, missing tokens, overlapping spans and a region that was annotated."""
    words = draw(st.lists(st.sampled_from(["zinc", "gout", ".", "\n", "\n\n", "(", "µ", "a"]), min_size=1, max_size=60))
    doc = Doc(NLP.vocab, words=words, spaces=[draw(st.booleans()) for _ in words])
    spans = [
        Span(doc, start, min(len(doc), start + draw(st.integers(1, 6))), draw(st.sampled_from("AB")))
        for start in draw(st.lists(st.integers(0, len(doc) - 1), max_size=8))
    ]
    doc.spans["litbert"] = spans
    doc.spans["region"] = [Span(doc, 0, len(doc), "A")]
    ents = spacy.util.filter_spans(spans)
    taken = {token.i for ent in ents for token in ent}
    missing = [doc[i : i + 1] for i in range(len(doc)) if i not in taken and draw(st.integers(0, 5)) == 0]
    doc.set_ents(ents, missing=missing, default="outside")
    return doc


@given(docs(), st.integers(6, 30))
def test_the_parts_together_are_the_text_with_all_that_it_has(doc: Doc, max_words: int) -> None:
    cut = list(parts(doc, max_words))
    assert "".join(part.text_with_ws for part in cut) == doc.text_with_ws
    assert [token.text for part in cut for token in part] == [token.text for token in doc]
    iob = np.concatenate([part.to_array(["ENT_IOB", "ENT_TYPE"]) for part in cut])
    assert (iob == doc.to_array(["ENT_IOB", "ENT_TYPE"])).all()
    starts = np.cumsum([0, *map(len, cut)])
    found = [
        (span.start + start, span.end + start, span.label_)
        for part, start in zip(cut, starts)
        for span in part.spans["litbert"]
    ]
    assert sorted(found) == sorted((span.start, span.end, span.label_) for span in doc.spans["litbert"])
    if len(doc) > max_words:
        assert all([(span.start, span.end) for span in part.spans["region"]] == [(0, len(part))] for part in cut)
    assert all(part.has_annotation("ENT_IOB") == doc.has_annotation("ENT_IOB") for part in cut if len(cut) == 1)


@given(docs(), st.integers(12, 30))
def test_parts_are_no_longer_than_asked_for_and_not_much_shorter(doc: Doc, max_words: int) -> None:
    covered = np.zeros(len(doc) + 1, dtype=bool)
    for span in [*doc.ents, *doc.spans["litbert"]]:
        covered[span.start + 1 : span.end] = True
    cut = list(parts(doc, max_words))
    ends = np.cumsum([len(part) for part in cut])
    for part, end in zip(cut[:-1], ends):
        assert len(part) > max_words // 2
        assert len(part) <= max_words or covered[end - len(part) + max_words // 2 + 1 : end].all()


def test_parts_end_with_lines_then_with_sentences_then_anywhere() -> None:
    line = NLP("a b c d .\ne f g h i j")
    assert [part.text for part in parts(line, 8)] == ["a b c d .\n", "e f g h i j"]
    sentence = NLP("One two three four. Five six seven eight")
    assert [part.text for part in parts(sentence, 7)] == ["One two three four. ", "Five six seven eight"]
    assert [part.text for part in parts(NLP("a b c d e"), 2)] == ["a b ", "c d ", "e"]


def test_only_long_texts_are_cut_and_texts_with_categories_are_refused() -> None:
    cut = build_cut_long_texts_v1(max_words=4)
    short = Example(NLP.make_doc("a b c d"), NLP.make_doc("a b c d"))
    assert list(cut(NLP, short)) == [short]
    of_a_kind = NLP.make_doc("a b c d e")
    of_a_kind.cats = {"REVIEW": 1.0}
    with pytest.raises(LitBertError, match=r"L428.*'a b c d e'"):
        list(cut(NLP, Example(NLP.make_doc("a b c d e"), of_a_kind)))
    with pytest.raises(LitBertError, match=r"L427.*1"):
        build_cut_long_texts_v1(max_words=1)


def test_spacys_reader_cuts_with_it(tmp_path: Path) -> None:
    doc = NLP.make_doc("Zinc for gout. " * 50)
    doc.ents = [Span(doc, i, i + 1, "Chemical") for i in range(0, len(doc), 4)]
    words = Doc(NLP.vocab, words=["zinc", "don't", "(p53)-dependent"] * 10)
    DocBin(docs=[doc, words]).to_disk(tmp_path / "long.spacy")
    augmenter = registry.augmenters.get("spacy-litbert.cut_long_texts.v1")(max_words=20)
    reader = registry.readers.get("spacy.Corpus.v1")(
        path=tmp_path / "long.spacy", gold_preproc=False, max_length=0, limit=0, augmenter=augmenter
    )
    examples = list(reader(NLP))
    assert {len(example.reference) for example in examples} == {20, 10}
    assert all([t.text for t in one.predicted] == [t.text for t in one.reference] for one in examples)
    assert sum(len(example.reference.ents) for example in examples) == 50
