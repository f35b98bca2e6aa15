"""Wordpieces split by chance: other pieces of the same text, and only in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization.dropout import WordpieceDropout
from spacy_litbert.tokenization.vocabulary import Vocabulary
from spacy_litbert.tokenization.wordpieces import WordpieceEncoder, Wordpieces

from ..conftest import build_ner, examples_for

CASED = Vocabulary.from_folder(resolve("litbert-oa-small"))
UNCASED = Vocabulary(CASED.tokens, lowercase=True)
ENCODERS = {vocabulary: WordpieceEncoder(vocabulary) for vocabulary in (CASED, UNCASED)}
DROPOUTS = {
    vocabulary: {rate: WordpieceDropout(vocabulary, rate) for rate in (0.0, 0.3, 1.0)} for vocabulary in ENCODERS
}
TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.sampled_from(
        ["naloxone reverses", "hepatocellular carcinoma", "İstanbul", "Sjo\u0308gren", "IL-2-mediated", ""]
    ),
    max_size=4,
)


@pytest.mark.parametrize("vocabulary", [CASED, UNCASED], ids=["cased", "uncased"])
@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(0, 9))
def test_parts_are_entries_that_spell_the_piece(vocabulary: Vocabulary, texts: list[str], seed: int) -> None:
    whole = ENCODERS[vocabulary].encode(texts)
    parts = DROPOUTS[vocabulary][0.3](whole, np.random.default_rng(seed))
    assert np.array_equal(parts.text_starts, whole.text_starts)
    assert np.all(np.diff(parts.start) >= 0)
    assert np.all(np.diff(parts.end) >= 0)
    # Every piece that is left whole or begins a split one stands where a whole piece stood.
    assert set(whole.start.tolist()) == set(parts.start[np.isin(parts.start, whole.start)].tolist())
    assert _spelled(vocabulary, parts) == _spelled(vocabulary, whole)
    assert [vocabulary.tokens[i].startswith("##") for i in parts.ids] == (~parts.starts_word).tolist()


def test_nothing_is_split_at_rate_0_and_all_that_can_be_at_rate_1() -> None:
    whole = ENCODERS[CASED].encode(["naloxone reverses the antihypertensive effect"])
    dropouts, random = DROPOUTS[CASED], np.random.default_rng(0)
    assert np.array_equal(dropouts[0.0](whole, random).ids, whole.ids)
    shortest = dropouts[1.0](whole, random)
    assert len(shortest.ids) > 2 * len(whole.ids)
    assert np.array_equal(dropouts[1.0](shortest, random).ids, shortest.ids)


def test_the_share_of_split_pieces_is_the_rate() -> None:
    whole = ENCODERS[CASED].encode(["patients"] * 5000)
    assert len(whole.ids) == 5000
    parts = DROPOUTS[CASED][0.3](whole, np.random.default_rng(0))
    still_whole = int((parts.ids == whole.ids[0]).sum())
    assert still_whole == pytest.approx(3500, abs=150)


def test_equal_seeds_split_equally() -> None:
    whole = ENCODERS[CASED].encode(["naloxone reverses the antihypertensive effect of clonidine"])
    first, second = (DROPOUTS[CASED][0.3](whole, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.ids, second.ids)


@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_that_is_no_share_is_refused(rate: float, checkpoint: Path) -> None:
    with pytest.raises(LitBertError, match="L005"):
        WordpieceDropout(CASED, rate)
    with pytest.raises(LitBertError, match="L005"):
        build_ner(checkpoint, wordpiece_dropout=rate)


def test_it_changes_training_and_not_use(checkpoint: Path, tmp_path: Path) -> None:
    plain, dropping = build_ner(checkpoint), build_ner(checkpoint, wordpiece_dropout=1.0)
    text = "Lithium carbonate toxicity in a newborn infant."
    assert np.array_equal(_vectors(plain, text), _vectors(dropping, text))
    dropping.to_disk(tmp_path / "pipeline")
    for nlp in (plain, dropping):
        _train(nlp)
    assert not np.array_equal(_vectors(plain, text), _vectors(dropping, text))
    loaded = spacy.load(tmp_path / "pipeline", config={"components.transformer.model.wordpiece_dropout": 0.0})
    _train(loaded)
    assert np.array_equal(_vectors(plain, text), _vectors(loaded, text))


def test_training_with_it_is_repeatable(checkpoint: Path) -> None:
    text = "Aspirin caused gastric ulcers."
    first, second = (build_ner(checkpoint, steps=2, wordpiece_dropout=0.3) for _ in range(2))
    assert np.array_equal(_vectors(first, text), _vectors(second, text))


def _train(nlp: spacy.Language) -> None:
    spacy.util.fix_random_seed(0)
    optimizer = nlp.resume_training()
    for _ in range(3):  # the first one reaches the head alone, whose weights begin as zeros
        nlp.update(examples_for(nlp), sgd=optimizer)


def _vectors(nlp: spacy.Language, text: str) -> np.ndarray:
    vectors: np.ndarray = nlp(text)._.trf_data.model_output["last_hidden_state"]
    return vectors


def _spelled(vocabulary: Vocabulary, pieces: Wordpieces) -> str:
    return "".join(vocabulary.tokens[i].removeprefix("##") for i in pieces.ids)
