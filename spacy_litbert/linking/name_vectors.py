"""Vectors of a knowledge base's names in 8 bits, and exact search for the nearest ones.

Each row has a scale of its own, so that its largest number is 127. A name is a form of the knowledge base, which is in
lower case, without punctuation. What made the vectors is for others to know: this is numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .columns import Array, read_array, read_strings, write_array

_LARGEST = 127
_BLOCK = 4096  # rows that are multiplied at once: they stay in the processor's cache
_STRETCH = 64  # rows of which the best is looked for
_ROUNDING = np.float32(1e-4)  # of what is multiplied at once
_QUERIES = 64  # names that are looked up at once
_FILES = ("vector_forms", "vectors", "vector_scales", "vector_projection")


@dataclass(frozen=True, eq=False)
class Nearest:
    """What is near a name.

    vector: (width,) float32, the unit vector of the name itself.
    forms: (≤ k,) int64, numbers of forms, the nearest first; cosines: (≤ k,) float64.
    """

    vector: Array
    forms: Array
    cosines: Array


@dataclass(frozen=True)
class NameVectors:
    """Vectors of forms, memory-mapped.

    forms: (names,) int32, numbers of forms, ascending. values: (names, width) int8. scales: (names,) float32.
    projection: (encoder's width, width) float32, orthonormal columns; None where the width is the encoder's.
    about: what the metadata say of them: ``encoder``, the fingerprint, ``names``, ``width`` and ``types``.
    """

    forms: Array
    values: Array
    scales: Array
    projection: Array | None
    about: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path, about: Mapping[str, Any]) -> NameVectors:
        """Map what ``write_name_vectors`` wrote. Raises LitBertError L526 for damaged files."""
        forms, values, scales = (read_array(folder, name) for name in _FILES[:3])
        projection = read_array(folder, _FILES[3]) if about["projected"] else None
        return cls(forms, values, scales, projection, about)

    @property
    def encoder(self) -> str:
        """The fingerprint of the encoder that made them."""
        return str(self.about["encoder"])

    @property
    def is_projected(self) -> bool:
        """Whether the vectors are narrower than the encoder's."""
        return self.projection is not None

    def __len__(self) -> int:
        return len(self.forms)

    def search(self, queries: Array, k: int, allowed: Array | None = None) -> list[Nearest]:
        """Find the k nearest forms of each vector, all compared.

        queries: (n, width) float32, as ``project`` and ``of`` have them.
        allowed: (forms of the knowledge base,) bool, which count; None for all.
        """
        rows = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed[self.forms])
        return [
            nearest
            for start in range(0, len(queries), _QUERIES)
            for nearest in self._search(queries[start : start + _QUERIES], k, rows)
        ]

    def of(self, form: int) -> Array | None:
        """Return the unit vector of a form, (width,) float32; None if it has none."""
        row = np.searchsorted(self.forms, self.forms.dtype.type(form))  # of another type, all would be copied
        if row == len(self) or self.forms[row] != form:
            return None
        vector = self.values[row].astype(np.float32)
        return vector / np.linalg.norm(vector)  # type: ignore[no-any-return]

    def project(self, vectors: Array) -> Array:
        """Return unit vectors of an encoder, (n, its width), in the width that these have."""
        return _project(vectors, self.projection)

    def cosines(self, vector: Array, forms: Array) -> Array:
        """Return the cosine of a vector and those of forms, (n,) float64; NaN for a form that has none.

        vector: as ``project`` and ``of`` have it.
        """
        rows = np.minimum(np.searchsorted(self.forms, forms.astype(self.forms.dtype)), len(self) - 1)
        return np.where(self.forms[rows] == forms, self._exactly(rows, vector), np.nan)

    def _search(self, queries: Array, k: int, rows: Array) -> list[Nearest]:
        scores = np.full((len(queries), -(-len(rows) // _STRETCH) * _STRETCH), -np.inf, np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            products = queries @ self.values[block].astype(np.float32).T * self.scales[block]
            scores[:, start : start + len(block)] = products
        highest = scores.reshape(len(queries), -1, _STRETCH).max(axis=2)
        found = []
        for query, reached, highs in zip(queries, scores, highest):
            # The best of each stretch: k of them reach the k-th highest, so the k-th best of all is no lower.
            least = np.partition(highs, -k)[-k] if k < len(highs) else -np.inf
            best = rows[np.flatnonzero(reached[: len(rows)] >= least - _ROUNDING)]
            cosines = self._exactly(best, query)
            order = np.lexsort((best, -cosines))[:k]
            found.append(Nearest(query, self.forms[best[order]].astype(np.int64), cosines[order]))
        return found

    def _exactly(self, rows: Array, query: Array) -> Array:
        """Return cosines that don't depend on what else is multiplied, float64."""
        cosines = self.values[rows].astype(np.float64) @ query.astype(np.float64) * self.scales[rows]
        return np.round(cosines, 5)


def write_name_vectors(folder: Path, forms: Array, vectors: Array, width: int | None = None) -> dict[str, Any]:
    """Write unit vectors of forms in 8 bits; return what the metadata say of their shape.

    forms: (names,) numbers of forms, ascending. vectors: (names, encoder's width) float32.
    width: to which vectors are projected, onto the directions in which they differ most; None for all.
    """
    projection = None if width is None or width >= vectors.shape[1] else principal_directions(vectors, width)
    values, scales = to_int8(_project(vectors, projection))
    return write_rows(folder, forms, values, scales, projection)


def write_rows(folder: Path, forms: Array, values: Array, scales: Array, projection: Array | None) -> dict[str, Any]:
    """Write vectors that are in 8 bits already; return what the metadata say of their shape."""
    write_array(folder, "vector_forms", forms.astype(np.int32))
    write_array(folder, "vectors", values)
    write_array(folder, "vector_scales", scales)
    if projection is not None:
        write_array(folder, "vector_projection", projection)
    return {"names": len(forms), "width": values.shape[1], "projected": projection is not None}


def carry_vectors(folder: Path, earlier: Sequence[tuple[NameVectors | None, Sequence[str]]]) -> dict[str, Any] | None:
    """Write the vectors that forms had in earlier knowledge bases; return what the metadata say, or None.

    folder: of the new knowledge base, with its forms.
    earlier: vectors and forms of each; those of another encoder than the first's, or projected, are left.
    """
    known = [(vectors, strings) for vectors, strings in earlier if vectors is not None]
    if not known:
        return None
    first = known[0][0]
    numbers = {form: number for number, form in enumerate(read_strings(folder, "forms"))}
    found: dict[int, tuple[NameVectors, int]] = {}
    for vectors, strings in known:
        if vectors is not first and (vectors.encoder != first.encoder or vectors.is_projected or first.is_projected):
            continue
        for row, form in enumerate(vectors.forms.tolist()):
            if (number := numbers.get(strings[form])) is not None:
                found.setdefault(number, (vectors, row))
    if not found:
        return None
    forms = sorted(found)
    rows = [found[form] for form in forms]
    values = np.array([vectors.values[row] for vectors, row in rows], np.int8).reshape(-1, first.values.shape[1])
    scales = np.array([vectors.scales[row] for vectors, row in rows], np.float32)
    return {**first.about, **write_rows(folder, np.array(forms, np.int32), values, scales, first.projection)}


def is_file_of_vectors(name: str) -> bool:
    """Return whether a file of a knowledge base belongs to its vectors."""
    return name.removesuffix(".npy") in _FILES


def to_int8(vectors: Array) -> tuple[Array, Array]:
    """Return the values of vectors in 8 bits, (n, width) int8, and their scales, (n,) float32."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0) / _LARGEST, np.finfo(np.float32).tiny)
    return np.round(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def principal_directions(vectors: Array, width: int) -> Array:
    """Return the directions with the largest second moments, (encoder's width, width) float32, orthonormal."""
    moments = vectors.T.astype(np.float64) @ vectors
    _, directions = np.linalg.eigh(moments)
    return np.ascontiguousarray(directions[:, ::-1][:, :width]).astype(np.float32)


def _project(vectors: Array, projection: Array | None) -> Array:
    if projection is None:
        return vectors
    projected = vectors @ projection
    return projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)  # type: ignore[no-any-return]
