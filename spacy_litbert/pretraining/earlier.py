"""The records of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError
from ..files import read_json

NAME = "run.json"
_KEPT = ("finished", "settings", "steps", "tokens", "hours", "heldout", "start")


def read_record(path: Path) -> dict[str, Any]:
    """Read run.json. Raises LitBertError L207 for a damaged file, L516 if something is missing."""
    record = read_json(path)
    if missing := [key for key in (*_KEPT, "before") if key not in record]:
        raise LitBertError(Errors.L516.format(path=path, missing=", ".join(missing)))
    return record


def read_earlier(path: Path) -> list[dict[str, Any]]:
    """Read what a card says of the runs that made some weights, the first one first; nothing without a record."""
    if not path.is_file():
        return []
    record = read_record(path)
    return [*record["before"], {key: record[key] for key in _KEPT}]
