"""The knowledge base as programs use it: a folder, mapped into memory and shared by threads and processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import Errors, LitBertError
from ..files import file_checksum
from .columns import Array, Lists, distinct, read_array, read_lists, read_strings
from .concept import Concept
from .hashing import find, hash_string
from .metadata import METADATA, damaged, read_metadata
from .name_vectors import NameVectors
from .normalize import bag, fold, normal
from .trigrams import TrigramIndex
from .words import WordTable

LEVELS = ("fold", "normal", "bag")
_MANY = 1 << 17  # forms
_LARGE = 4  # an index of more than one form in four would be


class KnowledgeBase(Mapping[str, Concept]):
    """Concepts by id; a merged id leads to the concept that took its place.

    Opening reads the metadata, checks its checksum, and maps every file after a look at its size: milliseconds.
    ``verify`` reads all files and compares their checksums; a pipeline does so when it is loaded.

    Raises LitBertError L525 where there is no knowledge base, L526 for a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self.metadata = read_metadata(self.path)
        self._ids = read_strings(self.path, "ids")
        self._names = read_strings(self.path, "names")
        self._definitions = read_strings(self.path, "definitions")
        self._tree_numbers = read_strings(self.path, "tree_numbers")
        self._xrefs = read_strings(self.path, "xrefs")
        self._merged_ids = read_strings(self.path, "merged_ids")
        self._types = read_lists(self.path, "types")
        self.preferences = read_array(self.path, "preferences")
        self.tree_depths = read_array(self.path, "tree_depths")
        self.tree_counts = read_array(self.path, "tree_counts")
        self._since = read_array(self.path, "since")
        self._by_id = read_array(self.path, "id_keys"), read_array(self.path, "id_concepts")
        self.name_starts = read_array(self.path, "name_starts")
        self._name_forms = read_array(self.path, "name_forms")
        self._name_lists = Lists(self._name_forms, self.name_starts)
        self.forms = read_strings(self.path, "forms")
        self._form_names = read_lists(self.path, "form_names")
        self._levels = {
            level: (read_array(self.path, f"{level}_keys"), read_array(self.path, f"{level}_forms")) for level in LEVELS
        }
        self.words = WordTable.open(self.path)
        self.trigrams = TrigramIndex.open(self.path)
        about = self.metadata.get("vectors")
        self.vectors = None if about is None else NameVectors.open(self.path, about)
        self._check_lengths()
        self._owners = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.name_starts))
        # Methods with caches of their own: an instance is thrown away with them.
        self.allowed_concepts = lru_cache(maxsize=64)(self._allowed_concepts)
        self.allowed_forms = lru_cache(maxsize=64)(self._forms_of_types)
        self._allowed_places = lru_cache(maxsize=64)(self._places_of_types)
        self._equal = lru_cache(maxsize=1 << 13)(self._find_equal)
        self.is_searched_at_length = lru_cache(maxsize=64)(self._has_many_forms)
        self._part = lru_cache(maxsize=128)(self._part_of_types)
        self._search = lru_cache(maxsize=1 << 13)(self._search_trigrams)

    @property
    def checksum(self) -> str:
        """SHA-256 that stands for the whole content."""
        return str(self.metadata["checksum"])

    @property
    def types(self) -> tuple[str, ...]:
        """The names of all types."""
        return tuple(self.metadata["types"])

    def verify(self) -> None:
        """Read all files and compare their checksums. Raises LitBertError L526 for a damaged one."""
        for name, expected in self.metadata["files"].items():
            if file_checksum(self.path / name) != expected["sha256"]:
                raise damaged(self.path, f"{name} is not what was written (its SHA-256 differs)")

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return (self._ids[i] for i in range(len(self)))

    def __contains__(self, concept_id: object) -> bool:
        return isinstance(concept_id, str) and self.number_of(concept_id) is not None

    def __getitem__(self, concept_id: str) -> Concept:
        number = self.number_of(concept_id) if isinstance(concept_id, str) else None
        if number is None:
            raise KeyError(concept_id)
        return self.concept(number)

    @property
    def cui_to_entity(self) -> Mapping[str, Concept]:
        """The same concepts by id, under the name that scispaCy's knowledge bases have for them."""
        return self

    def number_of(self, concept_id: str) -> int | None:
        """Return the number of a concept by its id or one merged into it; None for an unknown id."""
        for number in find(*self._by_id, hash_string(concept_id)):
            if self._ids[number] == concept_id or concept_id in self._merged_ids[number].split("\n"):
                return int(number)
        return None

    def id_of(self, number: int) -> str:
        """Return the id of a concept by its number."""
        return str(self._ids[number])

    def concept(self, number: int) -> Concept:
        """Return a concept by its number."""
        canonical_name, *aliases = self.names_of(number)
        return Concept(
            self._ids[number],
            canonical_name,
            tuple(aliases),
            self.types_of(number),
            self._definitions[number],
            tuple(self._tree_numbers[number].split("\n")) if self._tree_numbers[number] else (),
            tuple(self._xrefs[number].split("\n")) if self._xrefs[number] else (),
            tuple(self._merged_ids[number].split("\n")) if self._merged_ids[number] else (),
            preference=int(self.preferences[number]),
            since=int(self._since[number]),
        )

    def concepts(self) -> Iterator[Concept]:
        """Yield all concepts in their order."""
        return (self.concept(number) for number in range(len(self)))

    def names_of(self, number: int) -> list[str]:
        """Return a concept's names, the canonical one first."""
        return [self._names[i] for i in range(self.name_starts[number], self.name_starts[number + 1])]

    def types_of(self, number: int) -> tuple[str, ...]:
        """Return a concept's types."""
        return tuple(self.types[i] for i in self._types[number])

    def tree_numbers_of(self, number: int) -> list[str]:
        """Return a concept's tree numbers."""
        return self._tree_numbers[number].split()  # type: ignore[no-any-return]

    def forms_of(self, number: int) -> Array:
        """Return the numbers of the forms of a concept's names, in their order."""
        return self._name_lists[number]

    def forms_of_all(self, numbers: Array) -> tuple[Array, Array]:
        """Return the forms of several concepts' names, and which of the concepts each is of."""
        return self._name_lists.gather(numbers)

    def canonical_forms(self, numbers: Array) -> Array:
        """Return the numbers of the forms of concepts' canonical names, (n,) int64."""
        return self._name_forms[self.name_starts[numbers]].astype(np.int64)

    def concepts_of(self, form: int) -> list[int]:
        """Return the numbers of the concepts that have a name of this form, in their order."""
        return self.concepts_of_all(np.array([form]))[0].tolist()  # type: ignore[no-any-return]

    def concepts_of_all(self, forms: Array) -> tuple[Array, Array]:
        """Return the concepts that have names of several forms, and which of the forms: each pair once, in order."""
        names, owners = self._form_names.gather(forms)
        pairs = distinct(owners * len(self) + self._owners[names])
        return pairs % len(self), pairs // len(self)

    def surfaces_of(self, form: int, number: int) -> list[str]:
        """Return the names of a concept that have this form, as they are written."""
        first, end = self.name_starts[number], self.name_starts[number + 1]
        return [self._names[i] for i in self._form_names[form] if first <= i < end]

    def forms_equal_to(self, name: str) -> Mapping[int, str]:
        """Find the forms that equal a name; return for each the strictest of ``LEVELS`` at which it does."""
        return self._equal(fold(name))

    def form_of(self, folded: str) -> int | None:
        """Return the number of a form; None for a folded name that no concept has."""
        for form in find(*self._levels["fold"], hash_string(folded)):
            if self.forms[form] == folded:
                return int(form)
        return None

    def similar_forms(self, name: str, k: int, types: frozenset[str] | None = None) -> tuple[Array, Array]:
        """Find the k forms whose trigrams are most similar, among concepts of these types; numbers and cosines."""
        return self._search(fold(name), k, types)

    def cosines(self, names: Sequence[str], forms: Array, owners: Array) -> Array:
        """Return how similar the trigrams of names are to those of forms, (n,) float64.

        forms: (n,). owners: (n,) int64, ascending, the name that each is compared with.
        """
        return self.trigrams.cosines([fold(name) for name in names], forms, owners, self.forms)

    def search(self, text: str, k: int = 10, types: Iterable[str] | None = None) -> list[tuple[str, float]]:
        """Find the concepts with the names most similar to a text.

        types: only concepts of one of these.

        Returns at most k ids with similarities from 0 to 1, the best first: 1 for a name equal but for case and
        punctuation, 0.99 and 0.98 for one equal but for number and spelling, and for the order of words, the cosine of
        trigrams otherwise, at most 0.97. Ties go by preference, then by id. Raises LitBertError L528 for unknown types.
        """
        wanted = self.check_types(types)
        allowed = self.allowed_concepts(wanted)
        n_forms = 3 * k + 10
        while True:
            numbers, cosines = self.similar_forms(text, n_forms, wanted)
            # Among names that are capped alike the cosine decides.
            scores = {form: (min(cosine, 0.97), cosine) for form, cosine in zip(numbers.tolist(), cosines.tolist())}
            equal = {form: 1 - LEVELS.index(level) / 100 for form, level in self.forms_equal_to(text).items()}
            scores |= {form: (score, score) for form, score in equal.items()}
            best: dict[int, tuple[float, float]] = {}
            for form, score in scores.items():
                for number in self.concepts_of(form):
                    if allowed[number]:
                        best[number] = max(score, best.get(number, score))
            if len(best) >= k or len(numbers) < n_forms:
                break
            n_forms *= 4  # one concept may have all of these names
        ordered = sorted(best.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))[:k]
        return [(self._ids[number], score) for number, (score, _) in ordered]

    def check_types(self, types: Iterable[str] | None) -> frozenset[str] | None:
        """Return types as a set. Raises LitBertError L528 for one that no concept has, as for a string of its own."""
        if types is None:
            return None
        wanted = frozenset((types,) if isinstance(types, str) else types)
        if unknown := wanted.difference(self.types):
            raise LitBertError(
                Errors.L528.format(types=", ".join(sorted(unknown)), path=self.path, choices=", ".join(self.types))
            )
        return wanted

    def _allowed_concepts(self, types: frozenset[str] | None) -> Array:
        if types is None:
            return np.ones(len(self), bool)
        wanted = np.isin(self._types.data, [i for i, kind in enumerate(self.types) if kind in types])
        allowed = np.zeros(len(self), bool)
        allowed[np.repeat(np.arange(len(self)), np.diff(self._types.starts))[wanted]] = True
        return allowed

    def _has_many_forms(self, types: frozenset[str] | None) -> bool:
        """Return whether so many forms are of these types that to look for similar ones takes milliseconds."""
        return int(np.count_nonzero(self.allowed_forms(types))) > _MANY

    def _forms_of_types(self, types: frozenset[str] | None) -> Array:
        allowed = np.zeros(len(self.forms), bool)
        names = np.repeat(self.allowed_concepts(types), np.diff(self.name_starts))
        allowed[self._name_forms[names]] = True
        return allowed

    def _places_of_types(self, types: frozenset[str] | None) -> Array:
        return self.trigrams.in_places(self.allowed_forms(types))

    def _find_equal(self, folded: str) -> Mapping[int, str]:
        normalized = normal(folded)
        found: dict[int, str] = {}
        for level, key in zip(LEVELS, (folded, normalized, bag(normalized))):
            for form in find(*self._levels[level], hash_string(key)):
                found.setdefault(int(form), level)
        return MappingProxyType(found)

    def _search_trigrams(self, form: str, k: int, types: frozenset[str] | None) -> tuple[Array, Array]:
        if types is None:
            return self.trigrams.search(form, k)
        if (part := self._part(types)) is not None:
            return part.search(form, k)
        return self.trigrams.search(form, k, self._allowed_places(types))

    def _part_of_types(self, types: frozenset[str]) -> TrigramIndex | None:
        """Return an index of the forms of types that few forms have; None if it would be large."""
        allowed = self._allowed_places(types)
        return self.trigrams.part(allowed) if np.count_nonzero(allowed) * _LARGE < len(allowed) else None

    def _check_lengths(self) -> None:
        counts = self.metadata["counts"]
        expected: dict[str, list[Sized]] = {
            "concepts": [
                *(self._ids, self._definitions, self._tree_numbers, self._xrefs, self._merged_ids, self._types),
                *(self.preferences, self.tree_depths, self.tree_counts),
            ],
            "names": [self._names, self._name_forms],
            "forms": [self.forms, self._form_names, self.trigrams.norms, self.trigrams.numbers, self.words.of_forms],
        }
        if self.vectors is not None:
            counts = {**counts, "vectors": self.vectors.about["names"]}
            expected["vectors"] = [self.vectors.forms, self.vectors.values, self.vectors.scales]
        lengths = {what: {len(column) for column in columns} for what, columns in expected.items()}
        if lengths != {what: {counts.get(what)} for what in expected}:
            raise damaged(self.path, f"its columns have other lengths than {METADATA} says")

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process maps the same files.
        return _reopen, (self.path, self.checksum)


def _reopen(path: Path, checksum: str) -> KnowledgeBase:
    return open_expected(path, checksum)


def open_expected(path: Path, checksum: str) -> KnowledgeBase:
    """Open a knowledge base that must be a certain one. Raises LitBertError L529 for another."""
    kb = KnowledgeBase(path)
    if kb.checksum != checksum:
        raise LitBertError(Errors.L529.format(path=path, found=kb.checksum[:12], expected=checksum[:12]))
    return kb


__all__ = ["LEVELS", "KnowledgeBase", "open_expected"]
