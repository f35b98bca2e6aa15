"""Names that are near those of mentions by their vectors: all mentions of a batch are encoded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Find for distinct mentions the k names with the nearest vectors, among concepts of the mention's types."""
    assert kb.vectors is not None
    distinct = list(dict.fromkeys(mentions))
    names = list(dict.fromkeys(fold(mention.long_form) for mention in distinct))
    if not names:
        return {}
    vectors = dict(zip(names, encoder.encode(names)))
    found: dict[Mention, Nearest] = {}
    for types in dict.fromkeys(mention.types for mention in distinct):
        wanted = [mention for mention in distinct if mention.types == types]
        queries = dict.fromkeys(fold(mention.long_form) for mention in wanted)
        allowed = None if types is None else kb.allowed_forms(types)
        results = kb.vectors.search([vectors[name] for name in queries], k, allowed)
        nearest = dict(zip(queries, results))
        found |= {mention: nearest[fold(mention.long_form)] for mention in wanted}
    return found
