"""Components of one pipeline in the other: ours in one that is scispaCy's, scispaCy's in ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from .conftest import TEXT, abbreviations, entities, in_two_processes, links
from .toy import scispacys_knowledge_base

pytest.importorskip("scispacy.linking")
pytest.importorskip("pysbd")


@pytest.fixture
def scispacys(tmp_path: Path) -> Language:
    """A pipeline made of scispaCy's parts alone, with an entity ruler in place of its recognizer."""
    from scispacy import custom_sentence_segmenter  # noqa: F401
    from scispacy.custom_tokenizer import combined_rule_tokenizer

    scispacys_knowledge_base(tmp_path, "toy")
    nlp = spacy.blank("en")
    nlp.tokenizer = combined_rule_tokenizer(nlp)
    nlp.add_pipe("pysbd_sentencizer")
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
    nlp.add_pipe("scispacy_linker", config={"linker_name": "toy"})
    return nlp


def test_ours_in_a_pipeline_of_scispacys(
    scispacys: Language, alone: Language, saved_again: Callable[[Language], Language]
) -> None:
    for name in ("transformer", "litbert_ner"):
        scispacys.add_pipe(name, source=alone, before="scispacy_linker")
    doc = scispacys(TEXT)
    # On these tokens, which are the same as ours in this text, ours says what it says at home.
    assert entities(doc) == entities(alone(TEXT))
    assert links(doc)[0] == [("X:1", 1.0)]
    assert len([*doc.sents]) == 3
    for other in [saved_again(scispacys)(TEXT), *in_two_processes(scispacys, [TEXT] * 4)]:
        assert entities(other) == entities(doc)
        assert links(other) == links(doc)
    assert entities(alone(TEXT)) == entities(doc)  # the source is as it was


def test_scispacys_in_ours(
    scispacys: Language, bundled: Callable[[], Language], saved_again: Callable[[Language], Language]
) -> None:
    nlp = bundled()
    before = entities(nlp(TEXT))
    for name in ("pysbd_sentencizer", "abbreviation_detector", "scispacy_linker"):
        nlp.add_pipe(name, source=scispacys)
    doc = nlp(TEXT)
    assert entities(doc) == before
    assert {ent.text: links(doc)[i] for i, ent in enumerate(doc.ents)}["MI"] == [("X:2", 1.0)]
    assert len([*doc.sents]) == 3
    for other in [saved_again(nlp)(TEXT), *in_two_processes(nlp, [TEXT] * 4)]:
        assert entities(other) == entities(doc)
        assert links(other) == links(doc)
        assert abbreviations(other) == abbreviations(doc)


def test_ours_replaces_a_recognizer(scispacys: Language, alone: Language) -> None:
    """What scispaCy's linker reads is ``doc.ents``: entities of a ruler stay, ours join them."""
    scispacys.add_pipe("entity_ruler", before="scispacy_linker").add_patterns(
        [{"label": "Event", "pattern": "myocardial infarction"}]
    )
    for name in ("transformer", "litbert_ner"):
        scispacys.add_pipe(name, source=alone, before="scispacy_linker")
    doc = scispacys(TEXT)
    assert ("myocardial infarction", "Event") in [(ent.text, ent.label_) for ent in doc.ents]
    assert ("Aspirin", "Chemical") in [(ent.text, ent.label_) for ent in doc.ents]
    assert links(doc)[:2] == [[("X:1", 1.0)], [("X:2", 1.0)]]
