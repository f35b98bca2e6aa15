"""The figures that projects/ner reports: what counts as found, as missed and as invented."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from compare import score_splits
from hypothesis import given
from hypothesis import strategies as st
from scoring import examples_of, score
from spacy.tokens import Doc

from spacy_litbert.corpora.document import Document, Mention, keep_longest
from spacy_litbert.corpora.jsonl import write_jsonl
from spacy_litbert.errors import LitBertError

from ..corpora.strategies import RELAXED, documents

NLP = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}})


def predict(text: str, *mentions: Mention) -> Doc:
    doc = NLP.make_doc(text)
    doc.set_ents([doc.char_span(m.start, m.end, m.label) for m in mentions])
    return doc


def test_a_mention_counts_if_its_place_and_label_are_right() -> None:
    text = "Zinomycin caused fits and fever in mice"
    drug, fits, fever, mice = Mention(0, 9, "C"), Mention(17, 21, "D"), Mention(26, 31, "D"), Mention(35, 39, "S")
    gold = Document("1", text, (drug, fits, fever))
    scores = score([gold], [predict(text, drug, Mention(17, 31, "D"), mice)])
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert scores["ents_per_type"]["C"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert list(scores["ents_per_type"]) == ["C", "D", "S"]


@pytest.mark.parametrize("label", ["CD4-", "-", "micro avg", "B-cell", "Größe µ"])
def test_labels_may_have_any_name(label: str) -> None:
    gold = Document("1", "fits and fever", (Mention(0, 4, label), Mention(9, 14, label)))
    scores = score([gold], [predict(gold.text, Mention(0, 4, label))])
    assert scores["ents_per_type"] == {label: {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)}}


def test_a_wrong_label_is_both_missed_and_invented() -> None:
    scores = score([Document("1", "fits", (Mention(0, 4, "D"),))], [predict("fits", Mention(0, 4, "C"))])
    assert (scores["ents_p"], scores["ents_r"]) == (0.0, 0.0)


def test_a_mention_inside_a_token_is_missed() -> None:
    gold = Document("1", "p70IkB caused fits", (Mention(0, 3, "P"), Mention(14, 18, "D")))
    found = score([gold], [predict(gold.text, gold.entities[1])])
    assert (found["ents_p"], found["ents_r"]) == (1.0, 0.5)
    # The whole token is no substitute for the mention inside it.
    wider = score([gold], [predict(gold.text, Mention(0, 6, "P"), gold.entities[1])])
    assert (wider["ents_p"], wider["ents_r"]) == (0.5, 0.5)


def test_of_overlapping_mentions_each_counts() -> None:
    text = "breast and ovarian cancer"
    gold = Document("1", text, (Mention(0, 25, "D"), Mention(0, 6, "D"), Mention(11, 25, "D")))
    assert score([gold], [predict(text, Mention(0, 25, "D"))])["ents_r"] == pytest.approx(1 / 3)
    assert score([gold], [predict(text, Mention(0, 6, "D"), Mention(11, 25, "D"))])["ents_r"] == pytest.approx(2 / 3)


def test_nothing_marked_and_nothing_found() -> None:
    assert score([Document("1", "None.", ())], [predict("None.")])["ents_f"] == 0.0


@RELAXED
@given(documents(), st.data())
def test_the_figures_are_those_of_sets(document: Document, data: st.DataObject) -> None:
    doc = NLP.make_doc(document.text)
    tokens = [token for token in doc if not token.is_space]
    guesses = [m for m in document.entities if doc.char_span(m.start, m.end) is not None]
    guesses += [Mention(token.idx, token.idx + len(token), "Disease") for token in tokens]
    guessed, _ = keep_longest(data.draw(st.lists(st.sampled_from(guesses)))) if guesses else ([], [])
    scores = score([document], [predict(document.text, *guessed)])
    gold, hits = set(document.entities), set(document.entities) & set(guessed)
    assert scores["ents_p"] == pytest.approx(len(hits) / len(guessed) if guessed else 0.0)
    assert scores["ents_r"] == pytest.approx(len(hits) / len(gold) if gold else 0.0)


def test_every_seed_has_figures_of_the_same_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of gold mentions, whatever else is found."""
    monkeypatch.chdir(tmp_path)
    for split in ("dev", "test"):
        document = Document("1", "Aspirin in mice.", (Mention(0, 7, "Chemical"),))
        write_jsonl(Path("corpus") / "mini" / f"{split}.jsonl", [document])
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Species", "pattern": "mice"}])
    nlp.to_disk("model")
    nothing_right = {"all": 0.0, "Chemical": 0.0}
    assert score_splits("mini", Path("model")) == {"dev": nothing_right, "test": nothing_right}


def test_scorers_that_disagree_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    gold = Document("1", "Zinomycin", (Mention(0, 9, "C"),))
    monkeypatch.setattr("scoring._tags", lambda doc, names: ["O"] * len(doc))
    with pytest.raises(LitBertError, match=r"L407.*p of.*1\.0.*0\.0"):
        score([gold], [predict("Zinomycin", *gold.entities)])


def test_gold_and_prediction_have_the_same_units() -> None:
    gold = Document("1", "p70IkB", (Mention(0, 3, "P"), Mention(3, 6, "P")))
    [example] = examples_of(gold, predict("p70IkB"))
    assert [token.text for token in example.reference] == ["p70", "IkB"]
    assert [token.text for token in example.predicted] == ["p70", "IkB"]
