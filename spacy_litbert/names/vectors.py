"""A knowledge base with the vectors of its names: a copy of it, with them beside its other columns."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..files import replacing_folder
from ..linking.build import check_place, write_metadata
from ..linking.knowledge_base import KnowledgeBase
from ..linking.name_vectors import is_file_of_vectors, write_name_vectors
from .encoder import NameEncoder


def add_vectors(
    kb: KnowledgeBase,
    folder: Path,
    encoder: NameEncoder,
    *,
    types: Iterable[str] | None = None,
    width: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Write a knowledge base with the vectors of its names, in place of those it has, into ``folder``; open it.

    types: of the concepts whose names get vectors; None for all.
    width: of the vectors, narrower than the encoder's; None for its own.
    force: replace an earlier knowledge base.

    Raises LitBertError L218 if ``folder`` may not be replaced, L526 if the knowledge base is damaged, L528 for unknown
    types.
    """
    check_place(folder, force=force, sources=[kb.path])
    kb.verify()
    wanted = kb.check_types(types)
    forms = np.flatnonzero(kb.allowed_forms(wanted))
    vectors = encoder.encode([kb.forms[form] for form in forms], progress=progress)
    with replacing_folder(folder) as partial:
        for name in kb.metadata["files"]:
            if not is_file_of_vectors(name):
                shutil.copy(kb.path / name, partial)
        about = write_name_vectors(partial, forms, vectors, width)
        said = {key: value for key, value in kb.metadata.items() if key not in ("files", "checksum")}
        chosen = None if wanted is None else sorted(wanted)
        write_metadata(partial, {**said, "vectors": {**about, "encoder": encoder.fingerprint, "types": chosen}})
    return KnowledgeBase(folder)


