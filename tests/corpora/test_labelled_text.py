"""Labelled texts: what is read, what is refused, and what becomes of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_litbert.corpora.labelled_text import (
    LabelledText,
    exclude_each_other,
    labelled_docbin,
    labels_digest,
    read_labelled_texts,
    write_labelled_texts,
)
from spacy_litbert.errors import LitBertError

ROW: dict[str, Any] = {"id": 1, "text": "Fits α after zinomycin.", "cats": {"drug": 1, "animal": 0}, "year": 2001}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf8")
    return path


def test_a_text_is_read_with_its_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROW, {**ROW, "id": "2", "cats": {"animal": True, "drug": 1.0}})
    one, two = read_labelled_texts(path)
    assert one == LabelledText("1", ROW["text"], ("drug", "animal"), ("drug",))
    assert set(two.positive) == {"drug", "animal"}
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_labelled_texts(packed) == [one, two]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    texts = read_labelled_texts(write(tmp_path / "a.jsonl", ROW, {**ROW, "id": "2"}))
    write_labelled_texts(tmp_path / "b.jsonl", texts)
    assert read_labelled_texts(tmp_path / "b.jsonl") == texts


@pytest.mark.parametrize(
    "rows, message",
    [
        ([[]], r"L401.*line 1.*JSON object"),
        ([ROW, {"id": "2", "text": "no labels"}], r'L401.*line 2.*needs "id"'),
        ([{**ROW, "cats": {"drug": 0.5, "animal": 0}}], r"L401.*'drug' is 0\.5"),
        ([{**ROW, "id": True}], r'L401.*needs "id"'),
        ([{**ROW, "cats": {"drug": 1, "\ud800": 0}}], r"L401.*surrogates"),
        ([ROW, ROW], r"L402.*same id: 1"),
        ([ROW, {**ROW, "id": "2", "cats": {"drug": 1}}], r"L602.*line 2: the text '2'.*animal"),
        ([{**ROW, "cats": {"drug": 1}}], r"L603.*the labels: drug\."),
        ([], r"L603.*the labels: none\."),
    ],
)
def test_what_is_no_labelled_text_is_an_error(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(LitBertError, match=message):
        read_labelled_texts(write(tmp_path / "a.jsonl", *rows))


def test_labels_exclude_each_other_if_each_text_has_one() -> None:
    one, none, both = (LabelledText("1", "a", ("x", "y"), positive) for positive in (("x",), (), ("x", "y")))
    assert exclude_each_other([one, one])
    assert not exclude_each_other([one, none])
    assert not exclude_each_other([one, both])


def test_the_digest_is_that_of_the_content() -> None:
    texts = [LabelledText(str(i), f"text {i}", ("x", "y"), ("x",)) for i in range(3)]
    digest = labels_digest(texts)
    assert digest == labels_digest([LabelledText(t.id, t.text, ("y", "x"), t.positive) for t in reversed(texts)])
    assert digest != labels_digest([*texts[1:], LabelledText("0", "text 0", ("x", "y"), ("y",))])


def test_docs_carry_every_label_and_empty_texts_stay() -> None:
    nlp = spacy.blank("en")
    texts = [LabelledText("1", "Fits  in mice", ("x", "y"), ("y",)), LabelledText("2", "", ("x", "y"), ())]
    docbin = labelled_docbin(texts, nlp.make_doc)
    docs = list(docbin.get_docs(nlp.vocab))
    assert [doc.text for doc in docs] == [text.text for text in texts]
    assert [doc.cats for doc in docs] == [{"x": 0.0, "y": 1.0}, {"x": 0.0, "y": 0.0}]
    assert docbin.to_bytes() == labelled_docbin(texts, nlp.make_doc).to_bytes()
