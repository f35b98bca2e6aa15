"""Each format of a vocabulary is read; what is wrong with a file is said with its line, and nothing is built of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spacy_litbert.cli.kb import kb_build, kb_info, kb_merge, kb_subset
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.build import build
from spacy_litbert.linking.collect import collect
from spacy_litbert.linking.concept import Concept

pytestmark = pytest.mark.filterwarnings("ignore:.*W004")  # of tables that are not beside these

JSONL = """\
{"concept_id": "MESH:D1", "canonical_name": "Pain", "aliases": ["Ache"], "types": ["Sign"], "definition": "It hurts."}
{"concept_id": "MESH:C1", "canonical_name": "painkiller", "tree_numbers": ["D1"], "xrefs": ["Y:1"], "since": "201502"}
{"concept_id": "MESH:D0", "replaced_by": "MESH:D1"}
"""
CSV = """\
id,name,aliases,types,since
X:1,"aspirin, buffered",ASA|acetylsalicylic acid,Chemical,2001
X:2,pain,,,
"""
MESH_XML = """\
<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://example.org/desc.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1">
<DescriptorUI>D001</DescriptorUI><DescriptorName><String>Calcium</String></DescriptorName>
<DateEstablished><Year>1984</Year><Month>01</Month><Day>19</Day></DateEstablished>
<TreeNumberList><TreeNumber>D01.1</TreeNumber></TreeNumberList>
<ConceptList><Concept PreferredConceptYN="N"><ScopeNote>Not this.</ScopeNote></Concept>
<Concept PreferredConceptYN="Y"><ScopeNote>An element.
</ScopeNote><TermList><Term><String>Calcium</String></Term><Term><String>Ca</String></Term></TermList></Concept>
</ConceptList></DescriptorRecord>
</DescriptorRecordSet>
"""
SUPP_XML = """\
<SupplementalRecordSet>
<SupplementalRecord><SupplementalRecordUI>C9</SupplementalRecordUI>
<SupplementalRecordName><String>calcium nitrite</String></SupplementalRecordName><Note>A salt.</Note>
<HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D001</DescriptorUI></DescriptorReferredTo>
</HeadingMappedTo></HeadingMappedToList>
</SupplementalRecord></SupplementalRecordSet>
"""
DESC_ASCII = """\
*NEWRECORD
RECTYPE = D
MH = Calcium
PRINT ENTRY = Calcium-40|T196|NON|NRW
ENTRY = Ca|T196
MN = D01.1
MS = An element.
DX = 19840119
UI = D001

*NEWRECORD
RECTYPE = D
MH = Gout
MN = C05.5
UI = D002
"""
SUPP_ASCII = """\
*NEWRECORD
RECTYPE = C
NM = calcium nitrite
SY = nitrite of calcium|T1
HM = *Calcium/analogs & derivatives
UI = C9
"""
OBO = """\
format-version: 1.2
ontology: toy

[Term]
id: T:1
name: gout
alt_id: T:5
def: "Crystals, \\"needles\\"." [PMID:1]
synonym: "podagra" EXACT []
synonym: "arthritis" BROAD []
xref: MESH:D002 {source="x"}

[Term]
id: T:2
name: obsolete podagra
is_obsolete: true
replaced_by: T:3

[Term]
id: T:3
name: obsolete gouty thing
is_obsolete: true
replaced_by: T:1

[Typedef]
id: part_of
name: part of
"""
CONSO = """\
C01|ENG|S|L1|VO|S1|Y|A1||||MSH|ET|D1|Cephalgia|0|N|256|
C01|ENG|P|L2|PF|S2|Y|A2||||MSH|MH|D1|Headache|0|N|256|
C01|ENG|S|L4|PF|S4|Y|A4||||MSH|MH|D1|Old name|0|O|256|
C01|GER|P|L3|PF|S3|Y|A3||||MSHGER|MH|D1|Kopfschmerz|0|N|256|
C02|GER|P|L5|PF|S5|Y|A5||||MSHGER|MH|D2|Nur deutsch|0|N|256|
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["concepts.jsonl", "concepts.jsonl.gz"])
def test_jsonl_in_scispacys_form(tmp_path: Path, name: str) -> None:
    assert collect([write(tmp_path, name, JSONL)]) == [
        Concept("MESH:D1", "Pain", ("Ache",), ("Sign",), "It hurts.", merged_ids=("MESH:D0",)),
        Concept("MESH:C1", "painkiller", tree_numbers=("D1",), xrefs=("Y:1",), preference=1, since=20150201),
    ]


