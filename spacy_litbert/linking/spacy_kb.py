"""A knowledge base behind the interface that spaCy's own ``entity_linker`` knows, still mapped into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
from spacy import kb as spacy_kb
from spacy.tokens import Span
from spacy.vocab import Vocab

from ..errors import Errors, LitBertError
from ..files import replacing
from .columns import Array
from .knowledge_base import LEVELS, KnowledgeBase
from .saving import Learned, copy_kb, open_reference, pack, reference_to, remove_copy, unpack
from .vectors import check_vectors, read_vectors

_FOLDER, _VECTORS = "concepts", "vectors.npy"
_EMPTY = "empty"  # a file that says that there are no concepts
_SIMILAR = 10  # candidates, if no name equals the mention


class ConceptKnowledgeBase(spacy_kb.KnowledgeBase):  # type: ignore[misc]
    """The concepts of a knowledge base as spaCy's entities, and as candidates of mentions.

    concepts: the knowledge base; None for an empty one, as it is before ``from_disk``.
    vectors: of the concepts, (concepts, width) of floating-point numbers in the order of ``concepts.concepts()``.

    Raises LitBertError L535 for vectors that don't fit.
    """

    def __init__(
        self,
        vocab: Vocab,
        entity_vector_length: int = 64,
        *,
        concepts: KnowledgeBase | None = None,
        vectors: Array | None = None,
    ) -> None:
        if concepts is not None and vectors is not None:
            entity_vector_length = check_vectors(vectors, concepts).shape[1]
        super().__init__(vocab, entity_vector_length)
        self.concepts = concepts
        self.vectors = vectors

    def __len__(self) -> int:
        return 0 if self.concepts is None else len(self.concepts)

    def is_empty(self) -> bool:
        """Tell whether there are no concepts; spaCy refuses to work with such a knowledge base."""
        return not len(self)

    def get_candidates(self, mention: Span) -> list[spacy_kb.Candidate]:
        """Return the concepts that a mention may stand for.

        They are those with a name that equals it, at the strictest level at which any does, else the 10 with the most
        similar names; if the mention's label is the name of a type, those of the type alone. Nobody has counted how
        often a name stands for a concept: the prior probability of n candidates is 1/n, times how similar the name is,
        and the frequency of each is 0. ``entity_vector`` raises LitBertError L536 if there are no vectors.
        """
        if self.concepts is None:
            return []
        types = frozenset((mention.label_,)) if mention.label_ in self.concepts.types else None
        found = _named(self.concepts, mention.text, types) or self.concepts.search(mention.text, _SIMILAR, types)
        return [self._candidate(mention.text, one, similarity / len(found)) for one, similarity in found]

    def get_vector(self, entity: str) -> list[float]:
        """Return the vector of a concept; zeros for an unknown id, as spaCy's ``InMemoryLookupKB`` does.

        Raises LitBertError L536 if there are no vectors.
        """
        if self.concepts is not None and self.vectors is None:
            raise LitBertError(Errors.L536.format(path=self.concepts.path))
        number = None if self.concepts is None else self.concepts.number_of(entity)
        if number is None or self.vectors is None:
            return [0.0] * self.entity_vector_length
        return cast("list[float]", self.vectors[number].tolist())

    def to_bytes(self, **kwargs: Any) -> bytes:
        """Return the vectors as bytes. The concepts stay where they are and are referred to."""
        vectors = None if self.vectors is None else np.asarray(self.vectors)
        return pack({"vectors": vectors}, None if self.concepts is None else reference_to(self.concepts))

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> ConceptKnowledgeBase:
        """Read bytes that ``to_bytes`` made.

        Raises LitBertError L312 and L532 for damaged ones, L525 and L529 if the concepts are gone, or others there.
        """
        found: Learned = {}
        reference = unpack(bytes_data, "these bytes", found.update)
        self._set(None if reference is None else open_reference(reference), found["vectors"])
        return self

    def to_disk(self, path: str | Path, exclude: Iterable[str] = ()) -> None:
        """Write a copy of the concepts, and the vectors, to a folder."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if self.concepts is None:
            remove_copy(folder / _FOLDER, None)
            (folder / _EMPTY).touch()
        else:
            copy_kb(self.concepts, folder / _FOLDER)
            (folder / _EMPTY).unlink(missing_ok=True)
        if self.vectors is None:
            (folder / _VECTORS).unlink(missing_ok=True)
            return
        with replacing(folder / _VECTORS) as partial, partial.open("wb") as file:
            np.save(file, self.vectors, allow_pickle=False)

    def from_disk(self, path: str | Path, exclude: Iterable[str] = ()) -> ConceptKnowledgeBase:
        """Read a folder that ``to_disk`` made, and check all of the concepts against their checksums.

        Raises LitBertError L525 and L526 for missing or damaged concepts, L535 for vectors that don't fit.
        """
        folder = Path(path)
        if (folder / _EMPTY).exists():
            self._set(None, None)
            return self
        concepts = KnowledgeBase(folder / _FOLDER)
        concepts.verify()
        has_vectors = (folder / _VECTORS).exists()
        self._set(concepts, read_vectors(folder / _VECTORS, concepts) if has_vectors else None)
        return self

    def _set(self, concepts: KnowledgeBase | None, vectors: Array | None) -> None:
        self.__init__(self.vocab, self.entity_vector_length, concepts=concepts, vectors=vectors)  # type: ignore[misc]

    def _candidate(self, mention: str, concept_id: str, prior: float) -> spacy_kb.Candidate:
        kind = _WithoutVector if self.vectors is None else spacy_kb.Candidate
        return kind(
            kb=self,
            entity_hash=self.vocab.strings.add(concept_id),
            entity_freq=0.0,
            entity_vector=[] if self.vectors is None else self.get_vector(concept_id),
            alias_hash=self.vocab.strings.add(mention),
            prior_prob=prior,
        )


