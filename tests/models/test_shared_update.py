"""Components that share an encoder: it learns from all that were updated, whichever were left out."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_litbert.errors import LitBertError

from ..conftest import LISTENER, TEXTS, build_ner, examples_for, ner_config


@pytest.fixture
def pair(checkpoint: Path) -> Language:
    """``ner`` and ``second``, which learn the same, on one encoder."""
    return _with_second(build_ner(checkpoint))


@pytest.mark.parametrize("left_out", ["ner", "second"])
def test_the_encoder_learns_whichever_component_is_left_out(checkpoint: Path, pair: Language, left_out: str) -> None:
    # spacy-transformers runs the encoder's backward pass for the last listener only.
    expected = _with_second(build_ner(checkpoint))
    expected.remove_pipe(left_out)
    gradients = []
    for nlp, exclude in ((pair, [left_out]), (expected, [])):
        spacy.util.fix_random_seed(1)
        nlp.update(examples_for(nlp), sgd=False, exclude=exclude)
        nlp.get_pipe("transformer").model.shims[0].update.finish()
        gradients.append(_gradient(nlp))
    assert np.abs(gradients[0]).sum() > 0
    assert np.array_equal(*gradients)


def test_the_encoder_takes_a_step_without_the_last_component(pair: Language) -> None:
    before = _weights(pair)
    optimizer = pair.resume_training()
    optimizer.L2 = 0.0
    pair.update(examples_for(pair), sgd=False, exclude=["second"])
    pair.get_pipe("transformer").finish_update(optimizer)
    assert not np.array_equal(before, _weights(pair))
    assert _gradient(pair) is None


def test_batches_that_are_put_together_count_each(pair: Language) -> None:
    shim = pair.get_pipe("transformer").model.shims[0]
    gradients = []
    for at_once in (False, True):
        spacy.util.fix_random_seed(1)
        shim.bert.zero_grad()
        for example in examples_for(pair):
            pair.update([example], sgd=False, exclude=["second"])
            if not at_once:
                shim.update.finish()
        shim.update.finish()
        gradients.append(_gradient(pair))
    assert np.abs(gradients[0]).sum() > 0
    assert np.array_equal(*gradients)


def test_the_last_component_may_have_nothing_to_learn_from_a_batch(checkpoint: Path) -> None:
    nlp = build_ner(checkpoint)
    model = {"@architectures": "spacy.TextCatEnsemble.v2", "tok2vec": LISTENER}
    model["linear_model"] = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1}
    textcat = nlp.add_pipe("textcat", config={"model": model}, before="ner")
    cats = [{"a": i % 2, "b": 1 - i % 2} for i in range(len(TEXTS))]
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": values}) for text, values in zip(TEXTS, cats)]
    textcat.initialize(lambda: examples, nlp=nlp)
    optimizer = nlp.resume_training()
    for _ in range(3):  # its output layer begins with zeros
        nlp.update(examples, sgd=optimizer)
    nlp.get_pipe("transformer").finish_update(optimizer)
    losses = nlp.update(examples, sgd=False)
    assert not losses["ner"]
    nlp.get_pipe("transformer").model.shims[0].update.finish()
    assert np.abs(_gradient(nlp)).sum() > 0


@pytest.mark.parametrize("texts", [TEXTS, ["Another text altogether."]], ids=["same", "others"])
def test_a_batch_that_a_component_was_left_out_of_is_forgotten(pair: Language, texts: list[str]) -> None:
    optimizer = pair.resume_training()
    pair.update(examples_for(pair), sgd=optimizer, exclude=["second"])
    before = _weights(pair)
    examples = [Example.from_dict(pair.make_doc(text), {"entities": []}) for text in texts]
    pair.update(examples, sgd=False, exclude=["transformer", "ner"], annotates=["transformer"])
    assert _gradient(pair) is None
    assert np.array_equal(before, _weights(pair))
    with pytest.raises(LitBertError, match="L302"):
        pair.update(examples_for(pair), sgd=optimizer, exclude=["transformer", "ner"])


def test_docs_that_were_retokenized_since_are_refused(pair: Language) -> None:
    examples = examples_for(pair)
    pair.get_pipe("transformer").update(examples)
    with examples[0].predicted.retokenize() as retokenizer:
        retokenizer.merge(examples[0].predicted[:2])
    with pytest.raises(LitBertError, match="L303"):
        pair.get_pipe("ner").model.begin_update([example.predicted for example in examples])


def test_a_copy_has_no_part_in_the_update(pair: Language) -> None:
    pair.update(examples_for(pair), sgd=False, exclude=["second"])
    model = pair.get_pipe("transformer").model
    copied = model.copy().shims[0], copy.deepcopy(model.shims[0])
    for shim in copied:
        shim.update.finish()
    assert _gradient(pair) is None
    model.shims[0].update.finish()
    assert _gradient(pair) is not None


def _with_second(nlp: Language) -> Language:
    spacy.util.fix_random_seed(0)
    pipe = nlp.add_pipe("ner", "second", config=ner_config(LISTENER))
    pipe.initialize(lambda: examples_for(nlp), nlp=nlp)
    nlp.resume_training()
    return nlp


def _weights(nlp: Language) -> np.ndarray:
    return nlp.get_pipe("transformer").model.shims[0].bert.encoder.layer[0].output.dense.weight.detach().numpy().copy()


def _gradient(nlp: Language) -> np.ndarray | None:
    gradient = nlp.get_pipe("transformer").model.shims[0].bert.encoder.layer[0].output.dense.weight.grad
    return None if gradient is None else gradient.numpy().copy()
