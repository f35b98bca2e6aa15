"""A knowledge base as spaCy's own ``InMemoryLookupKB``, which needs nothing of this package."""

from __future__ import annotations

import numpy as np
from spacy.kb import InMemoryLookupKB
from spacy.vocab import Vocab

from .columns import Array
from .knowledge_base import KnowledgeBase
from .vectors import check_vectors


def to_lookup_kb(kb: KnowledgeBase, vocab: Vocab, vectors: Array | None = None) -> InMemoryLookupKB:
    """Make a knowledge base for spaCy's ``entity_linker``.

    vectors: of the concepts, (concepts, width) of floating-point numbers in the order of ``kb.concepts()``.

    Entities are the concepts' ids. As spaCy looks mentions up letter by letter, each name is an alias as it is written
    and in lower case. Nobody has counted how often a name stands for a concept, so all concepts of an alias get the
    same prior probability, and every frequency is 0. Without ``vectors`` each vector is one zero, so that
    ``entity_linker`` needs ``incl_context = false``. Raises LitBertError L535 for vectors that don't fit.
    """
    rows = np.zeros((len(kb), 1), np.float32) if vectors is None else check_vectors(vectors, kb)
    lookup = InMemoryLookupKB(vocab, entity_vector_length=rows.shape[1])
    owners: dict[str, dict[str, None]] = {}
    for number, (concept_id, row) in enumerate(zip(kb, rows)):
        lookup.add_entity(concept_id, 0.0, row.tolist())
        for name in kb.names_of(number):
            for alias in (name, name.lower()):
                owners.setdefault(alias, {})[concept_id] = None
    for alias, concept_ids in owners.items():
        lookup.add_alias(alias, list(concept_ids), [1 / len(concept_ids)] * len(concept_ids))
    return lookup
