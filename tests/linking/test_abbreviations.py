"""Abbreviations that a text defines are found with their long forms, and nothing else is taken for one."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_litbert.linking.abbreviations import abbreviations_of, find_abbreviations


@pytest.mark.parametrize(
    "text, expected",
    [
        ("We saw familial hypercholesterolemia (FH) twice.", {"FH": "familial hypercholesterolemia"}),
        ("Heparin-induced thrombocytopenia (HIT; n = 5).", {"HIT": "Heparin-induced thrombocytopenia"}),
        ("An ECG (electrocardiogram) was normal.", {"ECG": "electrocardiogram"}),
        ("tumor necrosis factor-alpha (TNF-alpha) rose", {"TNF-alpha": "tumor necrosis factor-alpha"}),
        ("given interleukin 2 (IL-2) daily", {"IL-2": "interleukin 2"}),
        ("acute renal failure [ARF] occurred", {"ARF": "acute renal failure"}),
        ("non-Hodgkin lymphoma (NHL) and non-Hodgkin lymphoma (NHL)", {"NHL": "non-Hodgkin lymphoma"}),
    ],
)
def test_definitions_are_found(text: str, expected: dict[str, str]) -> None:
    assert find_abbreviations(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Twelve patients (n = 12) were seen.",
        "They improved (see Table 2) soon.",
        "It was given to rats (Sprague-Dawley).",
        "An unclosed bracket (ABC goes on",
        "Nothing fits here (XQZ).",
        "the end of a sentence. (ES)",
        "(AB)",
        "",
    ],
)
def test_what_is_no_definition_is_left(text: str) -> None:
    assert find_abbreviations(text) == {}


def test_the_first_definition_counts() -> None:
    text = "mitral insufficiency (MI) was seen. Myocardial infarction (MI) was not."
    assert find_abbreviations(text) == {"MI": "mitral insufficiency"}


@given(st.text("aAbB12 ()[];.-", max_size=60))
def test_any_text_is_read_and_long_forms_stand_in_it(text: str) -> None:
    for short, long in find_abbreviations(text).items():
        assert short in text
        assert " ".join(long.split()) in " ".join(text.split())


def test_what_scispacys_detector_left_comes_first() -> None:
    nlp = spacy.blank("en")
    doc = nlp("acute renal failure (ARF)")
    had = Doc.has_extension("abbreviations")
    Doc.set_extension("abbreviations", default=[], force=True)
    doc._.abbreviations = [{"short_text": "ARF", "long_text": "what the detector says"}]
    assert abbreviations_of(doc) == {"ARF": "what the detector says"}
    doc._.abbreviations = []
    assert abbreviations_of(doc) == {"ARF": "acute renal failure"}
    if not had:
        Doc.remove_extension("abbreviations")
