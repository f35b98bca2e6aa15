from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.tokens import DocBin, Span
from spacy.training import Example

from spacy_litbert.confidence import register_confidence
from spacy_litbert.corpora.docbin import to_docbin, write_docbin
from spacy_litbert.corpora.docs import document_of
from spacy_litbert.corpora.document import Document, Mention, keep_longest
from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import known_tokens

from .strategies import RELAXED, documents

NLP = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}})
# "p70" and "IkB" meet inside a token; "fits" is a token.
SPLIT_TOKEN = Document("1", "p70IkB caused fits.", (Mention(0, 3, "A"), Mention(3, 6, "A"), Mention(14, 18, "B")))


@pytest.fixture
def nlp() -> Language:
    return NLP


def test_mentions_become_entities(nlp: Language, tmp_path: Path) -> None:
    document = Document("1", "Li+-induced fits  (seen twice)", (Mention(0, 3, "Chemical"), Mention(12, 16, "Disease")))
    conversion = to_docbin([document], nlp.tokenizer, source="x")
    write_docbin(tmp_path / "new" / "a.spacy", conversion.docbin)
    [doc] = DocBin().from_disk(tmp_path / "new" / "a.spacy").get_docs(nlp.vocab)
    assert doc.text == document.text
    assert [token.text for token in doc] == [token.text for token in nlp.make_doc(document.text)]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Li+", "Chemical"), ("fits", "Disease")]
    assert (conversion.n_documents, conversion.n_mentions, conversion.n_tokens) == (1, 2, len(doc))
    assert conversion.percent_misaligned == 0


@pytest.mark.parametrize("default, expected", [("high", None), (True, None), (1, 1.0)])
def test_a_confidence_of_a_programs_own_counts_if_it_is_a_number(
    nlp: Language, default: object, expected: float | None
) -> None:
    doc = nlp("She had fits.")
    doc.ents = doc.spans["found"] = [Span(doc, 2, 3, "Disease")]
    Span.set_extension("confidence", default=default, force=True)
    try:
        for key in (None, "found"):
            assert [one.confidence for one in document_of(doc, key).entities] == [expected]
    finally:
        Span.remove_extension("confidence")
        register_confidence()


def test_tokens_of_a_misaligned_mention_are_unknown_not_empty(nlp: Language) -> None:
    conversion = to_docbin([SPLIT_TOKEN], nlp.tokenizer, source="x", limit=100)
    assert conversion.misaligned == ["1: ⟦p70⟧IkB caused f", "1: p70⟦IkB⟧ caused fits"]
    [doc] = DocBin().from_bytes(conversion.docbin.to_bytes()).get_docs(nlp.vocab)
    assert [token.ent_iob_ for token in doc] == ["", "O", "B", "O"]
    prediction = nlp.make_doc(doc.text)
    prediction.ents = [prediction.char_span(0, 6, "A"), prediction.char_span(14, 18, "B")]
    assert get_ner_prf([Example(prediction, doc)])["ents_p"] == 1.0


def test_too_many_misaligned_mentions_are_an_error(nlp: Language) -> None:
    with pytest.raises(LitBertError, match=r"L404.*66\.67 %.*train\.tsv.*more than 0\.5 %.*⟦p70⟧IkB"):
        to_docbin([SPLIT_TOKEN], nlp.tokenizer, source="train.tsv")


def test_overlapping_mentions_are_counted_and_kept_as_spans(nlp: Language) -> None:
    mentions = (Mention(0, 6, "G", "G:1"), Mention(0, 25, "D"), Mention(11, 18, "D"), Mention(11, 25, "D"))
    document = Document("1", "breast and ovarian cancer", mentions)
    plain = Document("2", "breast cancer", (Mention(0, 13, "D"),))
    conversion = to_docbin([document, plain], nlp.tokenizer, source="x")
    doc, other = conversion.docbin.get_docs(nlp.vocab)
    assert [ent.text for ent in doc.ents] == [document.text]
    assert (conversion.n_mentions, conversion.n_overlapping) == (5, 3)
    assert document_of(doc, "litbert").entities == mentions
    assert [span.kb_id_ for span in doc.spans["litbert"]] == ["G:1", "", "", ""]
    assert not other.spans


def test_beside_overlapping_mentions_split_tokens_stay_missing(nlp: Language) -> None:
    text = f"{SPLIT_TOKEN.text} breast cancer"
    start = len(SPLIT_TOKEN.text) + 1
    nested = (Mention(start, start + 6, "O"), Mention(start, len(text), "D"))
    document = Document("1", text, (*SPLIT_TOKEN.entities, *nested))
    [doc] = to_docbin([document], nlp.tokenizer, source="x", limit=100).docbin.get_docs(nlp.vocab)
    assert [(span.text, span.label_) for span in doc.spans["litbert"]][-2:] == [("breast", "O"), ("breast cancer", "D")]
    for label in ("O", "D"):
        assert (~known_tokens(doc, label, "litbert")).tolist() == [token.ent_iob == 0 for token in doc]
        assert not known_tokens(doc, label, "litbert").all()


@RELAXED
@given(st.lists(documents(), max_size=4))
def test_documents_come_back(wanted: list[Document]) -> None:
    conversion = to_docbin(wanted, NLP.tokenizer, source="x", limit=100)
    docs = list(DocBin().from_bytes(conversion.docbin.to_bytes()).get_docs(NLP.vocab))
    assert [doc.text for doc in docs] == [document.text for document in wanted]
    found = [{Mention(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents} for doc in docs]
    kept = [set(keep_longest(document.entities)[0]) for document in wanted]
    assert all(entities <= expected for entities, expected in zip(found, kept))
    n_missing = sum(len(expected - entities) for entities, expected in zip(found, kept))
    assert n_missing == len(conversion.misaligned)


PROGRAM = """
import sys, hashlib, spacy
from spacy_litbert.corpora.docbin import to_docbin
from spacy_litbert.corpora.document import Document, Mention
config = {"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}}
words = "arinol botanol cidanol dumanol".split()
documents = [Document(w, w + " and its salts", (Mention(0, len(w), w.upper()),)) for w in words]
data = to_docbin(documents, spacy.blank("en", config=config).tokenizer, source="x").docbin.to_bytes()
print(hashlib.sha256(data).hexdigest())
"""


def test_equal_documents_give_equal_bytes_in_any_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_nested_mentions_off_the_token_boundaries_count_as_such(nlp: Language) -> None:
    document = Document("1", "p70IkB gene and fits", (Mention(0, 3, "P"), Mention(0, 11, "G"), Mention(16, 20, "D")))
    with pytest.raises(LitBertError, match=r"L404.*33\.33 %.*⟦p70⟧"):
        to_docbin([document], nlp.tokenizer, source="gold")
    conversion = to_docbin([document], nlp.tokenizer, source="gold", limit=50)
    assert (conversion.n_mentions, conversion.n_overlapping, len(conversion.misaligned)) == (3, 0, 1)
    [doc] = conversion.docbin.get_docs(nlp.vocab)
    assert [ent.text for ent in doc.ents] == ["p70IkB gene", "fits"]


def test_a_mention_without_a_label_is_refused(nlp: Language) -> None:
    with pytest.raises(LitBertError, match=r"L413.*'7' in gold.*'fits'.*labels"):
        to_docbin([Document("7", "fits", (Mention(0, 4, ""),))], nlp.tokenizer, source="gold")
