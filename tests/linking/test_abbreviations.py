"""Abbreviations that a text defines are found with their long forms, and nothing else is taken for one."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_litbert.linking.abbreviations import abbreviations_of, find_abbreviations, long_forms_of
from spacy_litbert.linking.gold import memory_of

NLP = spacy.blank("en")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("We saw familial hypercholesterolemia (FH) twice.", {"FH": "familial hypercholesterolemia"}),
        ("Heparin-induced thrombocytopenia (HIT; n = 5).", {"HIT": "Heparin-induced thrombocytopenia"}),
        ("An ECG (electrocardiogram) was normal.", {"ECG": "electrocardiogram"}),
        ("tumor necrosis factor-alpha (TNF-alpha) rose", {"TNF-alpha": "tumor necrosis factor-alpha"}),
        ("given interleukin 2 (IL-2) daily", {"IL-2": "interleukin 2"}),
        ("acute renal failure [ARF] occurred", {"ARF": "acute renal failure"}),
        ("phenobarbital (PB: 15 mg a day) was given", {"PB": "phenobarbital"}),
        ("women on combined oral contraceptives (COCs) had", {"COCs": "combined oral contraceptives"}),
        ("beta-adrenergic receptor (AR) blockers", {"AR": "beta-adrenergic receptor"}),
        ("given RA (13-cis-retinoic acid) daily", {"RA": "13-cis-retinoic acid"}),
        ("poly(ADP-ribose) polymerase (PARP) inhibitors", {"PARP": "poly(ADP-ribose) polymerase"}),
        ("given N-(4-hydroxyphenyl)retinamide (4-HPR)", {"4-HPR": "N-(4-hydroxyphenyl)retinamide"}),
        ("tumour-necrosis factor (TNF) rose", {"TNF": "tumour-necrosis factor"}),
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
        "advantages of carboplatin (it is newer) over cisplatin (CDDP)",
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


def test_singular_and_plural_of_an_abbreviation_are_known() -> None:
    doc = marked(
        "‹ventricular septal defects› ( ‹VSDs› ) , ‹VSD› , a ‹diaphragmatic hernia› ( ‹DH› ) , ‹DHs› , "
        "‹arsenic› ( ‹As› ) , ‹A›"
    )
    long_forms = dict(zip((ent.text for ent in doc.ents), long_forms_of(doc, doc.ents)))
    assert long_forms["VSD"] == long_forms["VSDs"] == "ventricular septal defects"
    assert long_forms["DHs"] == long_forms["DH"] == "diaphragmatic hernia"
    assert (long_forms["As"], long_forms["A"]) == ("arsenic", "A")


def marked(text: str) -> Doc:
    """Return a Doc with mentions in ‹ and ›; those with an exclamation mark have a label of their own."""
    words, ents = text.replace("‹", "‹ ").replace("›", " ›").split(), []
    doc_words: list[str] = []
    for word in words:
        if word == "‹":
            start = len(doc_words)
        elif word == "›":
            ents.append((start, len(doc_words)))
        else:
            doc_words.append(word)
    doc = Doc(NLP.vocab, doc_words)
    doc.ents = [Span(doc, a, b, "Gene" if doc[a].text.startswith("!") else "Chemical") for a, b in ents]
    return doc


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("‹thyroxine› ( ‹T4› ) was given", "T4", "thyroxine"),
        ("‹Testosterone› ( ‹T› , 5 mg ) was given", "T", "Testosterone"),
        ("‹ammonium acetate› [ ‹NH4Ac› ] was given", "NH4Ac", "ammonium acetate"),
        ("‹CCNU› ( ‹lomustine› ) was given", "CCNU", "lomustine"),
        ("‹sodium› ( ‹na› ) was given", "na", "sodium"),
        ("with ‹Adriamycin› ( ‹doxorubicin› ; 5 mg ) given", "Adriamycin", "doxorubicin"),
        ("It was given. ‹Opioids› ( ‹morphine› ) were not", "Opioids", None),
        ("‹electrolytes› ( ‹Na› : 140, ‹K› : 4 )", "Na", None),
        ("the ‹taxol› ( ‹T4› unclosed", "T4", None),
        ("‹thyroxine› or ‹T4› was given", "T4", None),
        ("‹thyroxine› ( not ‹T4› ) was given", "T4", None),
        ("‹thyroxine› ( ‹T4› receptors ) was given", "T4", None),
        ("‹thyroxine› ( ‹!T4› ) was given", "!T4", None),
        ("‹DOPAC› ( ‹GABA› ) was given", "GABA", None),
        ("‹antidepressant› ( ‹fluoxetine› ) was given", "fluoxetine", None),
    ],
)
def test_a_short_mention_in_brackets_stands_for_the_one_before(text: str, short: str, long: str | None) -> None:
    doc = marked(text)
    spans = list(doc.ents[::-1])
    long_forms = dict(zip((span.text for span in spans), long_forms_of(doc, spans)))
    assert long_forms.pop(short) == (long or short)
    assert all(text == long_form for text, long_form in long_forms.items())


def test_of_several_definitions_in_brackets_the_first_counts_for_its_label_alone() -> None:
    doc = marked("‹thyroxine› ( ‹T4› ) , ‹tetrandrine› ( ‹T4› ) , ‹!growth› ( ‹!T4› ) , ‹!T4› , ‹T4›")
    named = [
        (ent.text, long_form) for ent, long_form in zip(doc.ents, long_forms_of(doc, doc.ents)) if ent.text == "T4"
    ]
    assert named == [("T4", "thyroxine")] * 3
    of_genes = [long_form for ent, long_form in zip(doc.ents, long_forms_of(doc, doc.ents)) if ent.text == "!T4"]
    assert of_genes == ["!growth"] * 2


def test_what_annotators_gave_two_concepts_is_not_remembered_as_one() -> None:
    doc = marked("the ‹tumours› ( ‹T2› ) and ‹thyroxine› ( ‹T4› )")
    for ent, kb_id in zip(doc.ents, ["X:1", "X:2", "X:3", "X:3|X:4"]):
        for token in ent:
            token.ent_kb_id_ = kb_id
    memory = memory_of([Example(doc, doc)])
    assert memory.exactly("tumours") == {"X:1": 1}
    assert memory.exactly("thyroxine") == {"X:3": 2, "X:4": 1}
    assert memory.exactly("T4") == {"X:3": 1, "X:4": 1}


def test_mentions_may_overlap() -> None:
    doc = marked("radioactive ‹iodine› ( ‹131-I› )")
    inner, short = doc.ents
    outer = Span(doc, 0, 2, inner.label)
    other = Span(doc, 1, 2, "Element")
    assert long_forms_of(doc, [inner, other, short, outer])[2] == "radioactive iodine"


@given(st.text("aAbT4 ()[];.-", max_size=40), st.data())
def test_mentions_of_any_text_are_read(text: str, data: st.DataObject) -> None:
    doc = NLP(text)
    places = st.tuples(st.integers(0, len(doc)), st.integers(0, len(doc)))
    spans = [Span(doc, a, b, "X") for a, b in data.draw(st.lists(places, max_size=6)) if a < b]
    for span, long_form in zip(spans, long_forms_of(doc, spans), strict=True):
        assert len(long_form) > len(span.text) or long_form == span.text
        assert " ".join(long_form.split()) in " ".join(text.split())


def test_what_scispacys_detector_left_comes_first() -> None:
    doc = NLP("acute renal failure (ARF)")
    had = Doc.has_extension("abbreviations")
    Doc.set_extension("abbreviations", default=[], force=True)
    doc._.abbreviations = [{"short_text": "ARF", "long_text": "what the detector says"}]
    assert abbreviations_of(doc) == {"ARF": "what the detector says"}
    doc._.abbreviations = []
    assert abbreviations_of(doc)["ARF"] == "acute renal failure"
    if not had:
        Doc.remove_extension("abbreviations")
