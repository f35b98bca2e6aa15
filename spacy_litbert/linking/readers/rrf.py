"""Read UMLS in its Rich Release Format: MRCONSO.RRF, with MRSTY.RRF and MRDEF.RRF beside it if they are there.

English names that are not suppressed. UMLS comes under NLM's licence, which every user has to have.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ...corpora.files import numbered_lines
from ...errors import Warnings
from ..concept import Concept, Record
from .problems import record_error

_N_FIELDS = {"MRCONSO": 18, "MRSTY": 6, "MRDEF": 8}
_SUPPRESSED = ("O", "E", "Y")

Row = tuple[int, list[str]]


def read_rrf(path: Path) -> Iterator[Record]:
    """Yield a concept for each CUI of MRCONSO.RRF, with semantic types and the first definition.

    Raises LitBertError L520 for a line with another number of fields, or a CUI whose lines don't stand together.
    """
    types: dict[str, list[str]] = defaultdict(list)
    for _, row in _rows(_beside(path, "MRSTY"), "MRSTY"):
        types[row[0]].append(row[3])
    definitions: dict[str, str] = {}
    for _, row in _rows(_beside(path, "MRDEF"), "MRDEF"):
        if row[6] not in _SUPPRESSED:
            definitions.setdefault(row[0], row[5])
    seen: set[str] = set()
    for cui, group in groupby(_rows(path, "MRCONSO"), key=lambda row: row[1][0]):
        rows = list(group)
        if cui in seen:
            problem = f"the lines of {cui} don't stand together. Sort the file, as the UMLS comes."
            raise record_error(path, rows[0][0], problem)
        seen.add(cui)
        kept = [row for _, row in rows if row[1] == "ENG" and row[16] not in _SUPPRESSED]
        if kept:
            preferred = min(kept, key=lambda row: (row[2] != "P", row[4] != "PF", row[6] != "Y"))
            names = (row[14] for row in kept)
            concept = Concept(
                cui, preferred[14], tuple(dict.fromkeys(names)), tuple(types[cui]), definitions.get(cui, "")
            )
            yield Record(rows[0][0], concept)


def _rows(path: Path | None, table: str) -> Iterator[Row]:
    if path is None:
        return
    for number, line in numbered_lines(path):
        row = line.split("|")
        if len(row) != _N_FIELDS[table] + 1 or row[-1]:
            problem = f"a line of {table} has {_N_FIELDS[table]} fields that end in |, found {len(row) - 1}."
            raise record_error(path, number, f"{problem} Has the file been cut?")
        yield number, row


def _beside(path: Path, table: str) -> Path | None:
    """Find another table in the folder, whatever the case of its name; compressed or not."""
    names = (re.sub("MRCONSO", table, path.name, flags=re.IGNORECASE).removesuffix(".gz"), f"{table}.RRF")
    there = {one.name.lower(): one for one in path.parent.iterdir() if one.is_file() and one.name != path.name}
    wanted = [f"{name}{ending}".lower() for name in names for ending in ("", ".gz")]
    found = next((there[name] for name in wanted if name in there), None)
    if found is None and table == "MRSTY":
        warnings.warn(Warnings.W004.format(path=path, what="the semantic types of MRSTY.RRF"), stacklevel=2)
    return found
