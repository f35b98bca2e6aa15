"""Text classification over token vectors: every pooling, empty texts, long texts, both kinds of labels."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from spacy_litbert.errors import LitBertError
from spacy_litbert.models.textcat import POOLINGS, build_litbert_textcat_v1, logistic_with_cross_entropy, never_empty

TEXTS = ("aspirin caused bleeding", "tumours in mice", "", " ")


def build(checkpoint: Path, pooling: str, *, exclusive: bool) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer",
        config={"model": {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}},
    )
    listener = {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
    nlp.add_pipe(
        "textcat" if exclusive else "textcat_multilabel",
        config={
            "model": {
                "@architectures": "spacy-litbert.LitBertTextCat.v1",
                "tok2vec": listener,
                "exclusive_classes": exclusive,
                "pooling": pooling,
            }
        },
    )
    return nlp


def examples(nlp: Language) -> list[Example]:
    cats = [{"drug": 1.0, "animal": 0.0}, {"drug": 0.0, "animal": 1.0}] * 2
    return [Example.from_dict(nlp.make_doc(text), {"cats": cat}) for text, cat in zip(TEXTS, cats)]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_empty_texts_train_and_get_scores(checkpoint: Path, tmp_path: Path, pooling: str, exclusive: bool) -> None:
    nlp = build(checkpoint, pooling, exclusive=exclusive)
    optimizer = nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=optimizer)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for doc, again in zip(nlp.pipe(TEXTS), loaded.pipe(TEXTS)):
        assert set(doc.cats) == {"drug", "animal"}
        assert all(0 <= score <= 1 for score in doc.cats.values())
        assert doc.cats == pytest.approx(again.cats, abs=1e-6)
        if exclusive:
            assert sum(doc.cats.values()) == pytest.approx(1 if len(doc) else 0)
    among_others = [doc.cats for doc in nlp.pipe([TEXTS[0], "", TEXTS[1]])]
    assert among_others[1] == nlp("").cats == {"drug": 0, "animal": 0}
    assert among_others[0] == pytest.approx(nlp(TEXTS[0]).cats, abs=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_the_end_of_a_long_text_counts(checkpoint: Path, pooling: str) -> None:
    nlp = build(checkpoint, pooling, exclusive=False)
    nlp.initialize(lambda: examples(nlp))
    nlp.get_pipe("textcat_multilabel").model.get_ref("output_layer").set_param(
        "W", np.random.default_rng(0).normal(size=(2, 32)).astype("f")
    )
    body = "tumours in mice . " * 200  # many windows of the toy encoder
    one, other = nlp(body + "end"), nlp(body + "aspirin")
    assert one.cats != other.cats


def test_it_learns(checkpoint: Path) -> None:
    nlp = build(checkpoint, "mean", exclusive=False)
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples(nlp)[:2], sgd=optimizer)
    assert nlp(TEXTS[0]).cats["drug"] > 0.9 > 0.1 > nlp(TEXTS[1]).cats["drug"]


def test_listeners_can_be_replaced(checkpoint: Path) -> None:
    nlp = build(checkpoint, "mean+max", exclusive=True)
    nlp.initialize(lambda: examples(nlp))
    before = nlp(TEXTS[0]).cats
    nlp.replace_listeners("transformer", "textcat", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert nlp(TEXTS[0]).cats == pytest.approx(before, abs=1e-6)


def test_the_gradient_is_that_of_cross_entropy() -> None:
    X = np.array([[-2.0, 0.5], [3.0, -1.0]], dtype="f")
    truth = np.array([[1.0, 0.0], [1.0, 1.0]], dtype="f")
    model = logistic_with_cross_entropy()

    def loss(x: np.ndarray) -> float:
        scores = 1 / (1 + np.exp(-x.astype("d")))
        return float(-(truth * np.log(scores) + (1 - truth) * np.log(1 - scores)).sum())

    scores, backprop = model(X, is_train=True)
    dX = backprop(scores - truth)
    for index in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[index] = 1e-3
        assert dX[index] == pytest.approx((loss(X + step) - loss(X - step)) / 2e-3, abs=1e-3)


def test_a_doc_without_tokens_has_one_row_and_gives_no_gradient() -> None:
    vectors = [np.ones((2, 3), dtype="f"), np.zeros((0, 3), dtype="f")]
    filled, backprop = never_empty()(vectors, is_train=True)
    assert [rows.tolist() for rows in filled] == [[[1.0] * 3] * 2, [[0.0] * 3]]
    assert [rows.shape for rows in backprop(filled)] == [(2, 3), (0, 3)]


def test_an_unknown_pooling_is_an_error() -> None:
    with pytest.raises(LitBertError, match=r"L607.*'median'.*mean\+max"):
        build_litbert_textcat_v1(Model("none", lambda *_: None), False, pooling="median")


def test_it_can_be_sent_to_other_processes(checkpoint: Path) -> None:
    nlp = build(checkpoint, "mean", exclusive=False)
    nlp.initialize(lambda: examples(nlp))
    name = nlp.pipe_names[-1]
    docs = list(nlp.pipe(TEXTS, disable=[name]))
    again = pickle.loads(pickle.dumps(nlp.get_pipe(name)))
    assert again.predict(docs) == pytest.approx(nlp.get_pipe(name).predict(docs))
