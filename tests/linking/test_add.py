"""What is added to a knowledge base makes the one that all of it at once would have made, or nothing at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.kb import kb_build
from spacy_litbert.cli.kb_add import kb_add
from spacy_litbert.errors import LitBertError
from spacy_litbert.files import file_checksum
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.normalize import fold, normal

WORDS = ("heart", "Heart", "attack", "anaemia", "anæmia", "MI", "β", "failures", "of")
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8),
)


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf8")
    return path


def record(concept_id: str, names: list[str]) -> dict[str, Any]:
    return {"concept_id": concept_id, "canonical_name": names[0], "aliases": names[1:]}


def words(name: str) -> list[str]:
    return sorted(normal(fold(name)).split())


def assert_same(found: KnowledgeBase, expected: KnowledgeBase, queries: list[str]) -> None:
    assert list(found.concepts()) == list(expected.concepts())
    for query in queries:
        assert found.search(query, 50) == expected.search(query, 50)
        assert found.forms_equal_to(query) == expected.forms_equal_to(query)
    for path in expected.path.glob("*.npy"):
        assert path.read_bytes() == (found.path / path.name).read_bytes()


@st.composite
def vocabularies_with_terms(draw: st.DrawFn) -> tuple[list[list[str]], list[tuple[list[str], list[str]]]]:
    """Names of concepts, the last of which are new ones; and names to add to and to remove from the others."""
    names = draw(st.lists(st.lists(NAMES, min_size=1, max_size=4, unique=True), min_size=1, max_size=5))
    terms = []
    for known in names[: draw(st.integers(1, len(names)))]:
        removed = draw(st.lists(st.sampled_from(known), max_size=2, unique=True))
        own = draw(st.lists(NAMES.filter(lambda name, removed=removed: name not in removed), max_size=2))
        terms.append((own, removed))
    return names, terms


@given(vocabularies_with_terms(), st.lists(NAMES, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_adding_makes_what_all_of_it_at_once_makes(tmp_path: Path, drawn: Any, queries: list[str]) -> None:
    names, terms = drawn
    before, added, whole = [], [], []
    for i, known in enumerate(names):
        if i >= len(terms):
            added.append(record(f"N:{i}", known))
            whole.append(record(f"N:{i}", known))
            continue
        own, removed = terms[i]
        left = [name for name in known if words(name) not in map(words, removed)]
        if not left and not own:
            left, removed = known, []
        stays = left[:1] == known[:1]
        before.append(record(f"N:{i}", known))
        whole.append(record(f"N:{i}", left + own if stays else own + left))
        if own or removed:
            added.append({"concept_id": f"N:{i}", "aliases": own, "remove": removed})
    base = kb_build(tmp_path / "base", [write(tmp_path / "base.jsonl", before)], force=True)
    found = kb_add(tmp_path / "added", base.path, [write(tmp_path / "terms.jsonl", added)], force=True)
    expected = kb_build(tmp_path / "whole", [write(tmp_path / "whole.jsonl", whole)], force=True)
    assert_same(found, expected, [*queries, *(name for several in names for name in several)])


BASE = """\
id,name,aliases,types,definition,merged_ids
X:1,Aspirin,ASA|acetylsalicylic acid,Chemical,A drug.,X:0
X:2,Anemia,anaemia,Disease,,
X:3,myocardial infarction,heart attack,Disease,,
"""
TERMS = """\
id,name,aliases,types,definition,remove
X:0,,Aspro,Drug,,asa
X:2,Low Haemoglobin,,,Too little.,ANEMIA|anaemia
OWN:1,study drug 17,SD17|SD-17,Chemical,,
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base.csv").write_text(BASE)
    return kb_build(tmp_path / "base", [tmp_path / "base.csv"], name="Base", version="1", licence="MIT").path


