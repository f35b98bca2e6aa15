"""Each format of a vocabulary with each kind of damage: a coded error with file and line, and nothing is built."""

from __future__ import annotations

import gc
import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_litbert.cli.kb import kb_build
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.knowledge_base import KnowledgeBase

from .test_readers import CONSO, CSV, DESC_ASCII, JSONL, MESH_XML, OBO

pytestmark = pytest.mark.filterwarnings("ignore:.*W004")  # of tables that are not beside these

TSV = "id\tname\taliases\nX:1\taspirin\tASA|acetylsalicylic acid\nX:2\tpain\t\n"
SOURCES = {
    "a.jsonl": JSONL,
    "a.csv": CSV,
    "a.tsv": TSV,
    "desc.xml": MESH_XML,
    "d.bin": DESC_ASCII,
    "a.obo": OBO,
    "MRCONSO.RRF": CONSO,
}
XML_RECORD = "".join(MESH_XML.splitlines(keepends=True)[3:11])
# What is put in place of what, and the error.
Change = tuple[str, str, str]
DOUBLED: dict[str, Change] = {
    "a.jsonl": ('"MESH:C1"', '"MESH:D1"', "L521.*line 2.*'MESH:D1'.*line 1"),
    "a.csv": ("X:2", "X:1", "L521.*line 3.*'X:1'.*line 2"),
    "a.tsv": ("X:2", "X:1", "L521.*line 3.*'X:1'.*line 2"),
    "desc.xml": (XML_RECORD, XML_RECORD * 2, "L521.*line 12.*'MESH:D001'.*line 4"),
    "d.bin": ("UI = D002", "UI = D001", "L521.*line 11.*'MESH:D001'.*line 1"),
    "a.obo": ("id: T:3", "id: T:1", "L521.*line 19.*'T:1'.*line 4"),
    "MRCONSO.RRF": (CONSO, CONSO + CONSO.splitlines()[0] + "\n", "L520.*line 6.*C01"),
}
NAMELESS: dict[str, Change] = {
    "a.jsonl": ('"Pain"', '"  "', "L520.*line 1.*empty name"),
    "a.csv": ("pain", "", "L520.*line 3.*empty name"),
    "a.tsv": ("pain", " ", "L520.*line 3.*empty name"),
    "desc.xml": ("<String>Calcium</String></DescriptorName>", "<String> </String></DescriptorName>", "L520.*line 4"),
    "d.bin": ("MH = Gout", "MH = ", "L520.*line 11"),
    "a.obo": ("name: gout\n", "name: \n", "L520.*line 4"),
    "MRCONSO.RRF": ("|Headache|", "| |", "L520.*line 1.*empty name"),
}
CIRCLES: dict[str, Change] = {
    "a.jsonl": (
        '{"concept_id": "MESH:D0", "replaced_by": "MESH:D1"}',
        '{"concept_id": "A", "replaced_by": "B"}\n{"concept_id": "B", "replaced_by": "A"}',
        "L522.*line 3.*A → B → A",
    ),
    "a.obo": ("replaced_by: T:1", "replaced_by: T:2", "L522.*line 13.*T:2 → T:3 → T:2"),
}
CUT: dict[str, Change] = {
    "a.jsonl": (JSONL[-20:], "", "L520.*line 3"),
    "a.csv": (",pain,,,\n", ",pa", "L520.*line 3.*2 fields"),
    "a.tsv": ("\tpain\t\n", "\tpa", "L520.*line 3.*2 fields"),
    "desc.xml": (MESH_XML[-60:], "", r"L520.*line 1\d.*XML"),
    "d.bin": ("UI = D002\n", "U", "L520.*line 1"),
    "a.obo": (OBO[150:], "", "L520.*line"),
    "MRCONSO.RRF": (CONSO[-30:], "", "L520.*line 5.*18 fields"),
}


def cases() -> dict[str, tuple[str, str, str]]:
    found = {}
    for damage, changes in {"doubled": DOUBLED, "nameless": NAMELESS, "circle": CIRCLES, "cut": CUT}.items():
        for name, (old, new, error) in changes.items():
            assert SOURCES[name].count(old) >= 1, (damage, name)
            found[f"{damage} {name}"] = name, SOURCES[name].replace(old, new, 1), error
    return found


CASES = cases()


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("name, text, error", CASES.values(), ids=CASES.keys())
def test_damage_is_said_with_its_line(tmp_path: Path, name: str, text: str, error: str, packed: str) -> None:
    path = tmp_path / f"{name}{packed}"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(LitBertError, match=error) as caught:
        kb_build(tmp_path / "kb", [path])
    assert str(path) in str(caught.value)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_refused(tmp_path: Path, name: str, encoding: str) -> None:
    lines = SOURCES[name].splitlines(keepends=True)
    text = "".join([*lines[:2], "naïve\n", *lines[2:]])
    if name == "desc.xml" and encoding == "utf-16":
        pytest.skip("XML says its encoding itself")
    (tmp_path / name).write_bytes(text.encode(encoding))
    with pytest.raises(LitBertError, match=r"(L401|L520).*line [123]"):
        kb_build(tmp_path / "kb", [tmp_path / name])
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", SOURCES)
def test_a_cut_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(SOURCES[name].encode())[:-9])
    with pytest.raises(LitBertError, match=r"L207|L520"):
        kb_build(tmp_path / "kb", [path])
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", SOURCES)
@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_wrong_is_a_coded_error_or_a_whole_knowledge_base(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    whole = SOURCES[name].encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.sampled_from([start, len(whole)]) | st.integers(start, len(whole)))
    path = tmp_path / name
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:])
    with suppress(LitBertError):
        kb_build(tmp_path / "kb", [path], force=True)
    if (tmp_path / "kb").exists():
        KnowledgeBase(tmp_path / "kb").verify()
    assert {found.name for found in tmp_path.iterdir()} <= {name, "kb"}


@pytest.mark.parametrize("enabled", [True, False])
def test_pythons_collector_is_left_as_it_was(tmp_path: Path, enabled: bool) -> None:
    for name, text in (("good.jsonl", JSONL), ("bad.jsonl", JSONL + "{\n")):
        (tmp_path / name).write_text(text)
    was = gc.isenabled()
    try:
        gc.enable() if enabled else gc.disable()
        kb_build(tmp_path / "kb", [tmp_path / "good.jsonl"])
        with pytest.raises(LitBertError, match="L520"):
            kb_build(tmp_path / "other", [tmp_path / "bad.jsonl"])
        assert gc.isenabled() == enabled
    finally:
        gc.enable() if was else gc.disable()
