from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.pubtator import read_pubtator
from spacy_litbert.errors import LitBertError

from .strategies import RELAXED, documents

FILE = """\
101|t|Renal and hepatic failure after zinomycin.
101|a|Zinomycin was given to 3 patients.
101\t0\t25\tRenal and hepatic failure\tDisease\tD01|D02\tRenal failure|hepatic failure
101\t32\t41\tzinomycin\tChemical\t-1
101\t43\t52\tZinomycin\tChemical\tC09
101\tCID\tC09\tD01
101\tAssociation\tC09\tD01\tNovel

102|t|A title without an abstract
102|a|
103|t|β-Blockade
103|a|with α-carol
103\t16\t23\tα-carol\tChemical
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(text, encoding="utf8")
    return path


def test_documents_are_read(tmp_path: Path) -> None:
    first, second, third = read_pubtator(write(tmp_path, FILE))
    assert first.id == "101"
    assert first.text == "Renal and hepatic failure after zinomycin. Zinomycin was given to 3 patients."
    assert first.entities == (Mention(0, 25, "Disease"), Mention(32, 41, "Chemical"), Mention(43, 52, "Chemical"))
    assert second == Document("102", "A title without an abstract", ())
    assert third.text[third.entities[0].start : third.entities[0].end] == "α-carol"


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    expected = list(read_pubtator(write(tmp_path, FILE)))
    assert list(read_pubtator(write(tmp_path, FILE.replace("\n", "\r\n")))) == expected


@pytest.mark.parametrize(
    "old, new, line, words",
    [
        ("101\t32\t41", "101\t33\t42", 4, "'zinomycin' should stand at 33–42, but there is 'inomycin.'"),
        ("101\t32\t41", "101\t32\t4100", 4, "the text has 77 characters"),
        ("101\t32\t41", "101\t32\t4x", 4, "must be an integer"),
        ("101\t32\t41", "101\tx2\t41", 4, "the offset 'x2' must be an integer"),
        ("101\t32\t41", "101\tx\t41", 4, "must be an integer"),
        ("101\t32\t41", "101\t3_2\t41", 4, "must be an integer"),
        ("101\t32\t41\tzinomycin\tChemical\t-1\n", "101\tx2\t41\tzinomycin\tChemical\n", 4, "must be an integer"),
        ("101\t32\t41\tzinomycin\tChemical", "101\t32\t41\tzinomycin\t", 4, "expected `101 TAB start"),
        ("3 patients.\n", "3 patients.", 2, "holds a tab"),
        ("zinomycin.\n", "zinomycin.", 1, "must be followed by"),
        ("hepatic failure\n", "hepatic failure", 3, "expected `101 TAB start"),
        ("-1\n", "-1", 4, "expected `101 TAB start"),
        ("C09\n", "C09", 5, "expected `101 TAB start"),
        ("101\tCID", "999\tCID", 6, "expected `101 TAB start"),
        ("|a|\n", "|a|", 11, "expected `102 TAB start"),
        ("101\t32\t41", "999\t32\t41", 4, "expected `101 TAB start"),
        ("101|t|", "101 t ", 1, "must begin with a line `id|t|title`"),
        ("101|a|", "100|a|", 1, "must be followed by a line `101|a|abstract`"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    path = write(tmp_path, FILE.replace(old, new, 1))
    with pytest.raises(LitBertError) as caught:
        list(read_pubtator(path))
    assert f"[L401] {path}, line {line}: " in str(caught.value)
    assert words in str(caught.value)


@RELAXED
@given(st.lists(documents(ids=st.text("0123456789", min_size=1)), max_size=4))
def test_any_document_on_one_line_is_read_back(tmp_path: Path, wanted: list[Document]) -> None:
    wanted = [Document(d.id, re.sub(r"[\n\t]", " ", d.text).rstrip("\r") + " .", ()) for d in wanted]
    blocks = [f"{d.id}|t|{d.text.partition(' ')[0]}\n{d.id}|a|{d.text.partition(' ')[2]}\n" for d in wanted]
    wanted = [d for d, block in zip(wanted, blocks) if "\r\n" not in block]
    blocks = [block for block in blocks if "\r\n" not in block]
    assert list(read_pubtator(write_exactly(tmp_path, "\n".join(blocks)))) == wanted


def write_exactly(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "corpus.pubtator"
    path.write_bytes(text.encode())
    return path


def test_concept_ids_are_read_and_mesh_is_named(tmp_path: Path) -> None:
    ids = {
        "D015738": ("MESH:D015738",),
        "-1": (),
        "D001|OMIM:104300": ("D001", "OMIM:104300"),
        "MESH:C537|-1": ("MESH:C537",),
    }
    for field, expected in ids.items():
        text = f"7|t|Gout.\n7|a|More.\n7\t0\t4\tGout\tDisease\t{field}\n"
        (document,) = read_pubtator(write(tmp_path, text))
        assert document.entities[0].ids == expected
