from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.jsonl import read_jsonl, write_jsonl
from spacy_litbert.errors import LitBertError

from .strategies import RELAXED, documents

LINE = '{"id": 7, "text": "αβ-blocker", "title_len": 3, "entities": [{"start": 3, "end": 10, "label": "Chemical"}]}'


def test_a_line_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(f"{LINE}\n\n".encode()))
    assert list(read_jsonl(path)) == [Document("7", "αβ-blocker", (Mention(3, 10, "Chemical"),))]


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("{", "{{", "property name"),
        (LINE, "[]", "must be a JSON object"),
        ('"id": 7, ', "", 'needs "id"'),
        ('"text"', '"texts"', '"text" (string)'),
        ('"label": "Chemical"', '"label": null', '"label" (string)'),
        ('"end": 10', '"end": 11', "the text has 10 characters"),
        ("αβ", "\\ud800β", "surrogates"),
        ("Chemical", "\\ud800", "surrogates"),
        ('"id": 7', '"id": true', 'needs "id"'),
        ('"start": 3', '"start": true', '"start" and "end" (integers)'),
        ('"end": 10', '"end": 10.0', '"start" and "end" (integers)'),
        ('"id": 7', '"id": 7, "id": 8', "'id' stands in one object twice"),
        ('"title_len": 3', '"title_len": ' + "[" * 100_000, "nested too deeply"),
        (LINE, LINE + LINE, "Extra data"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{LINE}\n{LINE.replace(old, new, 1)}\n", encoding="utf8")
    with pytest.raises(LitBertError) as caught:
        list(read_jsonl(path))
    assert f"[L401] {path}, line 2: " in str(caught.value)
    assert words in str(caught.value)


@RELAXED
@given(st.lists(documents()))
def test_what_is_written_is_read_back(tmp_path: Path, wanted: list[Document]) -> None:
    write_jsonl(tmp_path / "a.jsonl", wanted)
    assert list(read_jsonl(tmp_path / "a.jsonl")) == wanted


def test_a_list_of_concept_ids_is_read_and_comes_back(tmp_path: Path) -> None:
    entity = '{"start": 0, "end": 1, "label": "L", "ids": ["X:1", "X:2"]}'
    (tmp_path / "a.jsonl").write_text(f'{{"id": "1", "text": "a", "entities": [{entity}]}}')
    write_jsonl(tmp_path / "b.jsonl", read_jsonl(tmp_path / "a.jsonl"))
    for name in ("a", "b"):
        assert [mention.ids for mention in next(read_jsonl(tmp_path / f"{name}.jsonl")).entities] == [("X:1", "X:2")]


def test_concept_ids_must_be_a_list_of_strings(tmp_path: Path) -> None:
    entity = '{"start": 0, "end": 1, "label": "L", "ids": "X:1"}'
    (tmp_path / "a.jsonl").write_text(f'{{"id": "1", "text": "a", "entities": [{entity}]}}')
    with pytest.raises(LitBertError, match=r"L401.*line 1.*ids"):
        list(read_jsonl(tmp_path / "a.jsonl"))


def test_one_id_may_hold_the_sign_between_several(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    entity = '{"start": 0, "end": 1, "label": "L", "ids": ["c|DEL||22"]}'
    path.write_text(f'{{"id": "1", "text": "x", "entities": [{entity}]}}')
    [document] = read_jsonl(path)
    assert document.entities[0].concept_id == "c|DEL||22"
    several = entity.replace('"c|DEL||22"', '"c|DEL||22", "X:1"')
    path.write_text(f'{{"id": "1", "text": "x", "entities": [{several}]}}')
    with pytest.raises(LitBertError, match=r'L401.*of several "ids" of a mention none may have'):
        list(read_jsonl(path))
