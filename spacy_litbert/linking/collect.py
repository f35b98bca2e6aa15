"""Concepts of one or several sources: checked, merged ids led to the concept they became, types taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ..errors import Errors, LitBertError
from .cleaning import clean
from .collector import collector_paused
from .concept import Concept, Merged
from .readers.read import read_records

Place = tuple[Path, int]


@collector_paused()
def collect(
    paths: Sequence[Path], *, format: str | None = None, types: Sequence[str] = (), progress: bool = False
) -> list[Concept]:
    """Read the concepts of files.

    format: of all files, if their endings don't tell it.
    types: of the concepts that have none in their source.

    A supplementary record without types takes those of the descriptors it is mapped to. Raises LitBertError as the
    readers do; L520 for an empty id or name, L521 for an id that stands twice, L522 for merged ids in a circle, L523
    for one that leads nowhere.
    """
    concepts: dict[str, Concept] = {}
    merged: dict[str, str] = {}
    places: dict[str, Place] = {}
    may_lack: set[str] = set()
    for path in paths:
        for record in tqdm(read_records(path, format), path.name, disable=not progress, unit=" records"):
            entry = clean(path, record)
            put(places, entry.concept_id, (path, record.line))
            if isinstance(entry, Merged):
                merged[entry.concept_id] = entry.into
                if entry.may_lack:
                    may_lack.add(entry.concept_id)
            else:
                concepts[entry.concept_id] = entry
    for concept in list(concepts.values()):
        for old in concept.merged_ids:
            # An ontology may keep the record of an obsolete term that it names as an alternative id elsewhere.
            if merged.get(old) != concept.concept_id:
                put(places, old, places[concept.concept_id])
    _follow(concepts, merged, places, may_lack)
    kinds = tuple(types)
    return [one if one.types or not kinds else replace(one, types=kinds) for one in _typed(concepts)]


def restrict(
    concepts: Iterable[Concept], *, types: Iterable[str] = (), trees: Iterable[str] = (), as_of: int | None = None
) -> Iterator[Concept]:
    """Yield the concepts that have one of the types, stand in one of the trees, and were there on a day.

    trees: beginnings of tree numbers, as ``C``, ``C04`` or ``C04.557``.
    as_of: a date as yyyymmdd; concepts whose own date is not known count as old.
    """
    wanted, places = frozenset(types), tuple(trees)
    for concept in concepts:
        if wanted and not wanted.intersection(concept.types):
            continue
        if places and not is_under(concept.tree_numbers, places):
            continue
        if as_of is None or concept.since <= as_of:
            yield concept


def is_under(tree_numbers: Iterable[str], trees: Iterable[str]) -> bool:
    """Return whether one of a concept's places lies in one of the trees, or is its root.

    A tree of one letter is a whole category of MeSH, whose roots have numbers as well: ``C04`` is in ``C``.
    """
    return any(
        f"{number}.".startswith(f"{tree}.") or (len(tree) == 1 and number.startswith(tree))
        for number in tree_numbers
        for tree in trees
    )


def put(places: dict[str, Place], concept_id: str, place: Place) -> None:
    """Note where an id stands. Raises LitBertError L521 if it stands elsewhere already."""
    if concept_id in places:
        first = f"{places[concept_id][0]}, line {places[concept_id][1]},"
        raise LitBertError(Errors.L521.format(path=place[0], line=place[1], id=concept_id, first=first))
    places[concept_id] = place


def _follow(concepts: dict[str, Concept], merged: dict[str, str], places: dict[str, Place], may_lack: set[str]) -> None:
    """Give each merged id to the concept at the end of its way."""
    for old, into in merged.items():
        path, line = places[old]
        way = [old]
        while into in merged:
            way.append(into)
            into = merged[into]
            if into in way:
                cycle = " → ".join([*way, into])
                raise LitBertError(Errors.L522.format(path=path, line=line, id=old, into=merged[old], cycle=cycle))
        if into not in concepts:
            if not may_lack.isdisjoint(way):
                continue
            raise LitBertError(Errors.L523.format(path=path, line=line, id=old, into=into))
        if old not in concepts[into].merged_ids:
            concepts[into] = replace(concepts[into], merged_ids=(*concepts[into].merged_ids, old))


def _typed(concepts: dict[str, Concept]) -> Iterator[Concept]:
    """Yield the concepts; those without types and tree numbers have the types of those they are mapped to."""
    by_name = {concept.canonical_name: concept for concept in concepts.values() if concept.tree_numbers}
    for concept in concepts.values():
        if concept.mapped_to and not concept.types:
            found = (concepts.get(target) or by_name.get(target) for target in concept.mapped_to)
            kinds = {kind for target in found if target is not None for kind in target.types}
            concept = replace(concept, types=tuple(sorted(kinds)))
        yield concept
