from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.pretraining.sentences import LONGEST, short_sentences, split_sentences
from spacy_litbert.ragged import starts_of


@pytest.mark.parametrize(
    "sentences",
    [
        ["Aspirin helps.", "Ibuprofen does, too."],
        ["Is it safe?", "Yes!", "We think so."],
        ["Smith et al. (2010) found p < 0.05.", "The dose was 2.5 mg."],
        ["It was shown by Smith et al.", "The dose was low."],
        ["E. coli K-12 and J. R. Smith agree.", "B. subtilis does not."],
        ["It was given i.v. Doses varied."],
        ["It was given i.v.", "The doses varied."],
        ["See Fig. 2 and Eq. 5, e.g. Table 3.", "Others (cf. Ref. 7) differ."],
        ["Mice (C57BL/6; n = 5) were used.", "(They were fed.)", "TNF-α rose."],
        ["β-Actin was the control.", "α-Tubulin was not."],
        ['He said "No."', "Then he left."],
        ["We gave vitamin C.", "In 12 patients it helped."],
        ["1. Introduction"],
        ["Grown at 37 °C.", "5 mL were taken."],
    ],
)
def test_splits(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


def test_nothing_is_no_sentence() -> None:
    assert split_sentences("  ") == []


@given(st.text(alphabet='Aa b.?!()"1α\n', max_size=60))
def test_loses_no_character(text: str) -> None:
    assert "".join(" ".join(split_sentences(text)).split()) == "".join(text.split())


@given(
    st.lists(st.lists(st.integers(1, 40) | st.integers(90, 300), max_size=20), max_size=6),
)
def test_long_sentences_are_cut_before_the_last_word_that_does_not_fit(sentences: list[list[int]]) -> None:
    """Sentences of words of so many wordpieces."""
    starts = starts_of(np.array([sum(words) for words in sentences], dtype=np.int64))
    words = [n for sentence in sentences for n in sentence]
    begins_word = np.zeros(int(starts[-1]), dtype=bool)
    begins_word[starts_of(np.array(words, dtype=np.int64))[:-1]] = True
    expected = []
    for sentence in sentences:
        parts: list[int] = []
        for n in sentence:
            if parts and parts[-1] + n <= LONGEST:
                parts[-1] += n
            else:
                parts.append(n)
        expected += parts
    found = short_sentences(starts, begins_word)
    assert [int(end - start) for start, end in pairwise(found)] == expected
