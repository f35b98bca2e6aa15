"""Vectors of concepts that a user made, as spaCy's ``entity_linker`` compares them with the context of a mention."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import Errors, LitBertError
from ..files import check_file
from .columns import Array
from .knowledge_base import KnowledgeBase


def read_vectors(path: Path, kb: KnowledgeBase) -> Array:
    """Map the vectors of a knowledge base's concepts from a ``.npy`` file into memory.

    Raises LitBertError L224 if there is no file, L535 if it does not hold them.
    """
    check_file(path)
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unfit(str(path), kb, f"it is no .npy file of numbers ({error})") from None
    return check_vectors(vectors, kb, str(path))


def check_vectors(vectors: Array, kb: KnowledgeBase, source: str = "This array") -> Array:
    """Return vectors, (concepts, width) of floating-point numbers in the order of ``kb.concepts()``.

    source: what errors call them.

    Raises LitBertError L535 for another shape or type, and for a vector that has no direction: a cosine with it would
    be no number.
    """
    if vectors.ndim != 2 or len(vectors) != len(kb) or not vectors.shape[1] or vectors.dtype.kind != "f":
        raise _unfit(source, kb, f"its shape is {vectors.shape}, its type {vectors.dtype}")
    norms = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        raise _unfit(source, kb, f"row {bad[0]}, of {kb.id_of(int(bad[0]))}, is zero or not finite")
    return vectors


def _unfit(source: str, kb: KnowledgeBase, problem: str) -> LitBertError:
    return LitBertError(Errors.L535.format(source=source, n=len(kb), path=kb.path, problem=problem))
