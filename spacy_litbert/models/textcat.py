"""Score the labels of texts from token vectors: what ``textcat`` and ``textcat_multilabel`` are made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Optional

from spacy.ml.models.textcat import build_reduce_text_classifier
from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d

from ..errors import Errors, LitBertError
from .seal import sealed
from .types import TextClassifier, Tok2VecModel

Forward = Callable[[Any, Any, bool], tuple[Any, Callable[..., Any]]]
POOLINGS = ("first", "max", "mean", "mean+max")


def build_litbert_textcat_v1(
    tok2vec: Tok2VecModel, exclusive_classes: bool, pooling: str = "mean", nO: Optional[int] = None
) -> TextClassifier:
    """Build a text classifier over the vectors of all tokens, ``spacy-litbert.LitBertTextCat.v1``.

    Model[List[Doc], Floats2d]: for each Doc the score of each label, between 0 and 1.

    tok2vec: token vectors, ``spacy-litbert.LitBertListener.v1``. A long text has those of all its windows.
    exclusive_classes: true for ``textcat`` (the scores of a Doc sum to 1), false for ``textcat_multilabel``.
    pooling: how the vectors of a Doc's tokens become one: ``"first"``, ``"max"``, ``"mean"`` or ``"mean+max"``.
    nO: the number of labels; the component sets it.

    It is spaCy's ``TextCatReduce``, except that a Doc without tokens has the vector 0 in training, and the score 0
    for each label in use, where ``TextCatReduce`` fails, and that both kinds of labels learn by cross-entropy.

    Raises LitBertError L607 for another pooling.
    """
    if pooling not in POOLINGS:
        raise LitBertError(Errors.L607.format(value=pooling, choices=", ".join(POOLINGS)))
    model: TextClassifier = build_reduce_text_classifier(
        chain(tok2vec, never_empty()),
        exclusive_classes,
        use_reduce_first=pooling == "first",
        use_reduce_last=False,
        use_reduce_max="max" in pooling,
        use_reduce_mean="mean" in pooling,
        nO=nO,
    )
    if not exclusive_classes:
        model.layers[-1] = logistic_with_cross_entropy()
    model.set_ref("tok2vec", tok2vec)
    model._func = partial(_without_text_without_score, model._func)
    return sealed(model)


def _without_text_without_score(
    forward: Forward, model: TextClassifier, docs: list[Doc], is_train: bool
) -> tuple[Floats2d, Callable[..., Any]]:
    """Give a Doc without tokens the score 0 for each label in use, as spaCy does where no Doc of a batch has any."""
    scores, backprop = forward(model, docs, is_train)
    if not is_train:
        for i in [i for i, doc in enumerate(docs) if not len(doc)]:
            scores[i] = 0
    return scores, backprop


def never_empty() -> Model[list[Floats2d], list[Floats2d]]:
    """Build the layer that hands the vectors of each Doc on, and one row of zeros for a Doc that has none."""
    return Model("never-empty", _never_empty)


def _never_empty(
    model: Model[list[Floats2d], list[Floats2d]], vectors: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    lengths = [len(rows) for rows in vectors]
    width = max((rows.shape[1] for rows in vectors), default=0)

    def backprop(d_vectors: list[Floats2d]) -> list[Floats2d]:
        return [rows[:length] for rows, length in zip(d_vectors, lengths)]

    return [rows if len(rows) else model.ops.alloc2f(1, width) for rows in vectors], backprop


def logistic_with_cross_entropy() -> Model[Floats2d, Floats2d]:
    """Build the logistic function, for a loss whose gradient is ``score - truth``, as that of spaCy's classifiers.

    That is the gradient of cross-entropy with respect to the input, so it is passed on as it is. thinc's
    ``Logistic`` multiplies it by ``score * (1 - score)``, which makes it that of the squared error: what the
    model is most wrong about then teaches it least. thinc's ``Softmax`` passes it on as well.
    """
    return Model("logistic-with-cross-entropy", _logistic)


def _logistic(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    return model.ops.sigmoid(X), lambda d_scores: d_scores
