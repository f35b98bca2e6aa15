"""Names are compared in three forms, each more forgiving than the one before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.linking.normalize import bag, fold, normal

TEXTS = st.text(max_size=40) | st.text("abceilosαβ' -s2IVé’()+", max_size=40)


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_folding_has_no_case_and_no_outer_or_doubled_blanks(text: str) -> None:
    assert fold(text) == " ".join(fold(text).split())
    if text.isascii():
        assert fold(text) == fold(text.upper())


@given(TEXTS)
def test_a_name_of_anything_visible_is_not_lost(text: str) -> None:
    if text.strip("".join(c for c in text if not c.isprintable() or c.isspace())) and text.isascii():
        assert all((fold(text), normal(fold(text)), bag(normal(fold(text)))))


@given(st.lists(st.sampled_from(["liver", "of", "failures", "acute", "the", "tumour"]), min_size=1, max_size=5))
def test_the_order_of_words_does_not_count_in_a_bag(words: list[str]) -> None:
    assert bag(normal(fold(" ".join(words)))) == bag(normal(fold(" ".join(reversed(words)))))


@pytest.mark.parametrize(
    "one, other",
    [
        ("Behçet's syndrome", "behcet syndrome"),
        ("Naïve-cell", "naive cell"),
        ("ALZHEIMER’S DISEASE", "alzheimer disease"),
    ],
)
def test_folded_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("leukaemias", "leukemia"),
        ("TNF-α", "TNF alpha"),
        ("IL2", "IL-2"),
        ("diabetes type II", "diabetes type 2"),
        ("oedema", "edema"),
        ("neuropathies", "neuropathy"),
        ("thromboses", "thrombosis"),
        ("fibres", "fiber"),
        ("sulphate", "sulfate"),
        ("tumours", "tumor"),
        ("viruses", "virus"),
        ("glucose-6-phosphate", "glucose 6 phosphate"),
    ],
)
def test_normal_alike(one: str, other: str) -> None:
    assert normal(fold(one)) == normal(fold(other))


@pytest.mark.parametrize(
    "one, other",
    [("type 1", "type 2"), ("hypotension", "hypertension"), ("IL-1", "IL-2"), ("Ca2+", "Ca2"), ("group A", "group B")],
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert bag(normal(fold(one))) != bag(normal(fold(other)))