def test_tables(tmp_path: Path) -> None:
    expected = [
        Concept("X:1", "aspirin, buffered", ("ASA", "acetylsalicylic acid"), ("Chemical",), since=20010101),
        Concept("X:2", "pain", types=("Other",)),
    ]
    assert collect([write(tmp_path, "a.csv", CSV)], types=["Other"]) == expected
    tsv = CSV.replace('"aspirin, buffered"', "aspirin§ buffered").replace(",", "\t").replace("§", ",")
    assert collect([write(tmp_path, "a.tsv", tsv)], types=["Other"]) == expected


@pytest.mark.parametrize("names", [("desc2026.gz", "supp2026.gz"), ("supp2026.xml", "desc2026.xml")])
def test_mesh_xml(tmp_path: Path, names: tuple[str, str]) -> None:
    paths = [write(tmp_path, name, MESH_XML if "desc" in name else SUPP_XML) for name in names]
    assert sorted(collect(paths), key=lambda concept: concept.preference) == [
        Concept("MESH:D001", "Calcium", ("Ca",), ("Chemical",), "An element.", ("D01.1",), since=19840119),
        Concept(
            "MESH:C9",
            "calcium nitrite",
            types=("Chemical",),
            definition="A salt.",
            mapped_to=("MESH:D001",),
            preference=1,
        ),
    ]


def test_mesh_ascii(tmp_path: Path) -> None:
    paths = [write(tmp_path, "c2026.bin", SUPP_ASCII), write(tmp_path, "d2026.bin", DESC_ASCII)]
    assert collect(paths) == [
        Concept(
            "MESH:C9", "calcium nitrite", ("nitrite of calcium",), ("Chemical",), mapped_to=("Calcium",), preference=1
        ),
        Concept("MESH:D001", "Calcium", ("Calcium-40", "Ca"), ("Chemical",), "An element.", ("D01.1",), since=19840119),
        Concept("MESH:D002", "Gout", (), ("Disease",), "", ("C05.5",)),
    ]


def test_obo_follows_replacements_and_leaves_obsolete_terms_out(tmp_path: Path) -> None:
    assert collect([write(tmp_path, "toy.obo", OBO)]) == [
        Concept(
            "T:1",
            "gout",
            ("podagra",),
            (),
            'Crystals, "needles".',
            xrefs=("MESH:D002",),
            merged_ids=("T:5", "T:2", "T:3"),
        )
    ]


def test_umls(tmp_path: Path) -> None:
    path = write(tmp_path, "MRCONSO.RRF", CONSO)
    write(tmp_path, "MRSTY.RRF", "C01|T184|A2.2.2|Sign or Symptom|AT1|256|\n")
    write(tmp_path, "MRDEF.RRF.gz", "C01|A2|AT2||MSH|Pain in the head.|N|256|\n")
    assert collect([path]) == [Concept("C01", "Headache", ("Cephalgia",), ("Sign or Symptom",), "Pain in the head.")]


