"""Components that tell of our entities whether they are negated: negspaCy's and medspaCy's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from spacy.language import Language

from .conftest import entities, in_two_processes

TEXT = "There is no evidence of pneumonia. She has diabetes mellitus. Her mother had breast cancer."


def test_negspacy(
    bundled: Callable[[], Language], saved_again: Callable[[Language], Language], alone: Language
) -> None:
    pytest.importorskip("negspacy.negation")
    nlp = bundled()
    nlp.add_pipe("sentencizer", first=True)
    nlp.add_pipe("negex", config={"ent_types": ["Disease"]})
    doc = nlp(TEXT)
    assert {ent.text: ent._.negex for ent in doc.ents} == {
        "pneumonia": True,
        "diabetes mellitus": False,
        "breast cancer": False,
    }
    assert entities(doc) == entities(alone(TEXT))
    for other in [saved_again(nlp)(TEXT), *in_two_processes(nlp, [TEXT] * 4)]:
        assert [ent._.negex for ent in other.ents] == [True, False, False]
        assert entities(other) == entities(doc)


def test_medspacys_context(bundled: Callable[[], Language], alone: Language) -> None:
    pytest.importorskip("medspacy.context")
    nlp = bundled()
    nlp.add_pipe("sentencizer", first=True)
    nlp.add_pipe("medspacy_context")
    doc = nlp(TEXT)
    assert [ent.text for ent in doc.ents if ent._.is_negated] == ["pneumonia"]
    assert [ent.text for ent in doc.ents if ent._.is_family] == ["breast cancer"]
    assert entities(doc) == entities(alone(TEXT))
