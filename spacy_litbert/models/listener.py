"""What ``ner``, ``textcat``, … read: token vectors of the shared ``transformer`` pipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, chain

from ..compat import TransformerData, TransformerListener
from ..errors import Errors, LitBertError
from .batch import LitBertData
from .fingerprint import Fingerprint
from .pooling import pool_wordpieces
from .shared_update import SharedOutputs
from .types import Pooling, Tok2VecModel


def build_litbert_listener_v1(pooling: Pooling, grad_factor: float = 1.0, upstream: str = "*") -> Tok2VecModel:
    """Build a tok2vec layer that reads a ``transformer`` pipe earlier on, ``spacy-litbert.LitBertListener.v1``.

    Model[List[Doc], List[Floats2d]]: for each Doc (tokens, hidden_size) float32.

    pooling: reduces the vectors of a token's wordpieces to one; ``reduce_mean.v1`` if in doubt.
    grad_factor: weight of this component's gradients in the shared encoder; 0 keeps it untouched.
    upstream: the name of the transformer pipe, or ``"*"`` for the only one.

    Raises LitBertError L302 for a Doc that the transformer has not seen (spacy-transformers'
    listener returns zeros there), L303 for one with another number of tokens since, and L313 for vectors of another
    encoder than the component was trained with. What counts as another encoder: ``spacy_litbert.models.fingerprint``.
    """
    listener = LitBertListener(upstream)
    model: Tok2VecModel = chain(listener, pool_wordpieces(pooling, grad_factor))
    model.set_ref("listener", listener)
    return model


class LitBertListener(TransformerListener):
    """spacy-transformers' listener, except that it never makes vectors up, and knows its encoder.

    Its attribute ``encoder`` is the fingerprint of the encoder that the component was last trained with.
    """

    name = "litbert-listener"

    def __init__(self, upstream_name: str):
        attrs = {"encoder": Fingerprint()}
        Model.__init__(self, name=self.name, forward=forward, init=init, dims={"nO": None}, attrs=attrs)
        self.upstream_name = upstream_name
        self._batch_id = None
        self._outputs = None
        self._backprop = None
        self._samples: list[Doc] | None = None

    def receive(self, batch_id: Any, outputs: list[TransformerData], backprop: Callable[..., Any]) -> None:
        """Take the batch that the encoder read, and what its gradient goes to."""
        self._batch_id, self._outputs, self._backprop = batch_id, outputs, backprop
        if isinstance(outputs, SharedOutputs):
            outputs.update.join(backprop)

    def give(self, gradient: list[TransformerData]) -> list[Any]:
        """Pass the gradient of the received batch on to the encoder, and forget the batch. Docs have no gradient."""
        outputs, backprop = self._outputs, self._backprop
        self._forget()
        if isinstance(outputs, SharedOutputs) and backprop is not None:
            outputs.update.give(backprop, gradient)
        elif backprop is not None:
            backprop(gradient)
        return []

    def has_received(self, docs: list[Doc]) -> bool:
        """Return whether a batch of these Docs was received; one of others is forgotten, whose update left this out."""
        if isinstance(self._outputs, SharedOutputs):
            is_theirs = self._outputs.are_of(docs)
        else:
            is_theirs = self._outputs is not None and self.get_batch_id(docs) == self._batch_id
        if not is_theirs:
            self._forget()
        return is_theirs

    def _forget(self) -> None:
        self._batch_id = self._outputs = self._backprop = None

    def check(self, found: Fingerprint) -> None:
        """Raise LitBertError L313 for an encoder that the component was not trained with."""
        expected: Fingerprint = self.attrs["encoder"]
        if not expected.accepts(found):
            raise LitBertError(Errors.L313.format(expected=expected.value, found=found.value))

    def remember(self, datas: list[TransformerData]) -> None:
        """Take the encoder of these vectors for the component's own: it is being trained with it."""
        fingerprints = [data.fingerprint for data in datas if isinstance(data, LitBertData)]
        if fingerprints:
            self.attrs["encoder"] = fingerprints[0]


def accept_any_encoder(model: Model[Any, Any]) -> None:
    """Let the listeners of a model forget which encoder it was trained with."""
    for node in model.walk():
        if isinstance(node, LitBertListener):
            node.attrs["encoder"] = Fingerprint()


def init(model: LitBertListener, X: Any = None, Y: Any = None) -> None:
    """Forget the encoder, and keep the samples: no transformer sees them, but thinc asks for their vectors' shape."""
    model.attrs["encoder"] = Fingerprint()
    model._samples = X


def forward(
    model: LitBertListener, docs: list[Doc], is_train: bool
) -> tuple[list[TransformerData], Callable[[Any], Any]]:
    # thinc hands the list of samples on as it is; any other list means that the component has been initialized.
    if model._samples is not None and docs is model._samples:
        return [_sample_data(model, doc) for doc in docs], _no_backprop
    model._samples = None
    if is_train and model.has_received(docs):
        assert model._outputs is not None
        for doc, data in zip(docs, model._outputs):
            _check_tokens(doc, data)
        model.remember(model._outputs)
        return model._outputs, model.give
    datas = [data_of(doc, model.upstream_name) for doc in docs]
    if is_train:
        model.remember(datas)
    for data in datas:
        if isinstance(data, LitBertData):
            model.check(data.fingerprint)
    return datas, _no_backprop


def _sample_data(model: LitBertListener, doc: Doc) -> TransformerData:
    data: TransformerData | None = doc._.trf_data
    return TransformerData.zeros(len(doc), model.get_dim("nO"), xp=model.ops.xp) if data is None else data


def data_of(doc: Doc, upstream: str = "*") -> TransformerData:
    """Return what the transformer made of a Doc. Raises LitBertError L302 if nothing, L303 if tokens changed since.

    upstream: the transformer's name, for the error.
    """
    data: TransformerData | None = doc._.trf_data
    if data is None and not len(doc):
        return TransformerData.empty()
    if data is None:
        called = repr("transformer" if upstream == "*" else upstream)
        raise LitBertError(Errors.L302.format(upstream=called, n_tokens=len(doc)))
    _check_tokens(doc, data)
    return data


def _check_tokens(doc: Doc, data: TransformerData) -> None:
    if len(data.align.lengths) != len(doc):
        raise LitBertError(Errors.L303.format(found=len(data.align.lengths), expected=len(doc)))


def _no_backprop(d_trf_datas: Any) -> list[Any]:
    return []
