"""Files of all formats as they are read for annotation."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from spacy_litbert.corpora.bioc_json import read_bioc_json
from spacy_litbert.corpora.document import Document, Passage
from spacy_litbert.corpora.formats import mention_items, text_items
from spacy_litbert.corpora.pubtator import read_pubtator
from spacy_litbert.corpora.unlabelled_text import read_documents
from spacy_litbert.corpora.xml_documents import read_bioc_xml
from spacy_litbert.errors import LitBertError

from .test_unlabelled_text import tar

TEXT = "On zinomycin. She had fits."
PUBTATOR = "1|t|On zinomycin.\n1|a|She had fits.\n{}\n"
BIOC = "<collection><document><id>1</id><passage><offset>0</offset><text>{}</text>{}</passage></document></collection>"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    return path


def bioc_xml(*places: tuple[object, object]) -> str:
    locations = "".join(f'<location offset="{offset}" length="{length}"/>' for offset, length in places)
    annotation = f'<annotation id="T1"><infon key="type">X</infon>{locations}<text>zinomycin</text></annotation>'
    return BIOC.format(TEXT, annotation)


def bioc_json(*places: tuple[object, object]) -> str:
    locations = [{"offset": offset, "length": length} for offset, length in places]
    annotation = {"id": "T1", "infons": {"type": "X"}, "text": "zinomycin", "locations": locations}
    return json.dumps({"id": "1", "passages": [{"offset": 0, "text": TEXT, "annotations": [annotation]}]})


@pytest.mark.parametrize(
    "name, content",
    [
        (name, make(*places))
        for name, make in (("a.xml", bioc_xml), ("a.json", bioc_json))
        for places in ([(3, 4), (8, 4)], [(4, 9)], [], [("x", 9)])
    ]
    + [("a.json", bioc_json().replace('[{"id": "T1"', '[3, {"id": "T1"'))]
    + [
        (name, PUBTATOR.format(line))
        for name in ("a.pubtator", "a.txt")
        for line in ("1\t4\t13\tzinomycin\tX", "1\t3\t12\tzinomycin", "1\tx\t12\tzinomycin\tX", "1\t")
    ],
)
def test_mentions_that_do_not_fit_count_for_corpora_alone(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    assert list(text_items(path)) == [Document("1", TEXT, ())]
    strict = {".xml": read_bioc_xml, ".json": read_bioc_json}.get(path.suffix, read_pubtator)
    with pytest.raises(LitBertError, match=r"L40[19]"):
        list(strict(path))
    [error] = mention_items(path)
    assert isinstance(error, LitBertError)


@pytest.mark.parametrize("line", ["2 t On", "2\t0\t2\tOn\tX", "and fits."])
def test_lines_between_documents_of_pubtator_are_not_lost(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "a.pubtator", PUBTATOR.format(line) + "\n" + PUBTATOR.format(""))
    error, document = text_items(path)
    assert re.search(r"L401.*line 3: expected `1 TAB", str(error))
    assert document == Document("1", TEXT, ())


@pytest.mark.parametrize("encoding", ["GB18030", "Shift_JIS", "EUC-JP", "UTF-7", "UTF-32", "idna", "punycode"])
def test_xml_in_an_encoding_that_the_parser_does_not_read_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.xml", f'<?xml version="1.0" encoding="{encoding}"?>{BIOC.format("fits", "")}')
    [error] = text_items(path)
    words = r"L401.*a\.xml, line 1: its encoding can't be read.*Save the file as UTF-8"
    assert re.search(words, str(error))
    for read in (read_bioc_xml, read_documents):
        with pytest.raises(LitBertError, match=words):
            list(read(path))


@pytest.mark.parametrize(
    "name, content, code",
    [
        ("a.xml", "<html></html>", "L408"),
        ("a.jsonl", "\n\n", "L408"),
        ("a.pubtator", "", "L408"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0), "L408"),
        ("a.tar", tar({"a.pdf": b"x"}), "L408"),
        *((f"a.{format}.{ending}", b"", "L207") for format in ("jsonl", "txt") for ending in ("gz", "xz", "bz2")),
    ],
)
def test_a_file_without_documents_is_an_error(tmp_path: Path, name: str, content: str | bytes, code: str) -> None:
    [error] = text_items(write(tmp_path / name, content))
    assert re.search(rf"{code}.*{re.escape(name)}", str(error))


def test_a_member_without_documents_does_not_end_an_archive(tmp_path: Path) -> None:
    members = {"a.xml": b"<html></html>", "b.txt": b"fits"}
    error, document = text_items(write(tmp_path / "a.tar", tar(members)))
    assert re.search(r"L408.*a\.tar/a\.xml", str(error))
    assert document == Document("b", "fits", ())


def test_the_title_of_a_text_stays(tmp_path: Path) -> None:
    row: dict[str, Any] = {"id": 1, "title": "On zinomycin.", "text": "She had\n\nfits."}
    [document] = text_items(write(tmp_path / "a.jsonl", json.dumps(row)))
    assert document == Document("1", "On zinomycin. She had\n\nfits.", ())
    assert document.passages == (Passage(0, 13, "title"), Passage(14, 28, "paragraph"))
    divided = {**row, "passages": [{"start": 0, "end": 3, "kind": "title"}], "entities": []}
    assert [*text_items(write(tmp_path / "a.jsonl", json.dumps(divided)))] == [Document("1", row["text"], ())]
    [error] = text_items(write(tmp_path / "a.jsonl", json.dumps({**row, "entities": []})))
    assert re.search("L401.*line 1.*count the title", str(error))
