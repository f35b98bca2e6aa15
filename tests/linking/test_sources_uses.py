"""What a knowledge base is made of and put over, where users' files are not what was thought of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_litbert.cli.kb import kb_build, kb_info
from spacy_litbert.cli.kb_abbreviations import kb_abbreviations
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.errors import LitBertError
from spacy_litbert.linking.abbreviations import abbreviations_of, long_forms_of
from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.normalize import fold, normal

ROW = {"concept_id": "A:1", "canonical_name": "aspirin"}


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    return path


@pytest.mark.parametrize("files", [["results.csv"], "results.csv", 3, {"results.csv": {"bytes": 3}}])
def test_a_folder_of_other_metadata_is_not_replaced(tmp_path: Path, files: object) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "metadata.json").write_text(json.dumps({"title": "my data", "files": files, "checksum": "0"}))
    (folder / "results.csv").write_text("1,2")
    with pytest.raises(LitBertError, match="L218"):
        kb_build(folder, [jsonl(tmp_path / "a.jsonl", ROW)], force=True)
    assert (folder / "results.csv").read_text() == "1,2"


def test_what_the_finder_leaves_does_not_count(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "a.jsonl", ROW)
    kb_build(tmp_path / "kb", [source])
    (tmp_path / "kb" / ".DS_Store").write_text("a program of the system's")
    assert len(kb_build(tmp_path / "kb", [source], force=True)) == 1


@pytest.mark.parametrize(
    "row", [{"concept_id": "A|B"}, {"concept_id": "NIL"}, {"merged_ids": ["A|B"]}, {"merged_ids": ["two words"]}]
)
def test_ids_that_would_mean_something_else(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(LitBertError, match=r"L520.*line 1"):
        kb_build(tmp_path / "kb", [jsonl(tmp_path / "a.jsonl", {**ROW, **row})])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_a_source_that_has_no_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(LitBertError, match="L225"):
        kb_build(tmp_path / "kb", [tmp_path / "a.csv"])
    with pytest.raises(LitBertError, match="L224"):
        kb_build(tmp_path / "kb", [tmp_path / "nothing.csv"])


def test_more_types_than_two_bytes_count(tmp_path: Path) -> None:
    kinds = [f"K{i}" for i in range(70_000)]
    build([Concept("A:1", "aspirin", types=tuple(kinds))], tmp_path / "kb", name="toy")
    assert KnowledgeBase(tmp_path / "kb")["A:1"].types == tuple(kinds)


def test_names_of_files_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"kb\xe9")
    kb = kb_build(tmp_path / name, [jsonl(tmp_path / f"{name}.jsonl", ROW)])
    assert kb_info(kb.path, verify=True)["name"] == name


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "a.jsonl", {**ROW, "alias": ["hidden"]})
    with pytest.warns(UserWarning, match=r"W004.*a\.jsonl.*'alias'"):
        kb_build(tmp_path / "kb", [source])


RRF = "C1|ENG|P|L1|PF|S1|Y|A1|||D1|MSH|MH|D1|Aspirin|0|N|256|\n"


@pytest.mark.parametrize(("names", "table"), [("mrconso.rrf", "mrsty.rrf"), ("mine.rrf", "MRSTY.RRF")])
def test_tables_of_umls_may_have_other_names(tmp_path: Path, names: str, table: str) -> None:
    (tmp_path / names).write_text(RRF)
    with pytest.warns(UserWarning, match=r"W004.*MRSTY"):
        assert kb_build(tmp_path / "without", [tmp_path / names], format="rrf")["C1"].types == ()
    (tmp_path / table).write_text("C1|T109|A1.4.1.2.1|Organic Chemical|AT1|256|\n")
    assert kb_build(tmp_path / "kb", [tmp_path / names], format="rrf")["C1"].types == ("Organic Chemical",)


OBO = """format-version: 1.2
default-namespace: drugs ! of here

[Term]
id: A:1
name: aspirin {source="z"} ! a comment
namespace: drug ! c

[Term]
id: A:2
name: 2-\\{x\\} acid! {not a modifier}

[Term]
id: A:3
name: obsolete x
is_obsolete: true
replaced_by: OTHER:1