class _WithoutVector(spacy_kb.Candidate):  # type: ignore[misc]
    @property
    def entity_vector(self) -> list[float]:
        return cast("list[float]", self.kb.get_vector(self.entity_))


def build_knowledge_base_v1(path: str | None = None, vectors: str | None = None) -> Callable[..., ConceptKnowledgeBase]:
    """Build ``spacy-litbert.KnowledgeBase.v1``: what makes a knowledge base for spaCy's ``entity_linker``.

    path: the folder of a knowledge base, for ``kb_loader``; None for an empty one, for ``generate_empty_kb``.
    vectors: a ``.npy`` file with a row for each concept, (concepts, width).

    Gives a function of a vocab, and of the width of the vectors, which counts where there are none. It raises
    LitBertError L525 and L526 for a missing or damaged knowledge base, L224 and L535 for vectors that are missing or
    don't fit.
    """

    def make(vocab: Vocab, entity_vector_length: int = 64) -> ConceptKnowledgeBase:
        if path is None:
            return ConceptKnowledgeBase(vocab, entity_vector_length)
        concepts = KnowledgeBase(path)
        rows = None if vectors is None else read_vectors(Path(vectors), concepts)
        return ConceptKnowledgeBase(vocab, entity_vector_length, concepts=concepts, vectors=rows)

    return make


def _named(kb: KnowledgeBase, name: str, types: frozenset[str] | None) -> list[tuple[str, float]]:
    """Return the concepts with a name that equals this one at the strictest level at which any does."""
    allowed = kb.allowed_concepts(types)
    by_level: dict[str, set[int]] = {}
    for form, level in kb.forms_equal_to(name).items():
        by_level.setdefault(level, set()).update(number for number in kb.concepts_of(form) if allowed[number])
    for i, level in enumerate(LEVELS):
        if numbers := by_level.get(level):
            return [(kb.id_of(number), 1 - i / 100) for number in sorted(numbers)]
    return []