BAD = {
    "no JSON": ("a.jsonl", JSONL + "{", "L520.*line 4"),
    "a cut line": ("a.jsonl", JSONL[:150], "L520.*line 2"),
    "no object": ("a.jsonl", "[]\n", "L520.*line 1"),
    "no string": ("a.jsonl", '{"concept_id": 7, "canonical_name": "x"}', "L520.*line 1.*concept_id"),
    "an empty name": ("a.jsonl", '{"concept_id": "X:1", "canonical_name": " "}', "L520.*line 1.*empty name"),
    "an empty alias": ("a.jsonl", '{"concept_id": "X:1", "canonical_name": "x", "aliases": [""]}', "L520.*empty name"),
    "an empty id": ("a.jsonl", '{"concept_id": "", "canonical_name": "x"}', "L520.*line 1.*id ''"),
    "a doubled id": ("a.jsonl", JSONL + JSONL.splitlines()[0], "L521.*line 4.*MESH:D1.*line 1"),
    "a merged id that lives": (
        "a.jsonl",
        JSONL + '{"concept_id": "X:1", "canonical_name": "x", "alt_ids": ["MESH:C1"]}',
        "L521.*line 4.*MESH:C1.*line 2",
    ),
    "a circle": (
        "a.jsonl",
        JSONL + '{"concept_id": "A", "replaced_by": "B"}\n{"concept_id": "B", "replaced_by": "A"}',
        "L522.*line 4.*A → B → A",
    ),
    "into itself": ("a.jsonl", '{"concept_id": "A", "replaced_by": "A"}', "L522.*line 1"),
    "into nothing": ("a.jsonl", '{"concept_id": "A", "replaced_by": "B"}', "L523.*line 1.*'B'"),
    "a bad date": ("a.jsonl", '{"concept_id": "A", "canonical_name": "a", "since": "yesterday"}', "L520.*yesterday"),
    "a bad preference": ("a.jsonl", '{"concept_id": "A", "canonical_name": "a", "preference": -1}', "L520.*preference"),
    "no header": ("a.csv", "X:1,aspirin\n", "L520.*line 1.*header"),
    "too few fields": ("a.csv", CSV + "X:3,pain\n", "L520.*line 4.*2 fields"),
    "an open quote": ("a.csv", CSV + 'X:3,"pain,,,\n', "L520.*line 4"),
    "a table's empty id": ("a.csv", CSV + ",pain,,,\n", "L520.*line 4"),
    "cut XML": ("desc.xml", MESH_XML[:400], "L520.*line 7.*XML"),
    "other XML": ("desc.xml", "<html></html>", "L520.*line 1.*html"),
    "a record without a name": ("desc.xml", MESH_XML.replace("Name>", "Nom>"), "L520.*line 4.*DescriptorName"),
    "an unknown encoding": ("desc.xml", MESH_XML.replace("1.0", '1.0" encoding="x-none', 1), "L520.*encoding"),
    "a doubled descriptor": (
        "desc.xml",
        MESH_XML.replace("</DescriptorRecord>\n", "</DescriptorRecord>\n" + "".join(MESH_XML.splitlines(True)[3:11])),
        "L521.*line 12.*MESH:D001.*line 4",
    ),
    "cut ASCII": ("d.bin", DESC_ASCII[:-12], "L520.*line 11.*UI"),
    "no record": ("d.bin", "MH = x\n", "L520.*line 1.*NEWRECORD"),
    "another kind": ("d.bin", DESC_ASCII.replace("RECTYPE = D", "RECTYPE = Q"), "L520.*line 1.*RECTYPE"),
    "no OBO": ("a.obo", "hello: x\n", "L520.*line 1.*format-version"),
    "a cut OBO line": ("a.obo", OBO[:100], "L520.*line 8.*quotes"),
    "a term without a name": ("a.obo", OBO.replace("name: gout\n", ""), "L520.*line 4.*T:1.*name"),
    "an OBO circle": ("a.obo", OBO.replace("replaced_by: T:1", "replaced_by: T:2"), "L522.*line 13"),
    "a cut RRF": ("MRCONSO.RRF", CONSO[:-30], "L520.*line 5.*18 fields"),
    "RRF in disorder": ("MRCONSO.RRF", CONSO + CONSO.splitlines()[0] + "\n", "L520.*line 6.*C01"),
    "no known ending": ("a.owl", "", "L524.*a.owl.*jsonl"),
    "no records": ("a.jsonl", "", "L527"),
}


@pytest.mark.parametrize("name, text, error", BAD.values(), ids=BAD.keys())
def test_bad_files_are_refused_with_their_line(tmp_path: Path, name: str, text: str, error: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(LitBertError, match=error):
        kb_build(tmp_path / "kb", [path])
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "d.bin", "a.obo", "MRCONSO.RRF"])
def test_wrong_encodings_are_refused_with_their_line(tmp_path: Path, name: str) -> None:
    text = {"a.jsonl": JSONL, "a.csv": CSV, "d.bin": DESC_ASCII, "a.obo": OBO, "MRCONSO.RRF": CONSO}[name]
    path = tmp_path / name
    lines = text.splitlines(keepends=True)
    path.write_bytes("".join(lines[:2]).encode() + "naïve\n".encode("latin-1") + "".join(lines[2:]).encode())
    with pytest.raises(LitBertError, match=r"L401.*line 3.*UTF-8"):
        collect([path])


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.xml.gz", "d.bin.gz", "a.obo.gz", "MRCONSO.RRF.gz"])
def test_a_cut_compressed_file_is_refused(tmp_path: Path, name: str) -> None:
    text = {"jsonl": JSONL, "xml": MESH_XML, "bin": DESC_ASCII, "obo": OBO, "RRF": CONSO}[name.split(".")[1]]
    path = write(tmp_path, name, text)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LitBertError, match=r"L207|L520"):
        collect([path])


def test_ids_of_two_files_may_not_be_the_same(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, JSONL) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(LitBertError, match=r"L521.*b\.jsonl, line 1.*a\.jsonl, line 1"):
        collect(paths)


