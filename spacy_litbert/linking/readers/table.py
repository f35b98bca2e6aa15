"""Read concepts from a table with a header, CSV or TSV.

    id,name,aliases,types
    X:1,aspirin,acetylsalicylic acid|ASA,Chemical

``id`` and ``name`` must be there; ``aliases``, ``types``, ``definition``, ``tree_numbers``, ``xrefs``, ``merged_ids``
and ``since`` may be. Lists are separated by ``|``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ...corpora.files import format_of, numbered_lines
from ..concept import Concept, Record, preference_of
from .problems import read_date, record_error

_LISTS = ("aliases", "types", "tree_numbers", "xrefs", "merged_ids")
_COLUMNS = ("id", "name", "definition", "since", *_LISTS)


def read_table(path: Path) -> Iterator[Record]:
    """Yield the records of a table. Raises LitBertError L520 for a header or a row that does not fit."""
    delimiter = "\t" if format_of(path) == ".tsv" else ","
    lines = (f"{line}\n" for _, line in numbered_lines(path))
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        first = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise record_error(path, first, f"it is no row of a table ({error}).") from None
        if not row:
            continue
        if header is None:
            header = _header(path, first, row)
            continue
        if len(row) != len(header):
            raise record_error(path, first, f"it has {len(row)} fields, the header {len(header)}.")
        try:
            yield Record(first, _concept(dict(zip(header, row))))
        except ValueError as error:
            raise record_error(path, first, error) from None


def _header(path: Path, line: int, row: list[str]) -> list[str]:
    names = [name.strip().lower() for name in row]
    if not {"id", "name"} <= set(names) <= set(_COLUMNS) or len(set(names)) < len(names):
        problem = f"the header must name id and name, and of {', '.join(_COLUMNS)} each at most once; found {names}."
        raise record_error(path, line, problem)
    return names


def _concept(fields: dict[str, str]) -> Concept:
    lists = {name: tuple(part for part in map(str.strip, fields.get(name, "").split("|")) if part) for name in _LISTS}
    concept_id = fields["id"].strip()
    return Concept(
        concept_id,
        fields["name"],
        definition=fields.get("definition", ""),
        preference=preference_of(concept_id),
        since=read_date(fields["since"]) if fields.get("since", "").strip() else 0,
        **lists,
    )
