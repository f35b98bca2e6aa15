from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from spacy_litbert.corpora.brat import plain_items, read_brat
from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.errors import LitBertError

TEXT = "𝛼-Carol for fits.\r\nNo more\nfits."
ANN = """T1\tChemical 0 7\t𝛼-Carol
T2\tDisease 22 26;27 31\tmore fits
N1\tReference T1 MESH:C1\t𝛼-Carol
N2\tReference T1 concept:7\t𝛼-Carol
A1\tConfidence T1 0.25
A2\tConfidence T2 High
A3\tNegation T2
R1\tHelps Arg1:T1 Arg2:T2
E1\tGrowth:T1 Theme:T2
*\tEquiv T1 T2
#1\tAnnotatorNotes T1\tsure?
"""


def write(folder: Path, ann: str | None = ANN, text: str = TEXT) -> Path:
    (folder / "9.txt").write_bytes(text.encode())
    if ann is not None:
        (folder / "9.ann").write_text(ann, encoding="utf8")
    return folder


def test_a_folder_is_read(tmp_path: Path) -> None:
    [found] = read_brat(write(tmp_path))
    assert found == Document("9", TEXT, (Mention(0, 7, "Chemical"), Mention(22, 31, "Disease")))
    assert [(m.concept_id, m.confidence) for m in found.entities] == [("MESH:C1|7", 0.25), ("", None)]
    assert list(read_brat(tmp_path / "9.txt")) == [found]


def test_a_blank_behind_a_reference_is_no_part_of_it(tmp_path: Path) -> None:
    for ann in (ANN.replace("MESH:C1\t", "MESH:C1 \t"), ANN.replace("MESH:C1\t𝛼-Carol", "MESH:C1 ")):
        [found] = read_brat(write(tmp_path, ann))
        assert found.entities[0].concept_id == "MESH:C1|7"


def test_a_text_without_annotations_is_no_text_without_mentions(tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L224.*9\.ann"):
        list(read_brat(write(tmp_path, None)))
    assert list(read_brat(write(tmp_path, ""))) == [Document("9", TEXT, ())]


@pytest.mark.parametrize(
    "old, new, line, words",
    [
        ("0 7\t", "0 8\t", 1, "begins or ends with white space"),
        ("0 7\t", "2 7\t", 1, "should stand at 2 7, but there is 'Carol'"),
        ("0 7\t", "0 700\t", 1, "the text has 32 characters"),
        ("22 26;27 31\tmore", "19 21;27 31\tNo", 2, "parts with words between"),
        ("22 26;27 31", "27 31;22 26", 2, "parts with words between"),
        ("T2\tDisease", "T1\tDisease", 2, "T1 stands there twice"),
        ("T1\tChemical 0 7", "T1\tChemical", 1, "expected `T1 TAB label"),
        ("R1\t", "?1\t", 8, "expected `T1 TAB label"),
        ("MESH:C1", "C1", 3, "expected `N1 TAB Reference T1 vocabulary:id"),
        ("Reference T1 MESH:C1", "Reference T1", 3, "expected `N1 TAB Reference"),
        ("N2\tReference", "N2 Reference", 4, "expected `N1 TAB Reference"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(LitBertError, match=rf"L401.*9\.ann, line {line}: .*{words}"):
        list(read_brat(write(tmp_path, ANN.replace(old, new, 1))))


def test_bad_texts_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "9.txt").write_bytes(b"one\n\xff")
    with pytest.raises(LitBertError, match=r"L401.*9\.txt, line 2: it is not UTF-8"):
        list(read_brat(tmp_path))
    with pytest.raises(LitBertError, match=r"L401.*NUL"):
        list(read_brat(write(tmp_path, text="a\0")))


def test_the_mark_of_an_encoding_is_no_part_of_a_plain_text() -> None:
    [found] = plain_items(BytesIO("\ufeffAspirin.\r\n".encode()), Path("a.txt"))
    assert found == Document("a", "Aspirin.\r\n", ())