[Term]
id: A:4
name: obsolete y
is_obsolete: true
replaced_by: A:1
"""


def test_what_may_stand_behind_the_values_of_obo(tmp_path: Path) -> None:
    (tmp_path / "a.obo").write_text(OBO)
    kb = kb_build(tmp_path / "kb", [tmp_path / "a.obo"])
    assert {one: (kb[one].canonical_name, kb[one].types, kb[one].merged_ids) for one in kb} == {
        "A:1": ("aspirin", ("drug",), ("A:4",)),
        "A:2": ("2-{x} acid! {not a modifier}", ("drugs",), ()),
    }


def test_terms_of_another_ontology_have_no_names(tmp_path: Path) -> None:
    (tmp_path / "a.obo").write_text(f"{OBO}\n[Term]\nid: CL:1\nis_a: CL:2\n\n[Term]\nid: CL:2\nis_a: A:1\n")
    with pytest.warns(UserWarning, match=r"W004.*a\.obo.*2 terms that have no name, as CL:1, CL:2"):
        kb = kb_build(tmp_path / "kb", [tmp_path / "a.obo"])
    assert list(kb) == ["A:1", "A:2"]


@pytest.mark.parametrize("apostrophe", "'’`´ʼ")
def test_apostrophes_are_one(apostrophe: str) -> None:
    assert fold(f"Parkinson{apostrophe}s disease") == "parkinson disease"


@given(st.text(min_size=1))
def test_a_name_never_folds_to_nothing(name: str) -> None:
    if name.strip():
        assert fold(name)
        assert fold(fold(name)) == fold(name)
        assert normal(fold(name))


def test_a_vocabulary_of_one_mark(tmp_path: Path) -> None:
    build([Concept("A:1", "\u0301")], tmp_path / "kb", name="toy")
    assert KnowledgeBase(tmp_path / "kb").search("\u0301") == [("A:1", 1.0)]
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Chemical", "pattern": "aspirin"}])  # type: ignore[attr-defined]
    nlp.add_pipe("litbert_linker", config={"kb": str(tmp_path / "kb")})
    assert nlp("aspirin").ents[0].kb_id_


def test_a_knowledge_base_is_a_mapping(tmp_path: Path) -> None:
    build([Concept("A:1", "aspirin"), Concept("A:2", "lithium")], tmp_path / "kb", name="toy")
    kb = KnowledgeBase(tmp_path / "kb")
    assert kb.get(5) is None  # type: ignore[call-overload]
    assert kb.forms[-1] == kb.forms[1]
    with pytest.raises(IndexError):
        kb.forms[2]


TEXT = "Patients with diabetes\nmellitus (DM) came. DM is common. Diabetes\n mellitus is bad. They had DM."


def test_definitions_go_over_line_ends_too(tmp_path: Path) -> None:
    build([Concept("D:1", "diabetes mellitus", (), ("Disease",))], tmp_path / "kb", name="toy")
    for folder in ("t1", "t2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "doc.txt").write_text(TEXT)
    found = kb_abbreviations(tmp_path / "out.jsonl", tmp_path / "kb", [tmp_path / "t1", tmp_path / "t2"])
    assert [one.text for one in found] == ["Patients with DM came. DM is common. DM is bad. They had DM."] * 2
    assert len({one.id for one in read_jsonl(tmp_path / "out.jsonl")}) == 2


def spans_of(text: str, *names: str) -> tuple[Doc, list[Span]]:
    doc = spacy.blank("en")(text)
    spans = [doc.char_span(text.index(name), text.index(name) + len(name), "Disease") for name in names]
    return doc, [span for span in spans if span is not None]


LEFT: dict[str, tuple[Any, str]] = {
    "a mapping": ({"MI": "mitral insufficiency"}, "mitral insufficiency"),
    "pairs": ([("MI", "mitral insufficiency")], "myocardial infarction"),
    "a flag": (True, "myocardial infarction"),
    "words": (["MI"], "myocardial infarction"),
    "numbers": ({"MI": 3}, "myocardial infarction"),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_other_programs_leave_as_abbreviations(what: str) -> None:
    left, expected = LEFT[what]
    doc, spans = spans_of("A myocardial infarction (MI) came.", "MI")
    had = Doc.has_extension("abbreviations")
    before = Doc.get_extension("abbreviations") if had else None
    Doc.set_extension("abbreviations", default=None, force=True)
    try:
        doc._.abbreviations = left
        assert long_forms_of(doc, spans) == [expected]
        assert abbreviations_of(doc)["MI"] == expected
    finally:
        if before is None:
            Doc.remove_extension("abbreviations")
        else:
            Doc.set_extension("abbreviations", default=before[0], force=True)


def test_brackets_that_do_not_close_take_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair of mentions looks no further than brackets may reach."""
    from spacy_litbert.linking import abbreviations

    looked: list[int] = []
    closing = abbreviations._CLOSING

    class Counting:
        search: Callable[..., Any] = staticmethod(
            lambda text, start, end=None: looked.append((end or len(text)) - start) or closing.search(text, start, end)
        )

    monkeypatch.setattr(abbreviations, "_CLOSING", Counting)
    text = "aaaa (A1, " * 500
    doc = spacy.blank("en")(text)
    spans = [
        doc.char_span(start + first, start + end, "Disease")
        for start in range(0, len(text), 10)
        for first, end in ((0, 4), (6, 8))
    ]
    long_forms_of(doc, [span for span in spans if span is not None])
    assert looked
    assert max(looked) <= 200
