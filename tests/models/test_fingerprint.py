"""A component reads the encoder that it was trained with, or says that it can't."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_litbert.errors import LitBertError
from spacy_litbert.models.fingerprint import Fingerprint

from ..conftest import LISTENER, TEXTS, build_ner, examples_for, ner_config, write_checkpoint


def entities(nlp: Language) -> list[list[tuple[int, int, str]]]:
    return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(TEXTS)]


def with_transformer(source: Language) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", source=source)
    return nlp


@pytest.fixture
def other(tmp_path: Path) -> Language:
    return build_ner(write_checkpoint(tmp_path / "other", initializer_range=0.05), steps=3)


def test_a_component_from_another_pipeline_refuses_the_encoder(ner: Language, other: Language) -> None:
    nlp = with_transformer(other)
    nlp.add_pipe("ner", source=ner)
    with pytest.raises(LitBertError, match=r"L313.*replace_listeners"):
        nlp(TEXTS[0])
    with pytest.raises(LitBertError, match=r"L313"):
        nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])


@pytest.mark.parametrize("how", ["disk", "bytes"])
def test_it_does_so_when_saved_and_loaded(ner: Language, other: Language, tmp_path: Path, how: str) -> None:
    nlp = with_transformer(other)
    nlp.add_pipe("ner", source=ner)
    if how == "disk":
        nlp.to_disk(tmp_path / "both")
        loaded = spacy.load(tmp_path / "both")
    else:
        loaded = spacy.util.load_model_from_config(nlp.config, auto_fill=True).from_bytes(nlp.to_bytes())
    with pytest.raises(LitBertError, match="L313"):
        loaded(TEXTS[0])


def test_training_makes_the_component_fit(ner: Language, other: Language) -> None:
    nlp = with_transformer(other)
    nlp.add_pipe("ner", source=ner)
    nlp.update(examples_for(nlp), sgd=nlp.resume_training())
    assert len(entities(nlp)) == len(TEXTS)


def test_a_pipeline_fits_itself_however_it_is_stored(ner: Language, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    ner.to_disk(tmp_path / "trained")
    for settings in (
        {"storage": "float16"},
        {"precision": "bfloat16"},
        {"backend": "onnx", "precision": "int8"},
        {"backend": "onnx"},
    ):
        overrides = {f"components.transformer.model.{key}": value for key, value in settings.items()}
        changed = spacy.load(tmp_path / "trained", config=overrides)
        changed.to_disk(tmp_path / "changed")
        loaded = spacy.load(tmp_path / "changed")
        assert entities(changed) == entities(loaded)
        mixed = with_transformer(loaded)
        mixed.add_pipe("ner", source=spacy.load(tmp_path / "trained"))
        assert entities(mixed) == entities(loaded)


def test_equal_encoders_in_two_pipelines_are_one(checkpoint: Path) -> None:
    pipelines = []
    for _ in range(2):
        nlp = build_ner(checkpoint)
        nlp.update(examples_for(nlp), sgd=nlp.resume_training(), exclude=["transformer"], annotates=["transformer"])
        pipelines.append(nlp)
    nlp = with_transformer(pipelines[0])
    nlp.add_pipe("ner", source=pipelines[1])
    assert len(entities(nlp)) == len(TEXTS)


def test_several_listeners_follow_the_encoder(checkpoint: Path, tmp_path: Path) -> None:
    nlp = build_ner(checkpoint)
    nlp.add_pipe("ner", "second", config=ner_config(LISTENER)).initialize(lambda: examples_for(nlp), nlp=nlp)
    optimizer = nlp.resume_training()
    for exclude in ([], ["second"], ["ner"], []):  # each trains without the other for a while
        nlp.update(examples_for(nlp), sgd=optimizer, exclude=exclude)
    nlp.to_disk(tmp_path)
    assert entities(spacy.load(tmp_path)) == entities(nlp)


def test_a_frozen_component_does_not_follow(ner: Language, tmp_path: Path) -> None:
    ner.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    nlp.add_pipe("ner", "second", config=ner_config(LISTENER)).initialize(lambda: examples_for(nlp), nlp=nlp)
    for _ in range(3):
        nlp.update(examples_for(nlp), sgd=nlp.resume_training(), exclude=["ner"])
    with pytest.raises(LitBertError, match=r"L313.*frozen"):
        nlp(TEXTS[0])


def test_averaged_weights_are_another_encoder(checkpoint: Path, tmp_path: Path) -> None:
    nlp = build_ner(checkpoint)
    optimizer = nlp.create_optimizer()
    optimizer.averages = {}
    for _ in range(3):
        nlp.update(examples_for(nlp), sgd=optimizer)
    nlp.to_disk(tmp_path / "last")
    with nlp.use_params(optimizer.averages):
        averaged = entities(nlp)
        nlp.to_disk(tmp_path / "averaged")
    nlp.to_disk(tmp_path / "again")
    last, mean, again = (spacy.load(tmp_path / name) for name in ("last", "averaged", "again"))
    assert entities(mean) == averaged
    values = [each.get_pipe("transformer").model.shims[0].fingerprint.value for each in (last, mean, again)]
    assert values[0] == values[2] != values[1]
    mixed = with_transformer(last)
    mixed.add_pipe("ner", source=mean)
    with pytest.raises(LitBertError, match="L313"):
        mixed(TEXTS[0])


def test_one_from_an_earlier_version_accepts_any_encoder(ner: Language, other: Language) -> None:
    listener = next(node for node in ner.get_pipe("ner").model.walk() if node.name == "litbert-listener")
    listener.attrs["encoder"] = Fingerprint()
    nlp = with_transformer(other)
    nlp.add_pipe("ner", source=ner)
    assert len(entities(nlp)) == len(TEXTS)


def test_a_listener_that_was_initialized_makes_no_vectors_up(checkpoint: Path) -> None:
    nlp = build_ner(checkpoint)
    examples = examples_for(nlp)
    nlp.initialize(lambda: examples)
    docs = [example.predicted for example in examples]
    for tried in (docs, [example.reference for example in examples], docs[:1]):
        with pytest.raises(LitBertError, match="L302"):
            nlp.get_pipe("ner").model.get_ref("tok2vec").predict(tried)


def test_a_copy_of_a_pipeline_is_another_one(checkpoint: Path, tmp_path: Path) -> None:
    nlp = build_ner(checkpoint, steps=2)
    backup = copy.deepcopy(nlp)
    expected = entities(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    for _ in range(2):
        nlp.update(examples_for(nlp), sgd=optimizer)
    assert entities(backup) == expected
    assert len(entities(nlp)) == len(TEXTS)
    backup.update(examples_for(backup), sgd=backup.resume_training())
    for one in (nlp, backup):
        one.to_disk(tmp_path)
        assert entities(spacy.load(tmp_path)) == entities(one)
