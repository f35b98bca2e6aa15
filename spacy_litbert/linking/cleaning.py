"""What the text of every source is held to: ids without blanks, names that are not empty, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .concept import Concept, Merged, Record
from .readers.problems import record_error


def clean(path: Path, record: Record) -> Concept | Merged:
    """Return what a record holds, cleaned. Raises LitBertError L520 for an empty id or name."""
    entry = record.entry
    check_id(path, record.line, entry.concept_id)
    if isinstance(entry, Merged):
        return entry
    names = clean_names(path, record.line, entry.concept_id, entry.names)
    lists: dict[str, Any] = {
        key: clean_list(getattr(entry, key)) for key in ("types", "tree_numbers", "xrefs", "merged_ids")
    }
    others = tuple(old for old in lists.pop("merged_ids") if old != entry.concept_id)
    return replace(
        entry,
        canonical_name=names[0],
        aliases=names[1:],
        definition=on_one_line(entry.definition),
        merged_ids=others,
        **lists,
    )


def check_id(path: Path, line: int, concept_id: str) -> None:
    """Raise LitBertError L520 for an id that is empty or holds blanks."""
    if not concept_id or concept_id.split() != [concept_id]:
        raise record_error(path, line, f"the id {concept_id!r} is empty or holds blanks.")


def clean_names(path: Path, line: int, concept_id: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return names, each on one line. Raises LitBertError L520 for an empty one."""
    cleaned = tuple(map(on_one_line, names))
    if not all(cleaned):
        raise record_error(path, line, f"{concept_id} has an empty name.")
    return cleaned


def clean_list(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once."""
    return tuple(dict.fromkeys(on_one_line(value) for value in values if value.strip()))


def on_one_line(text: str) -> str:
    """Return a text with one blank for any white space."""
    return " ".join(text.split())
