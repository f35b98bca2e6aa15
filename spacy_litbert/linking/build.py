"""Build a knowledge base: one folder of columns and indexes, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..ragged import starts_of
from ..targets import check_target
from .collector import collector_paused
from .columns import write_array, write_lists, write_strings
from .concept import Concept
from .hashing import hash_strings, sorted_index
from .knowledge_base import KnowledgeBase
from .metadata import FORMAT, made_by_build, write_metadata
from .name_vectors import carry_vectors
from .normalize import bag, fold, normal
from .trigrams import write_trigrams
from .words import write_words


@collector_paused()
def build(
    concepts: Iterable[Concept],
    folder: Path,
    *,
    name: str,
    version: str = "",
    licence: str = "",
    sources: Sequence[Mapping[str, Any]] = (),
    earlier: Sequence[KnowledgeBase] = (),
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Write concepts, whose ids are distinct, as a knowledge base into ``folder``; return its metadata.

    sources: what the concepts came from, for the metadata.
    earlier: knowledge bases whose vectors of names are kept, for the names that are still there.
    force: replace an earlier knowledge base.

    Concepts are numbered by preference, then in the order of ids: what comes first wins where names fit equally well.
    Equal concepts give equal bytes in all files but the metadata, which has the date. Raises LitBertError L218 if
    ``folder`` may not be replaced, L527 if there are no concepts, L545 if an id stands for two of them.
    """
    check_place(folder, force=force)
    ordered = sorted(concepts, key=lambda concept: (concept.preference, concept.concept_id))
    if not ordered:
        raise LitBertError(Errors.L527.format(path=folder))
    _check_distinct(ordered)
    with replacing_folder(folder) as partial:
        counts = _write_concepts(partial, ordered)
        counts.update(_write_names(partial, ordered, progress=progress))
        said = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "licence": licence,
            "sources": [dict(source) for source in sources],
            "types": sorted({kind for concept in ordered for kind in concept.types}),
            "counts": counts,
        }
        if vectors := carry_vectors(partial, [(kb.vectors, kb.forms) for kb in earlier]):
            said["vectors"] = vectors
        return write_metadata(partial, said)


def check_place(folder: Path, *, force: bool, sources: Iterable[Path] = ()) -> None:
    """Raise LitBertError L218 unless a knowledge base may be put at ``folder``; before long work as well as in it."""
    option = None if force else "--force (force=True)"
    check_target(folder, sources=sources, made=made_by_build, what="knowledge base", option=option)


def _check_distinct(concepts: Sequence[Concept]) -> None:
    owners: dict[str, Concept] = {}
    for concept in concepts:
        for known in (concept.concept_id, *concept.merged_ids):
            if (other := owners.setdefault(known, concept)) is not concept:
                names = other.canonical_name, concept.canonical_name
                raise LitBertError(Errors.L545.format(id=known, first=names[0], second=names[1]))


def _write_concepts(folder: Path, concepts: Sequence[Concept]) -> dict[str, int]:
    types = {kind: i for i, kind in enumerate(sorted({kind for concept in concepts for kind in concept.types}))}
    write_strings(folder, "ids", (concept.concept_id for concept in concepts))
    write_strings(folder, "definitions", (concept.definition for concept in concepts))
    write_strings(folder, "tree_numbers", ("\n".join(concept.tree_numbers) for concept in concepts))
    write_array(folder, "tree_depths", np.array([_depth(concept) for concept in concepts], np.int32))
    write_array(folder, "tree_counts", np.array([len(concept.tree_numbers) for concept in concepts], np.int32))
    write_strings(folder, "xrefs", ("\n".join(concept.xrefs) for concept in concepts))
    write_strings(folder, "merged_ids", ("\n".join(concept.merged_ids) for concept in concepts))
    write_lists(folder, "types", [[types[kind] for kind in concept.types] for concept in concepts], np.int32)
    write_array(folder, "preferences", np.array([concept.preference for concept in concepts], np.int16))
    write_array(folder, "since", np.array([concept.since for concept in concepts], np.int32))
    numbered = [(known, i) for i, c in enumerate(concepts) for known in (c.concept_id, *c.merged_ids)]
    keys, numbers = sorted_index(
        hash_strings(known for known, _ in numbered), np.array([i for _, i in numbered], np.int32)
    )
    write_array(folder, "id_keys", keys)
    write_array(folder, "id_concepts", numbers)
    return {
        "concepts": len(concepts),
        "merged_ids": len(numbered) - len(concepts),
        "definitions": sum(1 for concept in concepts if concept.definition),
    }


def _depth(concept: Concept) -> int:
    return min((number.count(".") + 1 for number in concept.tree_numbers), default=0)


def _write_names(folder: Path, concepts: Sequence[Concept], *, progress: bool) -> dict[str, int]:
    names = [concept.names for concept in concepts]
    flat = [name for several in names for name in several]
    write_strings(folder, "names", flat)
    write_array(folder, "name_starts", starts_of([len(several) for several in names]))
    n_names = len(flat)
    forms: dict[str, int] = {}
    form_of_name = np.fromiter(
        (forms.setdefault(fold(name), len(forms)) for name in tqdm(flat, "names", disable=not progress, unit=" names")),
        np.int32,
        n_names,
    )
    write_array(folder, "name_forms", form_of_name)
    by_form = np.argsort(form_of_name, kind="stable").astype(np.int32)
    write_array(folder, "form_names", by_form)
    write_array(folder, "form_names_starts", starts_of(np.bincount(form_of_name, minlength=len(forms))))
    listed = list(forms)
    del forms, form_of_name, by_form, names, flat  # the trigrams of millions of names need the memory
    write_strings(folder, "forms", listed)
    _write_levels(folder, listed, progress=progress)
    write_trigrams(folder, listed, progress=progress)
    return {"names": n_names, "forms": len(listed)}


def _write_levels(folder: Path, forms: Sequence[str], *, progress: bool) -> None:
    """Write where forms are found by what they have in common with others, and their words."""
    normals = [normal(form) for form in tqdm(forms, "normal forms", disable=not progress, unit=" names")]
    keys = hash_strings(forms)
    changed = [i for i, (form, normalized) in enumerate(zip(forms, normals)) if form != normalized]
    normal_keys = keys.copy()
    normal_keys[changed] = hash_strings(normals[i] for i in changed)
    for level, of_level in (("fold", keys), ("normal", normal_keys), ("bag", hash_strings(map(bag, normals)))):
        in_order, numbers = sorted_index(of_level, np.arange(len(forms), dtype=np.int32))
        write_array(folder, f"{level}_keys", in_order)
        write_array(folder, f"{level}_forms", numbers)
    write_words(folder, normals)
