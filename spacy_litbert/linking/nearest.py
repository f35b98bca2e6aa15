"""Names that are near those of mentions by their vectors: all mentions of a batch are encoded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from .candidates import Mention
from .columns import Array
from .knowledge_base import KnowledgeBase
from .name_vectors import Nearest
from .normalize import fold

_KEPT = 1 << 13  # names whose nearest ones are kept


class EncodesNames(Protocol):
    """What makes vectors of names; ``spacy_litbert.names.encoder.NameEncoder`` does, with torch."""

    @property
    def fingerprint(self) -> str:
        """Which weights it has."""

    def encode(self, names: Sequence[str]) -> Array:
        """Return unit vectors, (names, width) float32."""

    def to_bytes(self) -> bytes:
        """Return all that it is."""


class Near(NamedTuple):
    """What vectors say of mentions.

    names: the nearest names of each mention.
    contexts: (width,) float32, the unit vector of each context that a mention has.
    """

    names: Mapping[Mention, Nearest] = {}
    contexts: Mapping[str, Array] = {}


class NearestNames:
    """Finds for mentions the k names with the nearest vectors, among concepts of the mention's types.

    What it found for a name it keeps for the next time, as long as there is room.
    """

    def __init__(self, kb: KnowledgeBase, encoder: EncodesNames, k: int) -> None:
        self.kb = kb
        self.encoder = encoder
        self.k = k
        self._kept: dict[_Key, Nearest] = {}

    def __call__(self, mentions: Iterable[Mention]) -> Near:
        """Look mentions up, but for those that may stand for no type; their contexts are encoded with their names."""
        assert self.kb.vectors is not None
        keys = {one: (fold(one.long_form), one.types) for one in mentions if one.types is None or one.types}
        kept = self._kept  # taken once: another thread may put a new one in its place at any time
        if len(kept) + len(keys) > _KEPT:
            kept = self._kept = {}
        new = [key for key in dict.fromkeys(keys.values()) if key not in kept]
        contexts = dict.fromkeys(mention.context for mention in keys if mention.context is not None)
        vectors = self._vectors(dict.fromkeys(name for name, _ in new), contexts)
        for types in dict.fromkeys(types for _, types in new):
            queries = [name for name, wanted in new if wanted == types]
            allowed = None if types is None else self.kb.allowed_forms(types)
            results = self.kb.vectors.search(np.stack([vectors[name] for name in queries]), self.k, allowed)
            kept.update(((name, types), nearest) for name, nearest in zip(queries, results))
        of_contexts = {context: vectors[context] for context in contexts}
        return Near({mention: kept[key] for mention, key in keys.items()}, of_contexts)

    def _vectors(self, names: Iterable[str], contexts: Iterable[str]) -> dict[str, Array]:
        """Return the vectors of names, those of the knowledge base for names that it has, and those of contexts."""
        assert self.kb.vectors is not None
        forms = {name: self.kb.form_of(name) for name in names}
        stored = {name: self.kb.vectors.of(form) for name, form in forms.items() if form is not None}
        vectors = {name: vector for name, vector in stored.items() if vector is not None}
        encoded = list(dict.fromkeys([*(name for name in forms if name not in vectors), *contexts]))
        if encoded:
            vectors |= zip(encoded, self.kb.vectors.project(self.encoder.encode(encoded)))
        return vectors

    def __reduce__(self) -> tuple[Any, ...]:
        return NearestNames, (self.kb, self.encoder, self.k)


_Key = tuple[str, frozenset[str] | None]  # a name and types
