"""Merge one vocabulary into another by cross references, as MEDIC merges OMIM into MeSH."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..corpora.files import numbered_lines
from .concept import Concept
from .readers.problems import record_error


def merge(
    base: Sequence[Concept], other: Iterable[Concept], xrefs: Mapping[str, Iterable[str]] | None = None
) -> tuple[list[Concept], int]:
    """Merge concepts into those of ``base`` that they are the same as; the others are added.

    xrefs: ids of other vocabularies that stand for the same as an id, beside those that the concepts name.

    Two concepts are the same if they have the same id, or else if one refers to the other or has its id among those
    merged into it, or else if both refer to the same id of a third vocabulary. A concept that is the same as several,
    or whose only one is claimed through shared ids by none, is added as it is. Names, cross references and ids of a
    merged one become those of the concept in ``base``; an id of ``base`` keeps its concept there. Returns the concepts
    and how many were merged.
    """
    known: dict[str, set[int]] = defaultdict(set)
    by_id: dict[str, int] = {}
    for i, concept in enumerate(base):
        for own in (concept.concept_id, *concept.merged_ids):
            by_id[own] = i
        for reference in _references(concept, xrefs):
            known[reference].add(i)
    merged = list(base)
    n_merged = 0
    for concept in other:
        references = _references(concept, xrefs)
        same = {by_id[concept.concept_id]} if concept.concept_id in by_id else set()
        same = same or {by_id[one] for one in (*concept.merged_ids, *references) if one in by_id}
        same = same or known.get(concept.concept_id, set())
        same = same or {i for reference in references for i in known.get(reference, ())}
        if len(same) != 1:
            merged.append(replace(concept, merged_ids=tuple(old for old in concept.merged_ids if old not in by_id)))
            continue
        i = same.pop()
        n_merged += 1
        into = merged[i]
        merged[i] = replace(
            into,
            aliases=tuple(dict.fromkeys((*into.aliases, *concept.names))),
            definition=into.definition or concept.definition,
            xrefs=tuple(dict.fromkeys((*into.xrefs, *concept.xrefs))),
            merged_ids=tuple(
                dict.fromkeys(
                    old
                    for old in (*into.merged_ids, concept.concept_id, *concept.merged_ids)
                    if old != into.concept_id and by_id.get(old, i) == i
                )
            ),
        )
    return merged, n_merged


def read_xrefs(path: Path) -> dict[str, set[str]]:
    """Read a file of two ids a line, a tab between them, that stand for the same; in both directions.

    Raises LitBertError L520 for another line.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        ids = line.split("\t")
        if len(ids) != 2 or not all(one.strip() for one in ids):
            raise record_error(path, number, f"expected two ids with a tab between them, found {line[:60]!r}.")
        first, second = (one.strip() for one in ids)
        found[first].add(second)
        found[second].add(first)
    return found


def _references(concept: Concept, xrefs: Mapping[str, Iterable[str]] | None) -> set[str]:
    ids = (concept.concept_id, *concept.merged_ids)
    return {*concept.xrefs, *(reference for own in ids for reference in (xrefs or {}).get(own, ()))}
