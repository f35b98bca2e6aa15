"""What was trained is what is saved, and a pipeline that can't be saved leaves the one that was there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.util import load_model_from_config

from spacy_litbert.errors import LitBertError
from spacy_litbert.workflow.store import store

from ..conftest import TEXTS, build_ner, examples_for

STORAGE = "components.transformer.model.storage"


def weights(nlp: Language) -> np.ndarray:
    bert = nlp.get_pipe("transformer").model.shims[0].bert
    return np.asarray(bert.state_dict()["encoder.layer.0.output.dense.weight"])


@pytest.fixture
def small(checkpoint: Path, tmp_path: Path) -> Language:
    """A pipeline that was stored with 8 bits."""
    build_ner(checkpoint, steps=2).to_disk(tmp_path / "exact")
    store(tmp_path / "exact", tmp_path / "small", "int8")
    return spacy.load(tmp_path / "small")


def train(nlp: Language) -> None:
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 1e-6  # less than a step of 8 bits
    for _ in range(3):
        nlp.update(examples_for(nlp), sgd=optimizer)


def test_a_short_training_of_an_encoder_of_8_bits_is_not_rounded_away(small: Language, tmp_path: Path) -> None:
    before = weights(small).copy()
    small.to_disk(tmp_path / "untouched")
    assert (weights(spacy.load(tmp_path / "untouched")) == before).all()
    train(small)
    assert (weights(small) != before).any()
    small.to_disk(tmp_path / "trained")
    again = spacy.load(tmp_path / "trained")
    assert (weights(again) == weights(small)).all()
    again.to_disk(tmp_path / "again")  # it is remembered
    assert (weights(spacy.load(tmp_path / "again")) == weights(small)).all()
    restored = load_model_from_config(small.config).from_bytes(small.to_bytes())
    assert (weights(restored) == weights(small)).all()


def test_another_type_that_is_asked_for_counts(small: Language, tmp_path: Path) -> None:
    train(small)
    small.to_disk(tmp_path / "trained")
    size = (tmp_path / "trained" / "transformer" / "model").stat().st_size
    spacy.load(tmp_path / "trained", config={STORAGE: "float16"}).to_disk(tmp_path / "half")
    assert (tmp_path / "half" / "transformer" / "model").stat().st_size < 0.7 * size
    store(tmp_path / "trained", tmp_path / "stored", "int8")
    stored = spacy.load(tmp_path / "stored")
    assert (tmp_path / "stored" / "transformer" / "model").stat().st_size < 0.5 * size
    assert (weights(stored) != weights(small)).any()
    assert np.abs(weights(stored) - weights(small)).max() < 0.01


@pytest.mark.parametrize("frozen", [[], ["transformer"]], ids=["encoder", "head"])
def test_what_diverged_does_not_replace_what_is_good(checkpoint: Path, tmp_path: Path, frozen: list[str]) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", source=build_ner(checkpoint))
    nlp.add_pipe("litbert_ner", config={"model": {"hidden_width": 8}})
    nlp.initialize(lambda: examples_for(nlp))
    nlp.to_disk(tmp_path)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = float("nan")
    for _ in range(3):
        nlp.update(examples_for(nlp), sgd=optimizer, exclude=frozen, annotates=frozen)
    with pytest.raises(LitBertError, match=r"L314.*diverged"):
        nlp.to_disk(tmp_path)
    assert len(list(spacy.load(tmp_path).pipe(TEXTS))) == len(TEXTS)
