"""Read MeSH's own ASCII files: descriptors (``d2025.bin``) and supplementary records (``c2025.bin``).

*NEWRECORD
RECTYPE = D
MH = Aspirin
ENTRY = Acetylsalicylic Acid|T109|T121|NON|EQV|…
MN = D02.455.426.559.389.657.410.595.176
UI = D001241
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...corpora.files import numbered_lines
from ..concept import Concept, Record
from .mesh_types import mesh_types
from .problems import read_date, record_error

_BEGIN = "*NEWRECORD"
# By the kind of the record: where its name, its further names and its definition stand.
_FIELDS = {"D": ("MH", ("PRINT ENTRY", "ENTRY"), "MS"), "C": ("NM", ("SY",), "NO")}


def read_mesh_ascii(path: Path) -> Iterator[Record]:
    """Yield the records of a file. Raises LitBertError L520 for one that lacks a field, or another line."""
    begun = 0
    fields: dict[str, list[str]] = defaultdict(list)
    for number, line in numbered_lines(path):
        if line.strip() == _BEGIN:
            if begun:
                yield Record(begun, _concept(path, begun, fields))
            begun, fields = number, defaultdict(list)
        elif line.strip():
            name, equals, value = line.partition(" = ")
            if not equals or not begun:
                problem = f"expected {_BEGIN} or `FIELD = value`, found {line[:60]!r}. Has the file been cut?"
                raise record_error(path, number, problem)
            fields[name.strip()].append(value.strip())
    if begun:
        yield Record(begun, _concept(path, begun, fields))


def _concept(path: Path, line: int, fields: dict[str, list[str]]) -> Concept:
    kind = (fields.get("RECTYPE") or [""])[0]
    if kind not in _FIELDS:
        raise record_error(path, line, f"RECTYPE must be one of {', '.join(_FIELDS)}, found {kind!r}.")
    name_field, further, note_field = _FIELDS[kind]
    if lacking := [name for name in ("UI", name_field) if not any(fields.get(name, ()))]:
        raise record_error(path, line, f"the record lacks {', '.join(lacking)}. Has the file been cut?")
    tree_numbers = tuple(fields.get("MN", ()))
    try:
        since = max(map(read_date, fields.get("DX", fields.get("DA", ()))[:1]), default=0)
    except ValueError as error:
        raise record_error(path, line, error) from None
    return Concept(
        f"MESH:{fields['UI'][0]}",
        fields[name_field][0],
        tuple(value.split("|")[0] for name in further for value in fields.get(name, ())),
        mesh_types(tree_numbers),
        " ".join(fields.get(note_field, ())),
        tree_numbers,
        # A heading with a qualifier is written Heading/qualifier; a main one has a star.
        mapped_to=tuple(value.lstrip("*").split("/")[0] for value in fields.get("HM", ())),
        preference=0 if kind == "D" else 1,
        since=since,
    )
