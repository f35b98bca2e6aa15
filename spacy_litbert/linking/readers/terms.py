"""Read a user's own terms and corrections for the concepts of a knowledge base.

    id,name,aliases,types,remove
    X:1,,Aspro|aspirin tablet,,ASA
    OWN:1,study drug 17,SD17,Chemical,

Tables and JSON lines as concepts are read from, with a few columns (keys) more: ``remove`` has names that the concept
does not have, ``remove_types``, ``remove_tree_numbers`` and ``remove_xrefs`` have the like. Only the id must be there,
and something that is said about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
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
_REMOVALS = {f"remove_{key}": key for key in ("types", "tree_numbers", "xrefs")}
_KEYS = ("concept_id", "canonical_name", "aliases", *_VALUES, "alt_ids", "remove", *_REMOVALS)


@dataclass(frozen=True, slots=True)
class Term:
    """What a file says about a concept, on the lines that begin with ``line`` (from 1).

    names: that it has; of a new concept the first is the canonical one.
    removed: names that it does not have.
    values: other fields of ``Concept`` that are given.
    removed_values: of lists among them, what is taken away.
    """

    line: int
    concept_id: str
    names: tuple[str, ...]
    removed: tuple[str, ...]
    values: dict[str, Any]
    removed_values: dict[str, tuple[str, ...]]


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
        if not (term.names or term.removed or term.values or term.removed_values):
            raise record_error(path, term.line, f"it says nothing about {term.concept_id}. Take the line out.")
        yield replace(
            term,
            names=clean_names(path, term.line, term.concept_id, term.names),
            removed=clean_names(path, term.line, term.concept_id, term.removed),
            values={key: _cleaned(value) for key, value in term.values.items()},
            removed_values={key: clean_list(value) for key, value in term.removed_values.items()},
        )


def _read_table(delimiter: str, path: Path) -> Iterator[Term]:
    for line, fields in read_rows(path, delimiter, columns=(*COLUMNS, "remove", *_REMOVALS), required=("id",)):
        given = {key for key, value in fields.items() if value.strip()}
        try:
            concept = concept_of_row({"name": "", **fields})
        except ValueError as error:
            raise record_error(path, line, error) from None
        removals = {key: list_of(fields.get(key, "")) for key in ("remove", *_REMOVALS)}
        yield _term(line, concept, given, is_named="name" in given, removals=removals)


def _read_jsonl(path: Path) -> Iterator[Term]:
    for line, text in numbered_objects(path):
        try:
            data = json_object(text)
            if unknown := sorted(data.keys() - set(_KEYS)):
                raise ValueError(f"it has unknown keys: {', '.join(unknown)}. Known are: {', '.join(_KEYS)}.")
            concept = concept_of_object({"canonical_name": "", **data})
            removals = {key: texts_of(data, key) for key in ("remove", *_REMOVALS)}
        except ValueError as error:
            raise record_error(path, line, error) from None
        given = {"merged_ids" if key == "alt_ids" else key for key, value in data.items() if value is not None}
        yield _term(line, concept, given, is_named="canonical_name" in data, removals=removals)


_READERS: dict[str, Callable[[Path], Iterator[Term]]] = {
    "jsonl": _read_jsonl,
    "csv": partial(_read_table, ","),
    "tsv": partial(_read_table, "\t"),
}


def _term(
    line: int, concept: Concept, given: set[str], *, is_named: bool, removals: dict[str, tuple[str, ...]]
) -> Term:
    names = concept.names if is_named else concept.aliases
    values = {key: value for key in _VALUES if key in given and (value := getattr(concept, key)) != ()}
    removed_values = {key: removals[column] for column, key in _REMOVALS.items() if removals[column]}
    return Term(line, concept.concept_id, names, removals["remove"], values, removed_values)


def _cleaned(value: Any) -> Any:
    if isinstance(value, tuple):
        return clean_list(value)
    return on_one_line(value) if isinstance(value, str) else value
