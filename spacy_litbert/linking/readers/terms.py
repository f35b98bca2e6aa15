"""Read a user's own terms and corrections for the concepts of a knowledge base.

    id,name,aliases,types,remove
    X:1,,Aspro|aspirin tablet,,ASA
    OWN:1,study drug 17,SD17,Chemical,

Tables and JSON lines as concepts are read from, with one column (key) more: ``remove`` has names that the concept does
not have. Only the id must be there, and something that is said about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...corpora.files import json_object, numbered_objects
from ...errors import Errors, LitBertError
from ..cleaning import check_id, clean_list, clean_names, on_one_line
from ..concept import Concept
from .jsonl import concept_of_object, texts_of
from .problems import record_error
from .read import source_format
from .table import COLUMNS, concept_of_row, list_of, read_rows

LISTS = ("types", "tree_numbers", "xrefs", "merged_ids")
_VALUES = (*LISTS, "definition", "preference", "since")
_KEYS = ("concept_id", "canonical_name", "aliases", *_VALUES, "alt_ids", "remove")


@dataclass(frozen=True, slots=True)
class Term:
    """What a file says about a concept, on the lines that begin with ``line`` (from 1).

    names: that it has; of a new concept the first is the canonical one.
    removed: names that it does not have.
    values: other fields of ``Concept`` that are given.
    """

    line: int
    concept_id: str
    names: tuple[str, ...]
    removed: tuple[str, ...]
    values: dict[str, Any]


def read_terms(path: Path, wanted: str | None = None) -> Iterator[Term]:
    """Yield the terms of a file, plain or compressed.

    wanted: its format, if the ending does not tell it.

    Raises LitBertError L524 for an unknown format, L207 and L401 for a file that can't be read, L520 for a line that
    is no term.
    """
    format = source_format(path, wanted)
    if format not in _READERS:
        raise LitBertError(Errors.L524.format(path=path, choices=", ".join(_READERS)))
    for term in _READERS[format](path):
        check_id(path, term.line, term.concept_id)
        if not (term.names or term.removed or term.values):
            raise record_error(path, term.line, f"it says nothing about {term.concept_id}. Take the line out.")
        yield replace(
            term,
            names=clean_names(path, term.line, term.concept_id, term.names),
            removed=clean_names(path, term.line, term.concept_id, term.removed),
            values={key: _cleaned(value) for key, value in term.values.items()},
        )


def _read_table(path: Path) -> Iterator[Term]:
    for line, fields in read_rows(path, columns=(*COLUMNS, "remove"), required=("id",)):
        given = {key for key, value in fields.items() if value.strip()}
        try:
            concept = concept_of_row({"name": "", **fields})
        except ValueError as error:
            raise record_error(path, line, error) from None
        yield _term(line, concept, given, is_named="name" in given, removed=list_of(fields.get("remove", "")))


def _read_jsonl(path: Path) -> Iterator[Term]:
    for line, text in numbered_objects(path):
        try:
            data = json_object(text)
            if unknown := sorted(data.keys() - set(_KEYS)):
                raise ValueError(f"it has unknown keys: {', '.join(unknown)}. Known are: {', '.join(_KEYS)}.")
            concept = concept_of_object({"canonical_name": "", **data})
            removed = texts_of(data, "remove")
        except ValueError as error:
            raise record_error(path, line, error) from None
        given = {"merged_ids" if key == "alt_ids" else key for key, value in data.items() if value is not None}
        yield _term(line, concept, given, is_named="canonical_name" in data, removed=removed)


_READERS: dict[str, Callable[[Path], Iterator[Term]]] = {"jsonl": _read_jsonl, "csv": _read_table, "tsv": _read_table}


def _term(line: int, concept: Concept, given: set[str], *, is_named: bool, removed: tuple[str, ...]) -> Term:
    names = concept.names if is_named else concept.aliases
    values = {key: value for key in _VALUES if key in given and (value := getattr(concept, key)) != ()}
    return Term(line, concept.concept_id, names, removed, values)


def _cleaned(value: Any) -> Any:
    if isinstance(value, tuple):
        return clean_list(value)
    return on_one_line(value) if isinstance(value, str) else value
