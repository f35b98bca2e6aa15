"""The encoder inside one component: token vectors without a shared ``transformer`` pipe."""

from __future__ import annotations

from typing import Optional

from thinc.api import chain

from ..types import Backend, Boundaries, Precision, Storage
from .pooling import pool_wordpieces
from .transformer import build_litbert_model_v1, with_split_vectors
from .types import Pooling, Tok2VecModel


def build_litbert_tok2vec_v1(
    pooling: Pooling,
    name: Optional[str] = None,
    grad_factor: float = 1.0,
    window: Optional[int] = None,
    overlap: int = 64,
    boundaries: Boundaries = "token",
    batch_wordpieces: int = 2048,
    keep_wordpieces: int = 8192,
    wordpiece_dropout: float = 0.0,
    precision: Precision = "float32",
    storage: Storage = "float32",
    backend: Backend = "torch",
) -> Tok2VecModel:
    """Build a tok2vec layer on an encoder of the component's own, ``spacy-litbert.LitBertTok2Vec.v1``.

    Model[List[Doc], List[Floats2d]]: for each Doc (tokens, hidden_size) float32. Simple to use and
    right for one component; several are faster on one ``transformer`` pipe with listeners.
    Where weights can't be saved (LitBertError L314, L219), thinc has emptied the component's file before it asks for
    them: save to a new folder.

    See ``build_litbert_model_v1`` for the settings and errors, ``build_litbert_listener_v1`` for ``pooling`` and
    ``grad_factor``.
    """
    encoder = build_litbert_model_v1(
        name=name,
        window=window,
        overlap=overlap,
        boundaries=boundaries,
        batch_wordpieces=batch_wordpieces,
        keep_wordpieces=keep_wordpieces,
        wordpiece_dropout=wordpiece_dropout,
        precision=precision,
        storage=storage,
        backend=backend,
    )
    # The nesting of a replaced listener, so that its saved weights load into this model.
    model: Tok2VecModel = chain(with_split_vectors(encoder), pool_wordpieces(pooling, grad_factor))
    return model
