"""Add a user's own terms and corrections to the concepts of a knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError
from .cleaning import clean
from .collect import Place, put
from .concept import Concept, Record, preference_of
from .knowledge_base import KnowledgeBase
from .normalize import fold, normal
from .readers.problems import record_error
from .readers.terms import LISTS, Term, read_terms

# Of a file: how many concepts and names came with it, how many names it took away, and how many types and the like.
Counts = dict[str, int]


def add_terms(
    kb: KnowledgeBase, paths: Sequence[Path], *, format: str | None = None
) -> tuple[list[Concept], list[Counts]]:
    """Return the concepts of a knowledge base with what files say about them, and what each file changed.

    format: of all files, if their endings don't tell it.

    A concept with the id, or that the id was merged into, gets more names, types and so on, another definition, and
    loses the names that are to be removed, in any number, spelling and order of words, and the types, tree numbers and
    cross references; another id is a new concept. Raises LitBertError as ``read_terms`` does; L520 for a new concept
    without a name, L521 for an id that stands twice, L534 for what can't be removed.
    """
    changed: dict[str, Concept] = {}
    places: dict[str, Place] = {}
    counts = []
    for path in paths:
        count = {"concepts added": 0, "names added": 0, "names removed": 0}
        for term in read_terms(path, format):
            known = kb.get(term.concept_id)
            concept = _new(path, term) if known is None else _corrected(path, term, known)
            _check_ids(kb, concept, term, places, (path, term.line))
            changed[concept.concept_id] = concept
            before = set() if known is None else set(known.names)
            count["concepts added"] += known is None
            count["names added"] += len(set(concept.names) - before)
            count["names removed"] += len(before - set(concept.names))
            for key, values in term.removed_values.items():
                what = f"{key.replace('_', ' ')} removed"
                count[what] = count.get(what, 0) + len(values)
        counts.append(count)
    concepts = [changed.pop(concept.concept_id, concept) for concept in kb.concepts()]
    return [*concepts, *changed.values()], counts


def _new(path: Path, term: Term) -> Concept:
    for what, removed in {"name": term.removed, **term.removed_values}.items():
        for value in removed:
            raise _refused(path, term, value, "the knowledge base has no such concept. Check the id", what)
    if not term.names:
        raise record_error(path, term.line, f"{term.concept_id} is a new concept and needs a name. Or check the id.")
    values = {"preference": preference_of(term.concept_id), **term.values}
    concept = clean(path, Record(term.line, Concept(term.concept_id, term.names[0], term.names[1:], **values)))
    assert isinstance(concept, Concept)
    return concept


def _corrected(path: Path, term: Term, known: Concept) -> Concept:
    names = _names(path, term, known)
    values: dict[str, Any] = {
        key: tuple(dict.fromkeys((*getattr(known, key), *value))) if key in LISTS else value
        for key, value in term.values.items()
    }
    for key, removed in term.removed_values.items():
        values[key] = _without(path, term, key, values.get(key, getattr(known, key)), removed)
    if "merged_ids" in values:
        values["merged_ids"] = tuple(old for old in values["merged_ids"] if old != known.concept_id)
    return replace(known, canonical_name=names[0], aliases=names[1:], **values)


def _names(path: Path, term: Term, known: Concept) -> tuple[str, ...]:
    """Return the names that are left and those that are new; the canonical one stays first unless it is removed."""
    words = set(map(_words, known.names))
    for name in term.removed:
        if _words(name) not in words:
            similar = " | ".join(get_close_matches(name, known.names, cutoff=0))
            raise _refused(path, term, name, f"it has no such name. The most similar: {similar}")
        if name in term.names:
            raise _refused(path, term, name, "the same record adds it")
    removed = set(map(_words, term.removed))
    kept = [name for name in known.names if _words(name) not in removed]
    if not kept and not term.names:
        raise _refused(path, term, term.removed[0], "no name would be left. Give it another one")
    names = (*kept, *term.names) if kept[:1] == [known.canonical_name] else (*term.names, *kept)
    return tuple(dict.fromkeys(names))


def _without(path: Path, term: Term, key: str, values: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
    for value in removed:
        if value in term.values.get(key, ()):
            raise _refused(path, term, value, "the same record adds it", key)
        if value not in values:
            raise _refused(path, term, value, f"it has {' | '.join(values) or 'none'}", key)
    return tuple(value for value in values if value not in removed)


def _words(name: str) -> tuple[str, ...]:
    # A name that is left in the plural or with its words in another order would still be found.
    return tuple(sorted(normal(fold(name)).split()))


def _check_ids(kb: KnowledgeBase, concept: Concept, term: Term, places: dict[str, Place], place: Place) -> None:
    put(places, concept.concept_id, place)
    for old in term.values.get("merged_ids", ()):
        owner = kb.get(old)
        if owner is not None and owner.concept_id != concept.concept_id:
            first = f"the knowledge base {kb.path}"
            raise LitBertError(Errors.L521.format(path=place[0], line=place[1], id=old, first=first))
        if old != concept.concept_id:
            put(places, old, place)


def _refused(path: Path, term: Term, value: str, problem: str, what: str = "name") -> LitBertError:
    what = what.removesuffix("s").replace("_", " ")
    return LitBertError(
        Errors.L534.format(path=path, line=term.line, what=what, name=value, id=term.concept_id, problem=problem)
    )
