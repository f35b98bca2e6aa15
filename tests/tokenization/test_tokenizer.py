from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

CONFIG = {"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}}
NLP = spacy.blank("en", config=CONFIG)


def tokens(text: str, nlp: Language = NLP) -> list[str]:
    return [token.text for token in nlp.make_doc(text)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("lithium-induced", "lithium - induced"),
        ("Na+/K+-ATPase", "Na + / K + - ATPase"),
        ("[3H]dopamine(D2)", "[ 3H ] dopamine ( D2 )"),
        ("(p<0.05).", "( p < 0.05 ) ."),
        ("IL-2→NF-κB", "IL - 2 → NF - κB"),
        ("mean±SD", "mean ± SD"),
        ("n=12;x~3", "n = 12 ; x ~ 3"),
        ("drug--induced", "drug -- induced"),
        ("asthma/COPD,fever:none", "asthma / COPD , fever : none"),
        ("5'-AMP", "5 ' - AMP"),
        ("anti–TNF‐α", "anti – TNF ‐ α"),
    ],
)
def test_words_are_cut_at_symbols(text: str, expected: str) -> None:
    assert tokens(text) == expected.split()


@pytest.mark.parametrize("word", ["0.05", "1,000", "12:30", "10mg", "CYP2D6", "mRNA", "e.g.", "i.v.", "naïve", "α2A"])
def test_numbers_words_and_dotted_abbreviations_stay_whole(word: str) -> None:
    assert tokens(word) == [word]
    assert tokens(f"({word}, as before)")[1] == word


@pytest.mark.parametrize("word", ["vitamin E", "Mo", "Ala", "Fe", "im", "8", "mg"])
def test_a_full_stop_or_bracket_belongs_to_no_word(word: str) -> None:
    assert tokens(f"with {word}.")[-1] == "."
    assert tokens(f"(with {word})")[-1] == ")"


def test_english_endings() -> None:
    assert tokens("Alzheimer's doesn't") == ["Alzheimer", "'s", "does", "n't"]
    assert tokens("of disease.Methods: x") == ["of", "disease", ".", "Methods", ":", "x"]
    assert tokens("see https://example.org/a-b/c.") == ["see", "https://example.org/a-b/c", "."]


@settings(deadline=None)
@given(st.text())
def test_the_text_is_never_changed(text: str) -> None:
    assert NLP.make_doc(text).text == text


def test_a_saved_pipeline_cuts_the_same(tmp_path: Path) -> None:
    text = "Na+/K+-ATPase (e.g., vitamin E.) didn't; 5-HT2A, p<0.05. https://example.org/a-b"
    NLP.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert tokens(text, loaded) == tokens(text)
    assert loaded.tokenizer.to_bytes() == NLP.tokenizer.to_bytes()
    # The saved rules count, not those of the version that loads them.
    english = spacy.blank("en")
    loaded.tokenizer.from_bytes(english.tokenizer.to_bytes())
    assert tokens(text, spacy.blank("en", config=CONFIG).from_bytes(loaded.to_bytes())) == tokens(text, english)