def test_build_subset_and_merge_with_everything_they_say(tmp_path: Path) -> None:
    paths = [write(tmp_path, "d2026.bin", DESC_ASCII), write(tmp_path, "c2026.bin", SUPP_ASCII)]
    mesh = kb_build(tmp_path / "mesh", paths, name="MeSH", version="2026", licence="NLM")
    toy = kb_build(tmp_path / "toy", [write(tmp_path, "toy.obo", OBO)], default_types=["Disease"])
    assert toy["T:2"].types == ("Disease",)
    chemicals = kb_subset(tmp_path / "chemicals", mesh.path, types=["Chemical"])
    assert set(chemicals) == {"MESH:D001", "MESH:C9"}
    assert chemicals.metadata["sources"][-1] == {"restricted to": {"types": ["Chemical"]}}
    assert set(kb_subset(tmp_path / "trees", mesh.path, trees=["C05"])) == {"MESH:D002"}
    assert "MESH:D001" not in kb_subset(tmp_path / "old", mesh.path, as_of="1980-01-01")
    merged, n_merged = kb_merge(tmp_path / "merged", mesh.path, toy.path)
    assert n_merged == 1
    assert merged["T:1"] == merged["T:5"] == merged["MESH:D002"]
    assert merged["T:1"].aliases == ("gout", "podagra")
    assert merged.metadata["name"] == "MeSH + toy"
    assert kb_info(merged.path, verify=True)["counts"]["concepts"] == 3
    with pytest.raises(LitBertError, match="L528"):
        kb_subset(tmp_path / "none", mesh.path, types=["Gene"])
    with pytest.raises(LitBertError, match=r"L533.*soon"):
        kb_subset(tmp_path / "none", mesh.path, as_of="soon")
    with pytest.raises(LitBertError, match="L218"):
        kb_subset(mesh.path, mesh.path, force=True)


def test_cross_references_of_a_third_vocabulary_merge_only_what_they_say_uniquely(tmp_path: Path) -> None:
    base = write(tmp_path, "base.csv", "id,name\nB:1,gout\nB:2,gouty arthritis\nB:3,ague\n")
    other = write(tmp_path, "other.csv", "id,name,xrefs\nO:1,podagra,M:1\nO:2,fever,M:2\nO:3,fits,M:9\n")
    xrefs = write(tmp_path, "xrefs.tsv", "M:1\tB:1\nM:1\tB:2\nM:2\tB:3\n")
    bases = [kb_build(tmp_path / path.stem, [path]).path for path in (base, other)]
    merged, n_merged = kb_merge(tmp_path / "merged", *bases, xrefs=xrefs)
    assert n_merged == 1
    assert merged["O:2"].concept_id == "B:3"
    assert {"O:1", "O:3"} <= set(merged)
    write(tmp_path, "xrefs.tsv", "M:1\n")
    with pytest.raises(LitBertError, match=r"L520.*line 1"):
        kb_merge(tmp_path / "again", *bases, xrefs=xrefs)


def test_an_equal_id_merges_and_ids_stay_distinct(tmp_path: Path) -> None:
    base = write(tmp_path, "base.csv", "id,name\nA:1,gout\nA:2,ague\nX:1,old\nX:9,nine\n")
    other = write(tmp_path, "other.csv", "id,name,xrefs,merged_ids\nA:1,podagra,A:2,\nX:1,older,,X:9\nO:1,fits,,A:2\n")
    merged, n_merged = kb_merge(
        tmp_path / "merged", *(kb_build(tmp_path / path.stem, [path]).path for path in (base, other))
    )
    assert n_merged == 3
    assert sorted(merged) == ["A:1", "A:2", "X:1", "X:9"]
    assert merged["A:1"].aliases == ("podagra",)
    assert merged["X:9"].canonical_name == "nine"
    assert merged["O:1"].concept_id == "A:2"
    twice = [Concept("T:1", "one"), Concept("T:2", "two", merged_ids=("T:1",))]
    with pytest.raises(LitBertError, match=r"L545.*'T:1'.*'one'.*'two'"):
        build(twice, tmp_path / "twice", name="twice")


def test_the_format_decides_how_a_table_is_cut(tmp_path: Path) -> None:
    table = write(tmp_path, "table.txt", "id\tname\nT:1\tgout, chronic\n")
    assert kb_build(tmp_path / "kb", [table], format="tsv")["T:1"].canonical_name == "gout, chronic"
    many = "|".join(f"name number {i}" for i in range(20_000))
    large = write(tmp_path, "large.csv", f"id,name,aliases\nT:1,gout,{many}\n")
    assert len(kb_build(tmp_path / "large", [large])["T:1"].names) == 20_001


def test_obo_takes_over_what_a_file_leaves_out(tmp_path: Path) -> None:
    text = 'format-version: 1.2\ndefault-namespace: toy\n\n[Term]\nid: T:1\nname: gout\nsynonym: "podagra" []\n'
    kb = kb_build(tmp_path / "kb", [write(tmp_path, "toy.obo", text)])
    assert (kb["T:1"].aliases, kb["T:1"].types) == (("podagra",), ("toy",))


@pytest.mark.parametrize("date", ["2015-13-45", "2015-02-31", "0000-01-01", "17000101"])
def test_a_date_is_a_day_that_there_was(tmp_path: Path, date: str) -> None:
    table = write(tmp_path, "table.csv", f"id,name,since\nT:1,gout,{date}\n")
    with pytest.raises(LitBertError, match=r"L520.*line 2.*no date"):
        kb_build(tmp_path / "kb", [table])
