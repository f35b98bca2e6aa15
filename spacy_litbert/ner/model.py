"""Score the tags of tokens, for each label by itself: what ``litbert_ner`` is made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from spacy.tokens import Doc
from thinc.api import (
    Dropout,
    Model,
    chain,
    expand_window,
    glorot_uniform_init,
    list2ragged,
    with_array,
    zero_init,
)
from thinc.layers.linear import init
from thinc.layers.resizable import resize_linear_weighted
from thinc.types import Floats2d, Ragged

from ..models.seal import sealed
from ..models.types import Tok2VecModel
from .decoding import OUTSIDE

TagScores = Model[list[Doc], Ragged]
Layer = Model[Floats2d, Floats2d]
_UNLEARNED = 5.0  # what outside scores beside 0 for the others, so that a new label finds nothing until it is learned


def build_litbert_ner_v1(tok2vec: Tok2VecModel, hidden_width: int = 64) -> TagScores:
    """Build the tagger of mentions, ``spacy-litbert.LitBertNer.v1``.

    Model[List[Doc], Ragged]: for each token 3 scores a label, (tokens, labels * 3) float32, of the tags outside, begins
    and inside of that label (``spacy_litbert.ner.decoding``). The component sets the number of labels, and may raise it
    later: ``attrs["resize_output"]`` is spaCy's convention for that.

    tok2vec: token vectors, such as ``spacy-litbert.LitBertListener.v1`` or any other tok2vec of spaCy.
    hidden_width: width of the two hidden layers. The first reads one token, the second that token and its neighbours.
    """
    return _build(tok2vec, hidden_width, n_tags=3)


def build_litbert_ner_v2(tok2vec: Tok2VecModel, hidden_width: int = 64) -> TagScores:
    """Build the tagger of mentions with five tags, ``spacy-litbert.LitBertNer.v2``.

    As ``spacy-litbert.LitBertNer.v1``, but 5 scores a label, (tokens, labels * 5) float32: of the tags outside, begins,
    inside and ends of a mention of several tokens, and single, a mention of one (Ratinov and Roth 2009, BILOU).
    """
    return _build(tok2vec, hidden_width, n_tags=5)


def _build(tok2vec: Tok2VecModel, hidden_width: int, n_tags: int) -> TagScores:
    output = linear()
    second = linear(hidden_width, 3 * hidden_width, rectified=True)
    model: TagScores = chain(
        tok2vec,
        list2ragged(),
        with_array(chain(linear(hidden_width, rectified=True), Dropout(0.0))),
        expand_window(window_size=1),
        with_array(chain(second, Dropout(0.0), output)),
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    model.attrs["resize_output"] = partial(_grow, n_tags)
    model.attrs["n_tags"] = n_tags
    return sealed(model)


def _grow(n_tags: int, model: TagScores, nO: int) -> TagScores:
    """Give an initialized model more scores a token, for labels that have not been learned. Those that are there stay.

    The output layer becomes another one, so that what an optimizer remembers of the old one's shape is not met.
    """
    old: Layer = model.get_ref("output_layer")
    new = resize_linear_weighted(old, nO)
    bias: Any = new.get_param("b")
    bias[old.get_dim("nO") + OUTSIDE :: n_tags] = _UNLEARNED
    set_output_layer(model, new)
    return model


def set_output_layer(model: TagScores, layer: Layer) -> None:
    """Put another output layer, with another number of scores a token, in the place of the one that is there."""
    array_layer = model.layers[-1]
    array_layer.layers[0].layers[-1] = layer
    for outer in (model, array_layer, array_layer.layers[0]):
        if outer.has_dim("nO") and layer.has_dim("nO"):
            outer.set_dim("nO", layer.get_dim("nO"), force=True)
    model.set_ref("output_layer", layer)


def linear(nO: int | None = None, nI: int | None = None, *, rectified: bool = False) -> Layer:
    """Build a linear layer, with values below 0 set to 0 if it is ``rectified``.

    It computes what thinc's ``Linear`` and ``Relu`` do, by the matrix product of numpy, which on a CPU takes a third of
    the time of thinc's, and that is most of the component's.
    """
    return Model(
        "rectified-linear" if rectified else "linear",
        partial(_linear, rectified),
        init=partial(init, glorot_uniform_init, zero_init),
        dims={"nO": nO, "nI": nI},
        params={"W": None, "b": None},
    )


def _linear(
    rectified: bool, model: Layer, X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    xp: Any = model.ops.xp
    W = model.get_param("W")
    Y = xp.matmul(X, W.T)
    Y += model.get_param("b")
    if rectified:
        xp.maximum(Y, 0, out=Y)

    def backprop(dY: Floats2d) -> Floats2d:
        if rectified:
            dY = dY * (Y > 0)
        model.inc_grad("W", xp.matmul(dY.T, X))
        model.inc_grad("b", dY.sum(axis=0))
        dX: Floats2d = xp.matmul(dY, W)
        return dX

    return Y, backprop
