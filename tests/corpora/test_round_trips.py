"""What is written in a format is read back as it was, or refused with a coded error; nothing is changed in silence."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from spacy.tokens import Doc, DocBin

from spacy_litbert.corpora.bioc_json import bioc_json_items
from spacy_litbert.corpora.brat import read_brat
from spacy_litbert.corpora.docs import document_of, place
from spacy_litbert.corpora.document import Document, Item, Mention, Passage, strictly
from spacy_litbert.corpora.iob import iob_items
from spacy_litbert.corpora.jsonl import jsonl_items
from spacy_litbert.corpora.pubtator import pubtator_items
from spacy_litbert.corpora.writers.iob import iob_block
from spacy_litbert.corpora.writers.outputs import OUTPUTS
from spacy_litbert.corpora.xml_documents import bioc_xml_items
from spacy_litbert.errors import LitBertError

from .strategies import RELAXED, known_documents

NLP = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}})
DOCUMENT = Document(
    "PMID:1",
    "𝛼-Blockade and e\u0301pilepsie. Zinomycin caused fits.",
    (Mention(0, 10, "Process"), Mention(27, 36, "Chemical", "MESH:C1", 0.75), Mention(44, 48, "Disease", "D1|D2", 1.0)),
    (Passage(0, 26, "title"), Passage(27, 49, "abstract")),
)


def everything(document: Document) -> tuple[object, ...]:
    """All that a document holds, also what does not count when documents are compared."""
    mentions = [(m.start, m.end, m.label, m.concept_id, m.confidence) for m in document.entities]
    return document.id, document.text, mentions, document.passages


def without(document: Document, *, confidence: bool = False, passages: bool = False) -> Document:
    entities = tuple(replace(m, confidence=None) for m in document.entities) if confidence else document.entities
    return replace(document, entities=entities, passages=() if passages else document.passages)


def aligned(document: Document) -> Doc:
    """A Doc with those mentions that a Doc can have."""
    return place(document, NLP.tokenizer).doc


def written(name: str, doc: Doc, path: Path) -> bytes:
    output = OUTPUTS[name]
    part = output.encode(doc, None)
    output.write(path, [part, *[output.encode(aligned(DOCUMENT), None)] * (name != "brat")])
    return b"" if path.is_dir() else path.read_bytes()


def fresh(folder: Path, name: str) -> Path:
    return folder / f"{name}-{len(list(folder.iterdir()))}{OUTPUTS[name].ending}"


ITEMS: dict[str, Callable[[io.BytesIO, Path], Iterator[Item]]] = {
    "jsonl": jsonl_items,
    "pubtator": pubtator_items,
    "bioc-xml": bioc_xml_items,
    "bioc-json": bioc_json_items,
}


def read_back(name: str, doc: Doc, folder: Path) -> Document | None:
    """What is read of a document that was written before another one; None if the format can't hold it."""
    path = fresh(folder, name)
    try:
        content = written(name, doc, path)
    except LitBertError as error:
        if not str(error).startswith("[L624] ") or repr(doc._.document_id) not in str(error):
            raise
        return None
    if name == "brat":
        [document] = read_brat(path)
        return document
    if name == "docbin":
        first, last = map(document_of, DocBin().from_bytes(content).get_docs(NLP.vocab))
    else:
        first, last = strictly(ITEMS[name](io.BytesIO(content), path))
    assert last == DOCUMENT
    return first


@RELAXED
@given(known_documents())
def test_formats_that_hold_everything(tmp_path: Path, document: Document) -> None:
    doc = aligned(document)
    expected = everything(document_of(doc))
    assert set(document_of(doc).entities) <= set(document.entities)
    for name in ("jsonl", "docbin"):
        found = read_back(name, aligned(document), tmp_path)
        assert found is not None
        assert everything(found) == expected


