"""Names that are near those of mentions by their vectors: all mentions of a batch are encoded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from .candidates import Mention
from .columns import Array
from .knowledge_base import KnowledgeBase
from .name_vectors import Nearest
from .normalize import fold

NearestNames = Mapping[Mention, Nearest]


class EncodesNames(Protocol):
    """What makes vectors of names; ``spacy_litbert.names.encoder.NameEncoder`` does, with torch."""

    @property
    def fingerprint(self) -> str:
        """Which weights it has."""

    def encode(self, names: Sequence[str]) -> Array:
        """Return unit vectors, (names, width) float32."""

    def to_bytes(self) -> bytes:
        """Return all that it is."""


def nearest_names(
    kb: KnowledgeBase, encoder: EncodesNames, mentions: Iterable[Mention], k: int
) -> dict[Mention, Nearest]:
    """Find for distinct mentions the k names with the nearest vectors, among concepts of the mention's types.

    The contexts that mentions have are encoded with them.
    """
    assert kb.vectors is not None
    distinct = list(dict.fromkeys(mentions))
    if not distinct:
        return {}
    contexts = {mention.context: None for mention in distinct if mention.context is not None}
    encoded = list(dict.fromkeys([*(fold(mention.long_form) for mention in distinct), *contexts]))
    vectors = dict(zip(encoded, encoder.encode(encoded)))
    found: dict[Mention, Nearest] = {}
    for types in dict.fromkeys(mention.types for mention in distinct):
        wanted = [mention for mention in distinct if mention.types == types]
        queries = dict.fromkeys(fold(mention.long_form) for mention in wanted)
        allowed = None if types is None else kb.allowed_forms(types)
        results = kb.vectors.search([vectors[name] for name in queries], k, allowed)
        nearest = dict(zip(queries, results))
        for mention in wanted:
            context = None if mention.context is None else kb.vectors.project(vectors[mention.context][None])[0]
            found[mention] = replace(nearest[fold(mention.long_form)], context=context)
    return found
