"""``spacy litbert kb export``: a knowledge base for pipelines without this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..files import replacing_folder
from ..targets import check_target

if TYPE_CHECKING:
    from spacy.kb import InMemoryLookupKB

_FILES = {"contents", "strings.json"}


def kb_export_cli(
    out: Annotated[Path, typer.Argument(help="Folder to make")],
    source: Annotated[Path, typer.Argument(help="The knowledge base")],
    vectors: Annotated[
        Path | None, typer.Option("--vectors", help=".npy file with a row for each concept, in their order")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier export at OUT")] = False,
) -> None:
    """Export a knowledge base for spaCy's own entity_linker, which reads it with spacy.KBFromFile.v1.

    Without --vectors the entity_linker has nothing to compare contexts with: set incl_context = false.
    """
    lookup = kb_export(out, source, vectors=vectors, force=force)
    msg.good(f"{lookup.get_size_entities():,} entities with {lookup.get_size_aliases():,} aliases in {out}")
    if vectors is None:
        print("  It has no vectors: use it with incl_context = false")


def kb_export(out: Path, source: Path, *, vectors: Path | None = None, force: bool = False) -> InMemoryLookupKB:
    """Write a knowledge base as spaCy's ``InMemoryLookupKB`` writes itself; ``to_lookup_kb`` says what it holds.

    Raises LitBertError L218 if ``out`` may not be replaced, L525 and L526 for a missing or damaged knowledge base, L224
    and L535 for vectors that are missing or don't fit.
    """
    from spacy.vocab import Vocab

    from ..linking.knowledge_base import KnowledgeBase
    from ..linking.lookup import to_lookup_kb
    from ..linking.vectors import read_vectors

    sources = [source] if vectors is None else [source, vectors]
    option = None if force else "--force (force=True)"
    check_target(out, sources=sources, made=_made_by_export, what="exported knowledge base", option=option)
    kb = KnowledgeBase(source)
    kb.verify()
    lookup = to_lookup_kb(kb, Vocab(), None if vectors is None else read_vectors(vectors, kb))
    with replacing_folder(out) as partial:
        lookup.to_disk(partial)
    return lookup


def _made_by_export(folder: Path) -> str | None:
    alone = {path.name for path in folder.iterdir()} == _FILES
    return None if alone else f"it does not hold {' and '.join(sorted(_FILES))} alone"
