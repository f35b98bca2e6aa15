"""When a link is right: which ids count as the same, and what a mention of several concepts asks for.

``merged``: ids are compared as a merged knowledge base has them, gold and found alike, as MEDIC merges OMIM into MeSH.
``strict``: a mention of several concepts (a composite) is right only if all of them are found; a linker that gives one
id to a mention is then never right there. Otherwise one of them is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from spacy_litbert.linking.knowledge_base import KnowledgeBase

# Gives the id under which an id is compared.
Same = Callable[[str], str]


def same_in(kb: KnowledgeBase, merged: KnowledgeBase | None = None) -> Same:
    """Return what gives an id the one of its concept: in ``kb``, then in ``merged``; an unknown id stays as it is."""

    @cache
    def same(concept_id: str) -> str:
        for one in (kb, merged):
            if one is not None and concept_id in one:
                concept_id = one[concept_id].concept_id
        return concept_id

    return same


def concepts(ids: str | Iterable[str], same: Same) -> frozenset[str]:
    """Return the concepts that gold ids, joined by ``|``, stand for."""
    return frozenset(map(same, ids.split("|") if isinstance(ids, str) else ids))


def is_right(found: str, gold: frozenset[str], *, strict: bool) -> bool:
    """Say whether a concept is what a mention stands for."""
    return found in gold and (len(gold) == 1 or not strict)
