"""What the text of every source is held to: ids without blanks or ``|``, names that are not empty, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .concept import NIL, Concept, Merged, Record
from .readers.problems import record_error


def clean(path: Path, record: Record) -> Concept | Merged:
    """Return what a record holds, cleaned. Raises LitBertError L520 for an empty id or name."""
    entry = record.entry
    check_id(path, record.line, entry.concept_id)
    if isinstance(entry, Merged):
        return entry
    for old in (merged_ids := clean_list(entry.merged_ids)):
        check_id(path, record.line, old)
    canonical_name, *aliases = clean_names(path, record.line, entry.concept_id, entry.names)
    return Concept(
        entry.concept_id,
        canonical_name,
        tuple(aliases),
        clean_list(entry.types),
        on_one_line(entry.definition),
        clean_list(entry.tree_numbers),
        clean_list(entry.xrefs),
        tuple(old for old in merged_ids if old != entry.concept_id),
        entry.mapped_to,
        entry.preference,
        entry.since,
    )


def check_id(path: Path, line: int, concept_id: str) -> None:
    """Raise LitBertError L520 for an id that is empty or holds blanks, or means something else where links stand."""
    if not concept_id or concept_id.split() != [concept_id]:
        raise record_error(path, line, f"the id {concept_id!r} is empty or holds blanks.")
    if concept_id == NIL or "|" in concept_id:
        meant = "no concept" if concept_id == NIL else "several ids"
        raise record_error(path, line, f"the id {concept_id!r} would mean {meant} where mentions have ids.")


def clean_names(path: Path, line: int, concept_id: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return names, each on one line. Raises LitBertError L520 for an empty one."""
    cleaned = tuple(map(on_one_line, names))
    if not all(cleaned):
        raise record_error(path, line, f"{concept_id} has an empty name.")
    return cleaned


def clean_list(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once."""
    return tuple(dict.fromkeys(line for line in map(on_one_line, values) if line))


def on_one_line(text: str) -> str:
    """Return a text with one blank for any white space."""
    return " ".join(text.split())
