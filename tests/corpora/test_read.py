from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pytest

from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.errors import LitBertError

PUBTATOR = "1|t|Zinomycin\n1|a|caused fits.\n1\t0\t9\tZinomycin\tDrug\tC1\n1\t17\t21\tfits\tDisease\tD1\n\n"
JSONL = (
    '{"id": "1", "text": "Zinomycin caused fits.", "entities": ['
    '{"start": 17, "end": 21, "label": "Disease"}, {"start": 0, "end": 9, "label": "Chemical"}]}\n'
)


def test_the_ending_tells_the_format(tmp_path: Path) -> None:
    files = {
        "a.txt": PUBTATOR.encode(),
        "b.PubTator": PUBTATOR.encode(),
        "c.jsonl.gz": gzip.compress(JSONL.encode()),
        "d.pubtator.gz": gzip.compress(PUBTATOR.encode()),
        "E.JSONL.GZ": gzip.compress(JSONL.encode()),
        "f.txt.xz": lzma.compress(PUBTATOR.encode()),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    read = [list(read_documents(tmp_path / name, {"Drug": "Chemical"})) for name in files]
    assert all(documents == read[0] for documents in read)
    assert len({content_digest(documents) for documents in read}) == 1
    assert [mention.label for mention in read[0][0].entities] == ["Chemical", "Disease"]


def test_bare_tags_are_given_a_label(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Mus\tB\n")
    assert list(read_documents(tmp_path / "a.tsv", {"": "Species"})) == [
        Document("1", "Mus", (Mention(0, 3, "Species"),))
    ]


def test_a_document_given_twice_word_for_word_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PUBTATOR + PUBTATOR)
    assert len(list(read_documents(tmp_path / "a.txt"))) == 1


def test_two_documents_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PUBTATOR + PUBTATOR.replace("\tDrug", "\tPoison"))
    with pytest.raises(LitBertError, match=r"L402.*: 1\."):
        list(read_documents(tmp_path / "a.txt"))


@pytest.mark.parametrize("name", ["a.rtf", "a.gz", "a"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LitBertError, match=r"L403.*\.jsonl, \.tsv"):
        list(read_documents(tmp_path / name))


@pytest.mark.parametrize("name", ["a.jsonl", "a.tsv", "a.txt"])
def test_a_file_without_documents_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n\n")
    with pytest.raises(LitBertError, match=rf"L408.*{name}"):
        list(read_documents(tmp_path / name))


def test_two_documents_that_differ_in_concept_ids_alone_are_refused(tmp_path: Path) -> None:
    entity = {"start": 0, "end": 4, "label": "D"}
    rows = [{"id": "1", "text": "fits", "entities": [{**entity, "concept_id": one}]} for one in ("A", "B")]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(LitBertError, match="L402"):
        list(read_documents(tmp_path / "a.jsonl"))
