"""What a knowledge base holds: concepts with their names; the fields are called as scispaCy's entities are."""

from __future__ import annotations

from dataclasses import dataclass

NIL = "NIL"  # what a mention of no concept has in place of an id


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of a vocabulary.

    types: kinds that a linker can be restricted to, such as ``Disease``.
    tree_numbers: places in a hierarchy, parts separated by dots, as MeSH's ``C10.228``.
    xrefs: ids of the same concept in other vocabularies.
    merged_ids: ids that it had once, or that were merged into it.
    mapped_to: ids or names of concepts that a record without types or tree numbers of its own takes them from.
    preference: of two concepts that a name fits equally well, the one with the lower number comes first.
    since: when it came into the vocabulary, as the number yyyymmdd; 0 if that is not known.
    """

    concept_id: str
    canonical_name: str
    aliases: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    definition: str = ""
    tree_numbers: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    merged_ids: tuple[str, ...] = ()
    mapped_to: tuple[str, ...] = ()
    preference: int = 0
    since: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical name and the aliases, each once."""
        return tuple(dict.fromkeys((self.canonical_name, *self.aliases)))


@dataclass(frozen=True, slots=True)
class Merged:
    """An id that is no concept any more, and the one that took its place.

    may_lack: whether that may be one of another vocabulary, which no source holds; the id goes then.
    """

    concept_id: str
    into: str
    may_lack: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What a reader finds on the lines of a file that begin with ``line`` (from 1)."""

    line: int
    entry: Concept | Merged


def preference_of(concept_id: str) -> int:
    """Return the preference of an id that comes without one: MeSH's descriptors, its supplementary records, OMIM.

    Names of all others come first as descriptors' do.
    """
    if concept_id.startswith("MESH:C"):
        return 1
    return 2 if concept_id.startswith("OMIM:") else 0
