"""Whether a knowledge base, a name encoder and a ranker belong together: each was made for certain others."""

from __future__ import annotations

from typing import Any

from thinc.api import Model

from ..errors import Errors, LitBertError
from .features import FEATURES, VECTOR_FEATURES
from .knowledge_base import KnowledgeBase
from .nearest import EncodesNames
from .ranker import n_features


def check_fit(
    name: str,
    kb: KnowledgeBase,
    encoder: EncodesNames | None,
    ranker: Model[Any, Any] | None,
    had_encoder: bool,
) -> None:
    """Check what the linker of this name is made of.

    ranker: None if it was not trained. had_encoder: whether it was trained with a name encoder.

    Raises LitBertError L541 if the knowledge base has no vectors of the encoder, L542 if the ranker was trained with an
    encoder and there is none, or the other way round, L544 if it was trained with other features.
    """
    if ranker is not None:
        before, now = ("with" if has else "without" for has in (had_encoder, encoder is not None))
        if before != now:
            raise LitBertError(Errors.L542.format(name=name, before=before, now=now))
        expected = len(FEATURES) + (len(VECTOR_FEATURES) if encoder is not None else 0)
        if (found := n_features(ranker)) != expected:
            raise LitBertError(Errors.L544.format(name=name, found=found, expected=expected))
    if encoder is None:
        return
    vectors = kb.vectors
    if vectors is None or vectors.encoder != encoder.fingerprint:
        said = "no vectors of names" if vectors is None else f"vectors of the encoder {vectors.encoder}"
        raise LitBertError(Errors.L541.format(path=kb.path, found=said, name=name, expected=encoder.fingerprint))