def test_names_concepts_and_corrections(base: Path, tmp_path: Path) -> None:
    terms = tmp_path / "own.csv"
    terms.write_text(TERMS)
    kb = kb_add(tmp_path / "out", base, [terms])
    assert kb["X:1"].names == ("Aspirin", "acetylsalicylic acid", "Aspro")
    assert kb["X:1"].types == ("Chemical", "Drug")
    assert kb["X:1"].definition == "A drug."
    assert kb["X:2"].names == ("Low Haemoglobin",)
    assert kb["X:2"].definition == "Too little."
    assert kb["OWN:1"].names == ("study drug 17", "SD17", "SD-17")
    assert kb["X:3"] == KnowledgeBase(base)["X:3"]
    assert kb.search("aspro", 1) == [("X:1", 1.0)]
    assert kb.forms_equal_to("ASA") == kb.forms_equal_to("Anaemia") == {}
    assert (kb.metadata["name"], kb.metadata["version"], kb.metadata["licence"]) == ("Base", "1", "MIT")
    assert kb.metadata["sources"] == [
        *KnowledgeBase(base).metadata["sources"],
        {
            "file": "own.csv",
            "format": "terms",
            "sha256": file_checksum(terms),
            "changes": {"concepts added": 1, "names added": 5, "names removed": 3},
        },
    ]


def test_a_name_goes_in_every_number_spelling_and_order_of_words(tmp_path: Path) -> None:
    names = ["Breast Neoplasms", "Tumours, Breast", "breast tumor", "breast cancer"]
    base = kb_build(tmp_path / "base", [write(tmp_path / "base.jsonl", [record("X:1", names)])])
    terms = write(tmp_path / "terms.jsonl", [{"concept_id": "X:1", "remove": ["Breast tumors"]}])
    assert kb_add(tmp_path / "out", base.path, [terms])["X:1"].names == ("Breast Neoplasms", "breast cancer")