@RELAXED
@given(known_documents())
@pytest.mark.parametrize("name", ["bioc-xml", "bioc-json"])
def test_bioc_holds_passages_with_blanks_between(tmp_path: Path, name: str, document: Document) -> None:
    for case in (document, without(document, passages=True)):
        expected = document_of(aligned(case))
        found = read_back(name, aligned(case), tmp_path)
        if not case.passages:
            expected = replace(expected, passages=(Passage(0, len(case.text)),))
            assert name == "bioc-xml" or found is not None
        if found is not None:
            assert everything(found) == everything(expected)


@RELAXED
@given(known_documents())
def test_pubtator_holds_one_line_texts(tmp_path: Path, document: Document) -> None:
    found = read_back("pubtator", aligned(document), tmp_path)
    if found is not None:
        expected = without(document_of(aligned(document)), confidence=True)
        assert everything(found)[:3] == everything(expected)[:3]


@RELAXED
@given(known_documents())
def test_brat_holds_all_but_passages(tmp_path: Path, document: Document) -> None:
    found = read_back("brat", aligned(document), tmp_path)
    if found is not None:
        assert everything(found) == everything(without(document_of(aligned(document)), passages=True))


@RELAXED
@given(known_documents())
def test_iob_holds_tokens_and_labels(document: Document) -> None:
    doc = aligned(document)
    try:
        block = iob_block(doc)
    except LitBertError as error:
        if not str(error).startswith("[L624] "):
            raise
        return
    found = list(strictly(iob_items(io.BytesIO((block + "end\tO\n").encode()), Path("a.tsv"))))
    assert [one.text for one in found] == [*filter(None, [" ".join(t.text for t in doc if not t.is_space)]), "end"]
    words = [(found[0].text[m.start : m.end].replace(" ", ""), m.label) for one in found[:1] for m in one.entities]
    assert words == [("".join(t.text for t in ent if not t.is_space), ent.label_) for ent in doc.ents]


@pytest.mark.parametrize("name", [*ITEMS, "brat", "docbin"])
def test_an_ordinary_document_is_held_by_every_format(tmp_path: Path, name: str) -> None:
    found = read_back(name, aligned(DOCUMENT), tmp_path)
    assert found is not None
    assert [m.concept_id for m in found.entities] == ["", "MESH:C1", "D1|D2"]
    if name != "pubtator":
        assert [m.confidence for m in found.entities] == [None, 0.75, 1.0]
    if name != "brat":
        assert found.passages == DOCUMENT.passages


@pytest.mark.parametrize(
    "name, change, words",
    [
        (
            "pubtator",
            {"text": "Zinomycin\tcaused fits."},
            r"tabs and line ends in the text of the document 'PMID:1': 'Zino",
        ),
        ("pubtator", {"id": "a|b"}, r"the id of the document 'a\|b'"),
        ("bioc-xml", {"text": "Zinomycin \x07 rings"}, r"control characters.*\\x07"),
        ("bioc-json", {"text": "One.\nTwo.", "passages": (Passage(0, 4), Passage(5, 9))}, "such passages.*between"),
        ("brat", {"id": "doi:10.1/x"}, "the id, which names its files, of the document 'doi:10.1/x'"),
    ],
)
def test_what_a_format_can_not_hold_is_named(tmp_path: Path, name: str, change: dict[str, str], words: str) -> None:
    document = replace(DOCUMENT, **{"entities": (), "passages": (), **change})  # type: ignore[arg-type]
    with pytest.raises(LitBertError, match=f"L624.*{words}.*Choose another format"):
        written(name, aligned(document), tmp_path / "a")


def test_parquet_has_a_row_for_each_document(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")
    written("parquet", aligned(DOCUMENT), tmp_path / "a.parquet")
    first, _ = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert json.loads(json.dumps(first))["entities"][1] == {
        "start": 27, "end": 36, "label": "Chemical", "concept_id": "MESH:C1", "confidence": 0.75, "text": "Zinomycin",
    }  # fmt: skip
