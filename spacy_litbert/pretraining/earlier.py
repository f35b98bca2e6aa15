"""The records of earlier runs, also of those that earlier versions made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError
from ..files import read_json
from .config import current_names

NAME = "run.json"
_KEPT = ("finished", "settings", "steps", "tokens", "hours", "heldout")


def read_record(path: Path) -> dict[str, Any]:
    """Read run.json, with its settings by their present names.

    Raises LitBertError L207 for a damaged file, L516 if something is missing.
    """
    record = {"before": [], "start": None, **read_json(path)}
    if missing := [key for key in _KEPT if key not in record]:
        raise LitBertError(Errors.L516.format(path=path, missing=", ".join(missing)))
    runs = [*record["before"], record]
    for run in runs:
        run["settings"] = current_names(run["settings"])
        run.setdefault("start", None)
    return record


def read_earlier(path: Path) -> list[dict[str, Any]]:
    """Read what a card says of the runs that made some weights, the first one first; nothing without a record."""
    if not path.is_file():
        return []
    record = read_record(path)
    return [*record["before"], {key: record[key] for key in (*_KEPT, "start")}]
