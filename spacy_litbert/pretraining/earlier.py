"""The records of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError
from ..files import lacking, read_json

NAME = "run.json"
_NUMBER = int | float
# What a card says of a run, by its type.
_RUN = {
    "finished": str,
    "settings": dict,
    "steps": int,
    "tokens": int,
    "hours": _NUMBER,
    "heldout": dict,
    "start": dict | None,
}
_TRAINING = {"objective": str, "length": int, "long_length": int, "long_share": _NUMBER, "learning_rate": _NUMBER}
_START = {
    "name": str,
    "license": str | None,
    "files": dict,
    "transfer": dict | None,
    "made": list,
    "notice": str | None,
}
_TRANSFER = {"pieces": int, "same": int, "composed": int, "lacking": int}


def read_record(path: Path) -> dict[str, Any]:
    """Read run.json. Raises LitBertError L207 for a damaged file, L516 if something is missing or of another type."""
    record = read_json(path)
    missing = _missing(record)
    if isinstance(before := record.get("before"), list):
        missing += [f"before.{i}.{key}" for i, run in enumerate(before) for key in _missing(run)]
    else:
        missing.append("before")
    if missing:
        raise LitBertError(Errors.L516.format(path=path, missing=", ".join(missing)))
    return record


def read_earlier(path: Path) -> list[dict[str, Any]]:
    """Read what a card says of the runs that made some weights, the first one first; nothing without a record."""
    if not path.is_file():
        return []
    record = read_record(path)
    return [*record["before"], {key: record[key] for key in _RUN}]


def _missing(run: Any) -> list[str]:
    """Name what a run lacks, or has as something else than a card takes it for."""
    if missing := lacking(run, _RUN):
        return missing
    start, heldout = run["start"], {"masked_loss": 0.0, **run["heldout"]}
    missing = lacking(run["settings"].get("training"), _TRAINING, "settings.training.")
    missing += lacking(heldout, {"masked_loss": _NUMBER}, "heldout.")
    if start is not None:
        missing += lacking(start, _START, "start.")
        if start.get("transfer") is not None:
            missing += lacking(start["transfer"], _TRANSFER, "start.transfer.")
    return missing
