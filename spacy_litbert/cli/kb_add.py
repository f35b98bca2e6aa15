"""``spacy litbert kb add``: a user's own terms and corrections on top of a knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..files import file_checksum
from .kb import Force, Out, Quiet, build_and_open, joined, say_done

if TYPE_CHECKING:
    from ..linking.knowledge_base import KnowledgeBase


def kb_add_cli(
    out: Out,
    base: Annotated[Path, typer.Argument(help="The knowledge base to add to; it stays as it is")],
    terms: Annotated[list[Path], typer.Argument(help="Files of terms: .csv, .tsv, .jsonl")],
    format: Annotated[str | None, typer.Option("--format", help="Of the terms, if their endings don't tell")] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Add your own terms and corrections to a knowledge base.

    A row with the id of a concept gives it more names, and takes away those under ``remove``; a row with another id is
    a new concept.
    """
    kb = kb_add(out, base, terms, format=format, force=force, progress=not quiet)
    for source in kb.metadata["sources"][-len(terms) :]:
        print(f"  {source['file']}: {', '.join(f'{value:,} {key}' for key, value in source['changes'].items())}")
    say_done(kb)


def kb_add(
    out: Path,
    base: Path,
    terms: Sequence[Path],
    *,
    format: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Add the terms of files to a knowledge base; return the new one, whose metadata says what came of each file.

    Raises LitBertError L218 and L525–L527 as ``kb_build`` does, L401 and L520–L524 for bad files, L534 for a name that
    can't be removed.
    """
    from ..linking.add import add_terms
    from ..linking.build import check_place
    from ..linking.knowledge_base import KnowledgeBase

    check_place(out, force=force, sources=[base, *terms])
    before = KnowledgeBase(base)
    before.verify()
    concepts, counts = add_terms(before, terms, format=format)
    described = [
        {"file": path.name, "format": "terms", "sha256": file_checksum(path), "changes": changes}
        for path, changes in zip(terms, counts)
    ]
    return build_and_open(
        concepts,
        out,
        **joined(before),
        earlier=[before],
        sources=[*before.metadata["sources"], *described],
        force=force,
        progress=progress,
    )