def test_new_concepts_are_those_of_a_build_of_both_files(base: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(
        "id,name,aliases,merged_ids,since\nMESH:C1,gout,podagra,MESH:C0|MESH:C1,2015\nA:1,heart attack,,,\n"
    )
    whole = kb_build(tmp_path / "whole", [tmp_path / "base.csv", more])
    assert_same(kb_add(tmp_path / "out", base, [more]), whole, ["heart attack", "podagra"])
    assert whole["MESH:C0"].preference == 1


def test_several_files_and_all_that_json_lines_may_say(base: Path, tmp_path: Path) -> None:
    values = {"xrefs": ["Y:1"], "alt_ids": ["X:9"], "preference": 3, "since": "2001", "tree_numbers": ["C01"]}
    paths = [
        write(tmp_path / "a.jsonl", [{"concept_id": "X:3", "canonical_name": "MI", **values}]),
        write(tmp_path / "b.jsonl", [record("X:4", ["gout"])]),
    ]
    kb = kb_add(tmp_path / "out", base, paths)
    concept = kb["X:9"]
    assert concept.names == ("myocardial infarction", "heart attack", "MI")
    assert (concept.xrefs, concept.tree_numbers) == (("Y:1",), ("C01",))
    assert (concept.preference, concept.since) == (3, 20010101)
    assert [source["changes"]["names added"] for source in kb.metadata["sources"][-2:]] == [1, 1]


def test_types_tree_numbers_and_cross_references_go(base: Path, tmp_path: Path) -> None:
    more = {"types": ["Drug", "Dose"], "tree_numbers": ["D01", "D02"], "xrefs": ["Y:1"]}
    richer = kb_add(tmp_path / "richer", base, [write(tmp_path / "a.jsonl", [{"concept_id": "X:1", **more}])])
    (tmp_path / "own.csv").write_text(
        "id,types,remove_types,remove_tree_numbers,remove_xrefs\nX:0,Salicylate,Drug|Chemical,D01,Y:1\n"
    )
    kb = kb_add(tmp_path / "out", richer.path, [tmp_path / "own.csv"])
    assert (kb["X:1"].types, kb["X:1"].tree_numbers, kb["X:1"].xrefs) == (("Dose", "Salicylate"), ("D02",), ())
    assert "Drug" not in kb.types
    assert kb.metadata["sources"][-1]["changes"] == {
        "concepts added": 0,
        "names added": 0,
        "names removed": 0,
        "types removed": 2,
        "tree numbers removed": 1,
        "xrefs removed": 1,
    }
    again = write(tmp_path / "b.jsonl", [{"concept_id": "X:1", "remove_types": ["Dose", "Salicylate"]}])
    assert kb_add(tmp_path / "none", kb.path, [again])["X:1"].types == ()


BAD = {
    "an unknown type": ("a.csv", "id,remove_types\nX:2,Drug\n", "L534.*line 2.*type 'Drug'.*X:2.*it has Disease"),
    "a tree number of none": ("a.csv", "id,remove_tree_numbers\nX:2,C1\n", "L534.*tree number 'C1'.*it has none"),
    "a type that comes and goes": ("a.csv", "id,types,remove_types\nX:2,A,A\n", "L534.*type 'A'.*adds it"),
    "a type of an unknown concept": ("a.csv", "id,name,remove_types\nX:7,x,A\n", "L534.*type 'A'.*no such concept"),
    "an unknown concept": ("a.csv", "id,remove\nX:1,ASA\nX:7,gout\n", "L534.*line 3.*'gout'.*X:7.*no such concept"),
    "an unknown name": ("a.csv", "id,remove\nX:1,gout\n", "L534.*line 2.*'gout'.*similar.*ASA"),
    "the last names": ("a.csv", "id,remove\nX:2,anaemia|anemia\n", "L534.*line 2.*no name would be left"),
    "a name that comes and goes": ("a.csv", "id,name,remove\nX:1,ASA,ASA\n", "L534.*line 2.*adds it"),
    "a new concept without a name": ("a.csv", "id,aliases,types\nX:7,,Disease\n", "L520.*line 2.*X:7.*needs a name"),
    "nothing said": ("a.csv", "id,name\nX:1,\n", "L520.*line 2.*nothing about X:1"),
    "a doubled id": ("a.csv", "id,name\nX:7,gout\nX:7,podagra\n", "L521.*line 3.*X:7.*line 2"),
    "an id and one merged into it": ("a.csv", "id,name\nX:0,Aspro\nX:1,Asprin\n", "L521.*line 3.*X:1.*line 2"),
    "a merged id that lives": ("a.csv", "id,name,merged_ids\nX:7,gout,X:2\n", "L521.*line 2.*'X:2'.*base"),
    "a merged id of another": ("a.csv", "id,name,merged_ids\nX:7,gout,X:0\n", "L521.*line 2.*'X:0'.*base"),
    "an empty name": ("a.jsonl", '{"concept_id": "X:1", "canonical_name": " "}', "L520.*line 1.*empty name"),
    "an empty name to remove": ("a.jsonl", '{"concept_id": "X:1", "remove": [""]}', "L520.*line 1.*empty name"),
    "an empty id": ("a.csv", "id,name\n,gout\n", "L520.*line 2.*id ''"),
    "an unknown key": ("a.jsonl", '{"concept_id": "X:1", "alias": ["x"]}', "L520.*line 1.*unknown keys: alias"),
    "an unknown column": ("a.csv", "id,alias\nX:1,x\n", "L520.*line 1.*must name id"),
    "a bad date": ("a.csv", "id,name,since\nX:7,gout,soon\n", "L520.*line 2.*soon"),
    "no JSON": ("a.jsonl", '{"concept_id": "X:7", "canonical_name": "x"}\n{', "L520.*line 2"),
    "a format of whole vocabularies": ("a.obo", "", "L524.*a.obo.*jsonl, csv, tsv"),
    "another encoding": ("a.csv", "id,name\nX:7,na\udcefve\n", "L401.*line 2.*UTF-8"),
}


@pytest.mark.parametrize("name, text, error", BAD.values(), ids=BAD.keys())
def test_bad_terms_are_refused_with_their_line(base: Path, tmp_path: Path, name: str, text: str, error: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf8", "surrogateescape"))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(LitBertError, match=error):
        kb_add(tmp_path / "out", base, [tmp_path / name])
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_base_is_never_replaced_and_must_be_whole(base: Path, tmp_path: Path) -> None:
    terms = write(tmp_path / "a.jsonl", [record("X:7", ["gout"])])
    with pytest.raises(LitBertError, match="L218"):
        kb_add(base, base, [terms], force=True)
    names = base / "names.npy"
    names.write_bytes(names.read_bytes()[:-1] + b"?")
    with pytest.raises(LitBertError, match=r"L526.*names.npy"):
        kb_add(tmp_path / "out", base, [terms])


def test_the_command(base: Path, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(TERMS)
    arguments = ["kb", "add", str(tmp_path / "out"), str(base), str(tmp_path / "own.csv"), "--quiet"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "own.csv: 1 concepts added, 5 names added, 3 names removed" in result.output
    assert CliRunner().invoke(app, arguments).exit_code == 1
    assert "own.csv" in CliRunner().invoke(app, ["kb", "info", str(tmp_path / "out")]).output
