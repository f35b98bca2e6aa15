"""What kinds of things MeSH's tree numbers stand for."""

from __future__ import annotations

from collections.abc import Iterable

_KINDS = {
    "A": "Anatomy",
    "B": "Organism",
    "C": "Disease",
    "D": "Chemical",
    "E": "Procedure",
    "F03": "Disease",
    "G": "Phenomenon",
}


def mesh_types(tree_numbers: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds of a descriptor; ``Other`` for trees without one, nothing without tree numbers."""
    kinds = {_KINDS.get(number[:3]) or _KINDS.get(number[:1], "Other") for number in tree_numbers}
    return tuple(sorted(kinds - {"Other"} or kinds))
