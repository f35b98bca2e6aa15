from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.iob import read_iob
from spacy_litbert.errors import LitBertError

from .strategies import RELAXED

FILE = """

-DOCSTART-\tO

# pmid = 1
Zino\tB-Chemical
-\tI-Chemical
mycin\tI-Chemical
arinol\tB-Chemical
caused\tO
#\tO
fits\tB-Disease


None\tO
"""

TAGS = st.lists(st.sampled_from(["O", "B-X", "B-Y", "I"]), min_size=1, max_size=8)
TOKENS = st.from_regex(r"[^\s#-]{1,5}", fullmatch=True)


def test_sentences_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(FILE)
    mentions = (Mention(0, 12, "Chemical"), Mention(13, 19, "Chemical"), Mention(29, 33, "Disease"))
    assert list(read_iob(path)) == [
        Document("1", "Zino - mycin arinol caused # fits", mentions),
        Document("2", "None", ()),
    ]


def test_bare_tags_have_an_empty_label(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("Mus\tB\nmusculus\tI\nran\tO\n")
    assert list(read_iob(path)) == [Document("1", "Mus musculus ran", (Mention(0, 12, ""),))]


@pytest.mark.parametrize(
    "line",
    [
        "word",
        "word\tX",
        "word\tB-",
        "\tO",
        "word\tI-Disease",
        "word\tO\tO",
        "word\tB-Disease\tO",
        "word\tB-Dis\tease",
        " word\tB-X",
        "\t",
        "# in the middle",
        "#word",
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"fever\tO\n{line}\n")
    with pytest.raises(LitBertError, match=r"L401.*line 2"):
        list(read_iob(path))


def test_only_the_mark_itself_is_a_document_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("-DOCSTART-\n\nfever\tO\n-DOCSTART- -X- -X- O\n-DOCSTART-5\tB-X\n-DOCSTART-\tB-X\nrash\tO\n")
    assert [document.text for document in read_iob(path)] == ["fever", "-DOCSTART-5 -DOCSTART- rash"]


@RELAXED
@given(st.data(), TAGS)
def test_mentions_cover_their_tokens(tmp_path: Path, data: st.DataObject, tags: list[str]) -> None:
    tokens = data.draw(st.lists(TOKENS, min_size=len(tags), max_size=len(tags)))
    groups: list[tuple[str, list[str]]] = []
    lines = []
    for token, tag in zip(tokens, tags):
        if tag == "I" and groups and groups[-1][0] != "O":
            groups[-1][1].append(token)
            lines.append(f"{token}\tI-{groups[-1][0]}")
        else:
            label = "O" if tag in ("I", "O") else tag[2:]
            groups.append((label, [token]))
            lines.append(f"{token}\t{'O' if label == 'O' else tag}")
    path = tmp_path / "a.tsv"
    path.write_bytes("\n".join(lines).encode())
    [document] = read_iob(path)
    assert document.text == " ".join(tokens)
    marked = [(m.label, document.text[m.start : m.end]) for m in document.entities]
    assert marked == [(label, " ".join(words)) for label, words in groups if label != "O"]
