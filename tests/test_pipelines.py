"""Which pipeline a name means, and what is in one that LitBERT does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_litbert.errors import LitBertError
from spacy_litbert.pipelines import load_with, pipeline_folder

BUNDLED = "en_litbert_ner"


def test_a_name_means_the_package_as_it_does_for_spacy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = pipeline_folder(BUNDLED)
    monkeypatch.chdir(tmp_path)
    spacy.blank("en").to_disk(tmp_path / BUNDLED)
    assert pipeline_folder(BUNDLED) == installed
    assert pipeline_folder(Path(BUNDLED)) == Path(BUNDLED)
    with pytest.raises(LitBertError, match="L340"):
        pipeline_folder("en_no_such_pipeline")


@Language.factory("odd_model", default_config={"model": "a word"})
def make_odd(nlp: Language, name: str, model: str) -> object:
    return lambda doc: doc


def test_a_component_whose_model_is_a_word_has_no_encoder(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("odd_model")
    nlp.to_disk(tmp_path)
    with pytest.raises(LitBertError, match="L311"):
        load_with(tmp_path, backend="onnx")
