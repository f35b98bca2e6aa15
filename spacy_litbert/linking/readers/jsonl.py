"""Read concepts as scispaCy's knowledge bases hold them, one JSON object a line.

    {"concept_id": "MESH:D001241", "canonical_name": "Aspirin", "aliases": ["acetylsalicylic acid"],
     "types": ["Chemical"], "definition": "…"}

Only ``concept_id`` and ``canonical_name`` must be there. Read as well, if they are: ``tree_numbers``, ``xrefs``,
``merged_ids`` (or ``alt_ids``), ``preference`` and ``since``. ``{"concept_id": "A", "replaced_by": "B"}`` is an id that
was merged into another.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...corpora.files import json_object, numbered_objects
from ...errors import Warnings
from ..concept import Concept, Merged, Record, preference_of
from .problems import read_date, record_error

_KEYS = frozenset(
    (
        *("concept_id", "canonical_name", "aliases", "types", "definition", "tree_numbers", "xrefs", "merged_ids"),
        *("alt_ids", "preference", "since", "replaced_by"),
    )
)


def read_concept_jsonl(path: Path) -> Iterator[Record]:
    """Yield the records of a JSONL file. Raises LitBertError L520 for a line that is none; W004 names keys not read."""
    others: set[str] = set()
    for number, line in numbered_objects(path):
        try:
            data = json_object(line)
            others |= data.keys() - _KEYS
            yield Record(number, _merged(data) if "replaced_by" in data else concept_of_object(data))
        except ValueError as error:
            raise record_error(path, number, error) from None
    if others:
        keys = ", ".join(repr(key) for key in sorted(others)[:10])
        warnings.warn(Warnings.W004.format(path=path, what=f"the values of {keys}"), stacklevel=2)


def concept_of_object(data: dict[str, Any]) -> Concept:
    """Return the concept that an object describes. Raises ValueError for a value of another kind."""
    concept_id = _text(data, "concept_id")
    return Concept(
        concept_id,
        _text(data, "canonical_name"),
        texts_of(data, "aliases"),
        texts_of(data, "types"),
        _text(data, "definition", ""),
        texts_of(data, "tree_numbers"),
        texts_of(data, "xrefs"),
        (*texts_of(data, "merged_ids"), *texts_of(data, "alt_ids")),
        preference=_preference(data, concept_id),
        since=read_date(str(data["since"])) if data.get("since") else 0,
    )


def _merged(data: dict[str, Any]) -> Merged:
    return Merged(_text(data, "concept_id"), _text(data, "replaced_by"))


def _text(data: dict[str, Any], key: str, default: str | None = None) -> str:
    value = data.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be a string, found {value!r}.")
    return value


def texts_of(data: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return the strings of a list, () without one. Raises ValueError for anything else."""
    values = data.get(key)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key!r} must be a list of strings, found {str(values)[:60]!r}.")
    return tuple(values)


def _preference(data: dict[str, Any], concept_id: str) -> int:
    value = data.get("preference", preference_of(concept_id))
    if type(value) is not int or not 0 <= value < 1 << 15:
        raise ValueError(f"'preference' must be an integer from 0, found {value!r}.")
    return value
