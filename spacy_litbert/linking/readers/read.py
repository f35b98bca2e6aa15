"""Read a vocabulary's file of any known format: the ending tells the reader, or the user does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ...corpora.files import format_of
from ...errors import Errors, LitBertError
from ..concept import Record
from .jsonl import read_concept_jsonl
from .mesh_ascii import read_mesh_ascii
from .mesh_xml import read_mesh_xml
from .obo import read_obo
from .rrf import read_rrf
from .table import read_csv, read_tsv

READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    "jsonl": read_concept_jsonl,
    "csv": read_csv,
    "tsv": read_tsv,
    "mesh-xml": read_mesh_xml,
    "mesh-ascii": read_mesh_ascii,
    "obo": read_obo,
    "rrf": read_rrf,
}
_ENDINGS = {".xml": "mesh-xml", ".bin": "mesh-ascii", **{f".{name}": name for name in READERS}}


def source_format(path: Path, wanted: str | None = None) -> str:
    """Return the name of a file's format: the wanted one, or that of the ending.

    Raises LitBertError L524 for an unknown one.
    """
    # NLM's own files are called desc2025.gz and d2025.bin; only the first needs a look.
    ending = ".xml" if path.name.lower().startswith(("desc", "supp")) and not format_of(path) else format_of(path)
    name = wanted or _ENDINGS.get(ending)
    if name not in READERS:
        raise LitBertError(Errors.L524.format(path=path, choices=", ".join(READERS)))
    return name


def read_records(path: Path, wanted: str | None = None) -> Iterator[Record]:
    """Yield the records of a vocabulary's file, plain or compressed.

    Raises LitBertError L524 for an unknown format, L207 and L401 for a file that can't be read, L520 for a line that
    is no record.
    """
    return READERS[source_format(path, wanted)](path)
