"""Read concepts from a table with a header, CSV or TSV.

    id,name,aliases,types
    X:1,aspirin,acetylsalicylic acid|ASA,Chemical

``id`` and ``name`` must be there; ``aliases``, ``types``, ``definition``, ``tree_numbers``, ``xrefs``, ``merged_ids``
and ``since`` may be. Lists are separated by ``|``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...corpora.files import numbered_lines
from ..concept import Concept, Record, preference_of
from .problems import read_date, record_error

_LISTS = ("aliases", "types", "tree_numbers", "xrefs", "merged_ids")
_LONGEST = 1 << 24  # characters of a field, such as thousands of aliases
COLUMNS = ("id", "name", "definition", "since", *_LISTS)


def read_csv(path: Path) -> Iterator[Record]:
    """Yield the records of a table with commas. Raises LitBertError L520 for a header or a row that does not fit."""
    return _read_table(path, ",")


def read_tsv(path: Path) -> Iterator[Record]:
    """Yield the records of a table with tabs. Raises LitBertError L520 for a header or a row that does not fit."""
    return _read_table(path, "\t")


def _read_table(path: Path, delimiter: str) -> Iterator[Record]:
    for line, fields in read_rows(path, delimiter, columns=COLUMNS, required=("id", "name")):
        try:
            yield Record(line, concept_of_row(fields))
        except ValueError as error:
            raise record_error(path, line, error) from None


def read_rows(
    path: Path, delimiter: str, *, columns: Sequence[str], required: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the fields of a table's rows by column, with the line on which each begins.

    columns: that the header may name; required: those that it must name.

    Raises LitBertError L520 for a header or a row that does not fit.
    """
    lines = (f"{line}\n" for _, line in numbered_lines(path))
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
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
            header = _header(path, first, row, columns, required)
            continue
        if len(row) != len(header):
            raise record_error(path, first, f"it has {len(row)} fields, the header {len(header)}.")
        yield first, dict(zip(header, row))


def concept_of_row(fields: dict[str, str]) -> Concept:
    """Return the concept that a row describes. Raises ValueError for a date that is none."""
    concept_id = fields["id"].strip()
    lists = {name: list_of(fields.get(name, "")) for name in _LISTS}
    return Concept(
        concept_id,
        fields["name"],
        definition=fields.get("definition", ""),
        preference=preference_of(concept_id),
        since=read_date(fields["since"]) if fields.get("since", "").strip() else 0,
        **lists,
    )


def list_of(field: str) -> tuple[str, ...]:
    """Return the parts of a field between ``|`` that are not empty."""
    return tuple(part for part in map(str.strip, field.split("|")) if part)


def _header(path: Path, line: int, row: list[str], columns: Sequence[str], required: Sequence[str]) -> list[str]:
    names = [name.strip().lower() for name in row]
    if not set(required) <= set(names) <= set(columns) or len(set(names)) < len(names):
        must = " and ".join(required)
        problem = f"the header must name {must}, and of {', '.join(columns)} each at most once; found {names}."
        raise record_error(path, line, problem)
    return names
