"""A knowledge base with the vectors of its names: a copy of it, with them beside its other columns."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..linking.build import check_place
from ..linking.collect import is_under
from ..linking.columns import distinct
from ..linking.knowledge_base import KnowledgeBase
from ..linking.metadata import write_metadata
from ..linking.name_vectors import is_file_of_vectors, write_name_vectors
from ..models.settings import check_minimum
from ..types import IntArray
from .encoder import NameEncoder


def add_vectors(
    kb: KnowledgeBase,
    folder: Path,
    encoder: NameEncoder,
    *,
    types: Iterable[str] | None = None,
    trees: Iterable[str] | None = None,
    width: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Write a knowledge base with the vectors of its names, in place of those it has, into ``folder``; open it.

    types, trees: names of concepts of one of these types, or under one of these tree numbers, get vectors; all without.
    width: of the vectors, narrower than the encoder's; None for its own.
    force: replace an earlier knowledge base.

    Raises LitBertError L004 for a width below 1, L218 if ``folder`` may not be replaced, L526 if the knowledge base is
    damaged, L528 for unknown
    types, L527 if no name is left.
    """
    if width is not None:
        check_minimum("width", width, 1)
    check_place(folder, force=force, sources=[kb.path])
    kb.verify()
    kinds, places = kb.check_types(types), tuple(trees or ())
    forms = _forms(kb, kinds, places)
    vectors = encoder.encode([kb.forms[form] for form in forms], progress=progress)
    with replacing_folder(folder) as partial:
        for name in kb.metadata["files"]:
            if not is_file_of_vectors(name):
                shutil.copy(kb.path / name, partial)
        about = write_name_vectors(partial, forms, vectors, width)
        said = {key: value for key, value in kb.metadata.items() if key not in ("files", "checksum")}
        chosen = {"types": sorted(kinds or ()), "trees": list(places)}
        write_metadata(partial, {**said, "vectors": {**about, **chosen, "encoder": encoder.fingerprint}})
    return KnowledgeBase(folder)


def _forms(kb: KnowledgeBase, types: frozenset[str] | None, trees: tuple[str, ...]) -> IntArray:
    """Return the forms of the names that get vectors, ascending."""
    if types is None and not trees:
        return np.arange(len(kb.forms))
    wanted = np.zeros(len(kb), bool) if types is None else kb.allowed_concepts(types).copy()
    for number in np.flatnonzero(~wanted).tolist() if trees else ():
        wanted[number] = is_under(kb.tree_numbers_of(number), trees)
    if not wanted.any():
        raise LitBertError(Errors.L527.format(path=kb.path))
    return distinct(np.concatenate([kb.forms_of(number) for number in np.flatnonzero(wanted).tolist()]))
