"""Write documents as Parquet, a row each; needs pyarrow (extra ``parquet``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import Errors, LitBertError
from ..document import Document


def check_parquet() -> None:
    """Raise LitBertError L625 if pyarrow is missing."""
    if find_spec("pyarrow") is None:
        raise LitBertError(Errors.L625.format(package="pyarrow", extra="parquet"))


def parquet_row(document: Document) -> dict[str, Any]:
    """Return a document as a row: id, text, passages, and entities with their text."""
    entities = [{**asdict(one), "text": document.text[one.start : one.end]} for one in document.entities]
    return {**asdict(document), "entities": entities}


def write_parquet(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as one file; equal rows give equal bytes.

    rows: of ``parquet_row``; with ``cats``, pairs of a category and its score, or without.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = [("start", pa.int64()), ("end", pa.int64())]
    mention = [*place, ("label", pa.string()), ("concept_id", pa.string()), ("confidence", pa.float64())]
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("text", pa.string()),
            ("entities", pa.list_(pa.struct([*mention, ("text", pa.string())]))),
            ("passages", pa.list_(pa.struct([*place, ("kind", pa.string())]))),
            ("cats", pa.map_(pa.string(), pa.float64())),
        ]
    )
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
