"""scispaCy's AbbreviationDetector on our Docs, and ``litbert_linker`` reading what it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from .conftest import TEXT, abbreviations, entities, in_two_processes
from .toy import knowledge_base

pytest.importorskip("scispacy.abbreviation")


@pytest.mark.parametrize("place", [{"first": True}, {"last": True}], ids=str)
def test_long_forms_of_our_entities(bundled: Callable[[], Language], alone: Language, place: dict[str, object]) -> None:
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector", **place)
    doc = nlp(TEXT)
    assert [(short.text, short._.long_form.text) for short in doc._.abbreviations] == [
        ("MI", "myocardial infarction")
    ] * 2
    assert [ent._.long_form.text for ent in doc.ents if ent.text == "MI"] == ["myocardial infarction"] * 2
    assert entities(doc) == entities(alone(TEXT))


@pytest.mark.parametrize("serializable", [True, False])
def test_our_linker_takes_its_long_forms(bundled: Callable[[], Language], tmp_path: Path, serializable: bool) -> None:
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": serializable})
    nlp.add_pipe("litbert_linker", config={"kb": str(knowledge_base(tmp_path))})
    assert {ent.text: ent.kb_id_ for ent in nlp(TEXT).ents}["MI"] == "X:2"


def test_serializable_ones_are_saved_and_go_to_other_processes(
    bundled: Callable[[], Language], saved_again: Callable[[Language], Language]
) -> None:
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
    doc = nlp(TEXT)
    assert [short["long_text"] for short in doc._.abbreviations] == ["myocardial infarction"] * 2
    [stored] = DocBin(store_user_data=True, docs=[doc]).get_docs(nlp.vocab)
    for other in [stored, saved_again(nlp)(TEXT), *in_two_processes(nlp, [TEXT] * 4)]:
        assert abbreviations(other) == abbreviations(doc)
        assert entities(other) == entities(doc)


def test_others_stay_in_their_process(bundled: Callable[[], Language]) -> None:
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector")
    with pytest.raises(TypeError, match="serialize"):
        nlp(TEXT).to_bytes()  # spans in extensions, which spaCy does not write
