"""Going on with a trained recognizer by a config, and labels that are added on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config

from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.component import LitBertNer
from spacy_litbert.ner.corpora import build_labelled_corpora_v1

from .conftest import GOLD, TEXTS, gold_doc, mentions

CONFIG = Path(__file__).parent.parent.parent / "configs" / "litbert_ner_further.cfg"
DOSES = [(f"{n} mg of {drug}", f"{n} mg") for n in (2, 5, 30) for drug in ("aspirin", "lithium")]


@pytest.fixture
def doses(trained_listener: Language, tmp_path: Path) -> Path:
    """Texts in which doses were annotated and nothing else."""
    docs = []
    for text, dose in DOSES:
        doc = gold_doc(trained_listener, text, [])
        doc.ents = [doc.char_span(0, len(dose), "Dose")]
        del doc.spans["litbert"]
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "doses.spacy")
    return tmp_path / "doses.spacy"


def test_a_config_adds_a_label_to_a_trained_recognizer(
    trained_listener: Language, checkpoint: Path, doses: Path, tmp_path: Path
) -> None:
    base: LitBertNer = trained_listener.get_pipe("litbert_ner")
    base.cfg.update(thresholds={"Gene": 0.25})
    try:
        trained_listener.to_disk(tmp_path / "recognizer")
    finally:
        base.cfg.update(thresholds={})
    tokenizer = {f"nlp.tokenizer.{key}": value for key, value in trained_listener.config["nlp"]["tokenizer"].items()}
    overrides = {
        "paths.recognizer": str(tmp_path / "recognizer"),
        "paths.weights": str(checkpoint),
        "paths.train": str(doses),
        "paths.dev": str(doses),
        "own.labels": ["Dose"],
        "training.max_steps": 40,
        "training.eval_frequency": 20,
        "training.optimizer.learn_rate.warmup_steps": 1,
        "training.optimizer.learn_rate.initial_rate": 0.01,
        **tokenizer,
    }
    train(CONFIG, tmp_path / "out", overrides=overrides)
    nlp = spacy.load(tmp_path / "out" / "model-best")
    pipe = nlp.get_pipe("litbert_ner")
    assert pipe.labels == (*base.labels, "Dose")
    assert pipe.cfg["thresholds"] == {"Gene": 0.25}
    assert ("5 mg", "Dose") in mentions(nlp("5 mg of aspirin"))
    assert nlp.meta["performance"]["ents_per_type"].keys() == {"Dose"}
    # It is a pipeline of its own.
    assert load_config(tmp_path / "out" / "model-best" / "config.cfg")["components"]["litbert_ner"]["factory"]


def test_silver_mentions_are_read_beside_gold_ones(trained_listener: Language, tmp_path: Path) -> None:
    trained_listener.to_disk(tmp_path / "recognizer")
    both = gold_doc(trained_listener, TEXTS[0], [])
    del both.spans["litbert"]
    both.ents = [both.char_span(0, 7, "Dose")]
    DocBin(docs=[both]).to_disk(tmp_path / "both.spacy")
    settings = {"own": {"path": str(tmp_path / "both.spacy"), "labels": ["Dose"]}}
    (example,) = build_labelled_corpora_v1(settings, silver=str(tmp_path / "recognizer"))(trained_listener)
    assert sorted(mentions(example.reference)) == sorted([("Lithium", "Dose"), *GOLD[0][1]])
    with pytest.raises(LitBertError, match="L340"):
        build_labelled_corpora_v1(settings, silver=str(tmp_path / "none"))
