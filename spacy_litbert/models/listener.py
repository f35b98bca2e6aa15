"""What ``ner``, ``textcat``, … read: token vectors of the shared ``transformer`` pipe."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, chain

from ..compat import TransformerData, TransformerListener
from ..errors import Errors, LitBertError
from .pooling import pool_wordpieces
from .types import Pooling, Tok2VecModel

# The Docs that components are being initialized with. Only these get zeros, and only until training begins.
_SAMPLES: weakref.WeakSet[Doc] = weakref.WeakSet()


def build_litbert_listener_v1(pooling: Pooling, grad_factor: float = 1.0, upstream: str = "*") -> Tok2VecModel:
    """Token vectors of a ``transformer`` pipe earlier in the pipeline, ``spacy-litbert.LitBertListener.v1``.

    Model[List[Doc], List[Floats2d]]: for each Doc (tokens, width) float32.

    pooling: reduces the vectors of a token's wordpieces to one; ``reduce_mean.v1`` if in doubt.
    grad_factor: weight of this component's gradients in the shared encoder; 0 keeps it untouched.
    upstream: the name of the transformer pipe, or ``"*"`` for the only one.

    Raises LitBertError L302 for a Doc that the transformer has not seen (spacy-transformers'
    listener returns zeros there) and L303 for one that was retokenized since.
    """
    listener = LitBertListener(upstream)
    model: Tok2VecModel = chain(listener, pool_wordpieces(pooling, grad_factor))
    model.set_ref("listener", listener)
    return model


class LitBertListener(TransformerListener):
    """spacy-transformers' listener, except that it never makes vectors up."""

    name = "litbert-listener"

    def __init__(self, upstream_name: str):
        Model.__init__(self, name=self.name, forward=forward, init=init, dims={"nO": None})
        self.upstream_name = upstream_name
        self._batch_id = None
        self._outputs = None
        self._backprop = None

    def receive(self, batch_id: int, outputs: list[TransformerData], backprop: Callable[[Any], Any]) -> None:
        _SAMPLES.clear()
        super().receive(batch_id, outputs, backprop)


def init(model: LitBertListener, X: Any = None, Y: Any = None) -> None:
    """Remember the sample Docs: no transformer sees them, but thinc asks for the shape of their vectors."""
    _SAMPLES.update(X or [])


def forward(
    model: LitBertListener, docs: list[Doc], is_train: bool
) -> tuple[list[TransformerData], Callable[[Any], Any]]:
    if is_train and model._batch_id is not None:
        if model.get_batch_id(docs) != model._batch_id:
            raise LitBertError(Errors.L306.format(found=f"{len(docs)} Docs"))
        assert model._outputs is not None
        return model._outputs, model.backprop_and_clear
    return [_data_of(model, doc) for doc in docs], _no_backprop


def _data_of(model: LitBertListener, doc: Doc) -> TransformerData:
    data = doc._.trf_data
    if data is None and doc in _SAMPLES:
        return TransformerData.zeros(len(doc), model.get_dim("nO"), xp=model.ops.xp)
    if data is None:
        upstream = repr("transformer" if model.upstream_name == "*" else model.upstream_name)
        raise LitBertError(Errors.L302.format(upstream=upstream, n_tokens=len(doc)))
    if len(data.align.lengths) != len(doc):
        raise LitBertError(Errors.L303.format(found=len(data.align.lengths), expected=len(doc)))
    return data


def _no_backprop(d_trf_datas: Any) -> list[Any]:
    return []
