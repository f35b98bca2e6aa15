"""BioC: offsets, what does not fit, and agreement with the library ``bioc``, whose faults are kept here as tests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from spacy_litbert.corpora.bioc_json import read_bioc_json
from spacy_litbert.corpora.document import Document, Mention, Passage
from spacy_litbert.corpora.writers.bioc_json import BETWEEN, HEAD, TAIL, bioc_json
from spacy_litbert.corpora.writers.bioc_xml import HEAD as XML_HEAD
from spacy_litbert.corpora.writers.bioc_xml import TAIL as XML_TAIL
from spacy_litbert.corpora.writers.bioc_xml import bioc_xml
from spacy_litbert.corpora.xml_documents import read_bioc_xml
from spacy_litbert.errors import LitBertError

# 𝛼 is one character, two UTF-16 units and four bytes; é is two characters here.
TEXT = "𝛼-Carol for e\u0301pilepsie.\nIt <helped>."
DOCUMENT = Document(
    "12",
    TEXT,
    (Mention(0, 7, "Chemical", "MESH:C1", 0.5), Mention(12, 22, "Disease")),
    (Passage(0, 23, "title"), Passage(24, 36, "abstract")),
)
ANNOTATION: dict[str, Any] = {
    "id": "T1", "infons": {"type": "Chemical", "identifier": None}, "text": "α-Carol",
    "locations": [{"offset": 6, "length": 7}],
}  # fmt: skip
DATA: dict[str, Any] = {
    "id": "1",
    "passages": [
        {"offset": 0, "infons": {"type": "title"}, "text": "𝛼𝛼𝛼", "annotations": []},
        {"offset": 6, "infons": {}, "text": "α-Carol", "annotations": [ANNOTATION], "relations": [{"id": "R1"}]},
    ],
}


def fitting(document: Document) -> Document:
    return Document(document.id, document.text.replace("\n", " "), document.entities, document.passages)


def read_json(tmp_path: Path, data: object) -> list[Document]:
    path = tmp_path / "a.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf8")
    return list(read_bioc_json(path))


def test_offsets_count_code_points_from_the_beginning_of_the_document(tmp_path: Path) -> None:
    [document] = read_json(tmp_path, DATA)
    assert document.text == "𝛼𝛼𝛼   α-Carol"
    assert document.entities == (Mention(6, 13, "Chemical"),)
    assert document.passages == (Passage(0, 3, "title"), Passage(6, 13, ""))


@pytest.mark.parametrize(
    "wrap",
    [lambda d: {"documents": [d]}, lambda d: {"PubTator3": [d]}, lambda d: d, lambda d: f"{json.dumps(d)}\n" * 2],
)
def test_collections_exports_and_lines_are_read(tmp_path: Path, wrap: Any) -> None:
    documents = read_json(tmp_path, wrap(DATA))
    assert {document.text for document in documents} == {"𝛼𝛼𝛼   α-Carol"}


def test_texts_and_annotations_of_sentences_are_read(tmp_path: Path) -> None:
    sentences = [{"offset": 0, "text": "One."}, {"offset": 6, "text": "α-Carol", "annotations": [ANNOTATION]}]
    [document] = read_json(tmp_path, {"id": 1, "passages": [{"offset": 0, "sentences": sentences}]})
    assert document == Document("1", "One.  α-Carol", (Mention(6, 13, "Chemical"),))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"text": "β-Carol"}, r"'β-Carol' should stand at 6–13, but there is 'α-Carol'.*neither bytes nor UTF-16"),
        ({"locations": [{"offset": 12, "length": 7}]}, "should stand at 12–19"),
        ({"locations": [{"offset": 6, "length": 2}, {"offset": 9, "length": 4}]}, "in several parts"),
        ({"locations": []}, "one location"),
        ({"locations": [{"offset": -1, "length": 7}], "text": None}, "stands at -1–6"),
        ({"locations": [{"offset": "6", "length": 7}]}, "one location"),
        ({"infons": {}}, 'no infon "type"'),
        ({"locations": 3}, '"locations" must be a list'),
    ],
)
def test_annotations_that_do_not_fit_are_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    changed = {
        **DATA,
        "passages": [DATA["passages"][0], {**DATA["passages"][1], "annotations": [{**ANNOTATION, **change}]}],
    }
    with pytest.raises(LitBertError, match=rf"L409.*document 1: .*{words}"):
        read_json(tmp_path, changed)


@pytest.mark.parametrize(
    "data, words",
    [
        ({**DATA, "passages": DATA["passages"][::-1]}, "a text stands at 0, and the one before it ends at 13"),
        ({**DATA, "passages": [{"offset": 10**9, "text": ""}]}, "stands at 1000000000"),
        ({**DATA, "id": None}, "its id is None"),
        ({**DATA, "passages": [{"text": "x"}]}, "needs an offset and a text"),
        ({**DATA, "passages": [3]}, '"passages" must be a list of objects'),
        ({"source": "x"}, r'no list "documents"'),
        ("{", "Expecting"),
        ("[3]", "no BioC collection"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, data: object, words: str) -> None:
    with pytest.raises(LitBertError, match=rf"L40[19].*a\.json.*{words}"):
        read_json(tmp_path, data)


@pytest.mark.parametrize("old, new", [("<offset>0", "<offset>x"), ('length="7"', 'length="8"'), ("</id>", "</ix>")])
def test_bad_xml_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(XML_HEAD + bioc_xml(fitting(DOCUMENT)).replace(old, new, 1) + XML_TAIL, encoding="utf8")
    with pytest.raises(LitBertError, match=r"L40[19].*a\.xml"):
        list(read_bioc_xml(path))


class TestLibrary:
    """What ``bioc`` 2.1 makes of the same files."""

    bioc = pytest.importorskip("bioc")

    def _collection(self) -> Any:
        from bioc import biocxml

        document = fitting(DOCUMENT)
        return biocxml.loads(XML_HEAD.partition("?>\n")[2] + bioc_xml(document) + XML_TAIL)

    def test_it_reads_what_we_write(self) -> None:
        from bioc import biocjson, biocxml

        document = fitting(DOCUMENT)
        xml = biocxml.loads(XML_HEAD.partition("?>\n")[2] + bioc_xml(document) * 2 + XML_TAIL)
        data = biocjson.loads(HEAD + BETWEEN.join([bioc_json(document)] * 2) + TAIL)
        for collection in (xml, data):
            assert len(collection.documents) == 2
            for found in collection.documents:
                assert found.id == "12"
                assert [(p.offset, p.text, p.infons["type"]) for p in found.passages] == [
                    (0, document.text[:23], "title"), (24, document.text[24:], "abstract"),
                ]  # fmt: skip
                places = [(a.total_span.offset, a.text, a.infons) for p in found.passages for a in p.annotations]
                assert places == [
                    (0, "𝛼-Carol", {"type": "Chemical", "identifier": "MESH:C1", "confidence": "0.5"}),
                    (12, "e\u0301pilepsie", {"type": "Disease"}),
                ]

    def test_we_read_what_it_writes(self, tmp_path: Path) -> None:
        from bioc import biocjson, biocxml

        (tmp_path / "a.xml").write_text(biocxml.dumps(self._collection()), encoding="utf8")
        (tmp_path / "a.json").write_text(biocjson.dumps(self._collection()), encoding="utf8")
        for found in (*read_bioc_xml(tmp_path / "a.xml"), *read_bioc_json(tmp_path / "a.json")):
            assert found == fitting(DOCUMENT)
            assert found.passages == DOCUMENT.passages
            assert [(m.concept_id, m.confidence) for m in found.entities] == [("MESH:C1", 0.5), ("", None)]

    def test_its_json_does_not_read_pubtators_export(self) -> None:
        from bioc import biocjson

        with pytest.raises(KeyError):
            biocjson.loads(json.dumps({"PubTator3": [DATA]}))

    def test_its_pubtator_joins_with_a_line_end_and_takes_blanks_away(self) -> None:
        from bioc import pubtator

        [found] = pubtator.loads("1|t|On zinomycin \n1|a|It helped. \n")
        assert found.text == "On zinomycin\nIt helped."  # the blank before the line end is gone

    def test_its_pubtator_prints_lines_it_can_not_read_and_goes_on(self, capsys: pytest.CaptureFixture[str]) -> None:
        from bioc import pubtator

        [found] = pubtator.loads("1|t|On zinomycin\n1|a|It helped.\n1\t3\t12\n")
        assert found.annotations == []
        assert "Cannot parse" in capsys.readouterr().out

    def test_its_brat_passes_over_normalizations(self) -> None:
        from bioc import brat

        document = brat.load(io.StringIO("fits "), io.StringIO("N1\tReference T1 MESH:D1\tfits\nT1\tX 0 4\tfits\n"))
        assert len(document.annotations) == 1
