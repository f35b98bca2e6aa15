"""What ``spacy.load(…, config=…)`` asks for counts, whatever the pipeline was saved with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language

from spacy_litbert.errors import LitBertError

from ..conftest import LISTENER, TEXTS, build_ner, examples_for, ner_config

LONG = " ".join(TEXTS * 10)
TOK2VEC = {**LISTENER, "@architectures": "spacy-litbert.LitBertTok2Vec.v1", "overlap": 8}
PLACES = {"transformer": "components.transformer.model", "tok2vec": "components.ner.model.tok2vec"}


def build(checkpoint: Path, place: str, **settings: Any) -> Language:
    if place == "transformer":
        return build_ner(checkpoint, **settings)
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config=ner_config({**TOK2VEC, "name": str(checkpoint), **settings}))
    nlp.initialize(lambda: examples_for(nlp))
    return nlp


def vectors(nlp: Language) -> np.ndarray:
    nlp.add_pipe("sentencizer", first=True)
    doc = nlp(LONG)
    return nlp.get_pipe("ner").model.get_ref("tok2vec").predict([doc])


@pytest.mark.parametrize("setting", [{"window": 32}, {"window": None}, {"overlap": 2}])
@pytest.mark.parametrize("place", PLACES)
def test_windows_are_as_the_config_says(checkpoint: Path, tmp_path: Path, place: str, setting: dict[str, Any]) -> None:
    saved = {"window": 40, "overlap": 8}
    build(checkpoint, place, **saved).to_disk(tmp_path)
    overrides = {f"{PLACES[place]}.{key}": value for key, value in setting.items()}
    expected = vectors(build(checkpoint, place, **{**saved, **setting}))
    assert np.array_equal(vectors(spacy.load(tmp_path, config=overrides)), expected)
    assert not np.array_equal(vectors(spacy.load(tmp_path)), expected)


def test_boundaries_are_as_the_config_says(checkpoint: Path, tmp_path: Path) -> None:
    build(checkpoint, "transformer", overlap=0).to_disk(tmp_path)
    nlp = spacy.load(tmp_path, config={"components.transformer.model.boundaries": "sentence"})
    with pytest.raises(LitBertError, match="L304"):
        nlp(LONG)
    assert not np.array_equal(vectors(nlp), vectors(spacy.load(tmp_path)))


@pytest.mark.parametrize("place", PLACES)
def test_windows_that_the_encoder_cant_read_are_refused(checkpoint: Path, tmp_path: Path, place: str) -> None:
    build(checkpoint, place).to_disk(tmp_path)
    for setting, code in ({"window": 65}, "L001"), ({"overlap": 40}, "L002"):
        with pytest.raises(LitBertError, match=code):
            spacy.load(tmp_path, config={f"{PLACES[place]}.{key}": value for key, value in setting.items()})


@pytest.mark.parametrize("place", PLACES)
def test_the_encoders_settings_are_as_the_config_says(checkpoint: Path, tmp_path: Path, place: str) -> None:
    build(checkpoint, place).to_disk(tmp_path)
    settings = {"batch_wordpieces": 99, "keep_wordpieces": 7, "precision": "bfloat16", "storage": "float16"}
    nlp = spacy.load(tmp_path, config={f"{PLACES[place]}.{key}": value for key, value in settings.items()})
    model = nlp.get_pipe("transformer" if place == "transformer" else "ner").model
    (shim,) = [shim for node in model.walk() for shim in node.shims]
    assert {key: getattr(shim, key) for key in settings} == settings


@pytest.mark.parametrize("place", ["components.ner.model.tok2vec"])
@pytest.mark.parametrize("kind", PLACES)
def test_grad_factor_is_as_the_config_says(checkpoint: Path, tmp_path: Path, kind: str, place: str) -> None:
    build(checkpoint, kind).to_disk(tmp_path)
    nlp = spacy.load(tmp_path, config={f"{place}.grad_factor": 0.0})
    optimizer = nlp.resume_training()
    optimizer.L2 = 0.0
    model = nlp.get_pipe("transformer" if kind == "transformer" else "ner").model
    weights = _word_embeddings(model)
    nlp.update(examples_for(nlp), sgd=optimizer)
    assert np.array_equal(weights, _word_embeddings(model))


def _word_embeddings(model: Any) -> np.ndarray:
    (shim,) = [shim for node in model.walk() for shim in node.shims]
    return shim.bert.embeddings.word_embeddings.weight.detach().numpy().copy()
