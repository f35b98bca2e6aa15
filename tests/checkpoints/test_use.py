"""A converted folder in a training, and a trained pipeline without it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import spacy
from spacy.cli.train import train
from spacy.tokens import DocBin

from spacy_litbert.checkpoints.convert import convert

from ..conftest import TEXTS, examples_for

CONFIG = Path(__file__).parent.parent.parent / "configs" / "ner_cpu.cfg"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    examples = examples_for(spacy.blank("en"))
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "corpus.spacy")
    return tmp_path / "corpus.spacy"


def test_train_save_delete_the_source_and_load(original: Path, corpus: Path, tmp_path: Path) -> None:
    convert(original, tmp_path / "weights")
    overrides = {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 2,
        "training.eval_frequency": 2,
        "components.transformer.model.name": str(tmp_path / "weights"),
        "components.transformer.model.overlap": 8,
    }
    train(CONFIG, tmp_path / "output", overrides=overrides)
    nlp = spacy.load(tmp_path / "output" / "model-last", exclude=["doc_cleaner"])
    expected = [doc._.trf_data.tensors[0] for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path / "saved")
    for folder in (original, tmp_path / "weights", tmp_path / "output"):
        shutil.rmtree(folder)
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.get_pipe("transformer").model.shims[0].bert.config.hidden_act == "gelu_pytorch_tanh"
    for doc, vectors in zip(loaded.pipe(TEXTS), expected):
        assert (doc._.trf_data.tensors[0] == vectors).all()
