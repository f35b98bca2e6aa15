"""``spacy litbert kb abbreviations``: texts in which abbreviations stand undefined, with what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from .kb import Quiet

if TYPE_CHECKING:
    from ..corpora.document import Document


def kb_abbreviations_cli(
    out: Annotated[Path, typer.Argument(help="Corpus to make (.jsonl)")],
    source: Annotated[Path, typer.Argument(help="The knowledge base")],
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or patterns of texts")],
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Of the concepts, and labels of mentions; repeatable")
    ] = None,
    most: Annotated[int, typer.Option("--most", help="Texts of a concept under one abbreviation")] = 10,
    least: Annotated[int, typer.Option("--least", help="Fewer texts of a concept than these are left out")] = 2,
    ambiguous: Annotated[bool, typer.Option("--ambiguous", help="Only abbreviations of several concepts")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file at OUT")] = False,
    quiet: Quiet = False,
) -> None:
    """Make examples for litbert_linker of texts that define abbreviations.

    Where the long form is a name of the knowledge base, the definition says which concept is meant. It is taken away,
    so that the linker learns what an abbreviation stands for where nothing says so.
    """
    documents = kb_abbreviations(
        out, source, inputs, types=types, most=most, least=least, ambiguous=ambiguous, force=force, progress=not quiet
    )
    meanings = {(one.text[m.start : m.end], m.concept_id) for one in documents for m in one.entities}
    n_short = len({short for short, _ in meanings})
    msg.good(f"{out}: {len(documents):,} texts with {n_short:,} abbreviations of {len(meanings):,} meanings")


def kb_abbreviations(
    out: Path,
    source: Path,
    inputs: Sequence[str | Path],
    *,
    types: Sequence[str] | None = None,
    most: int = 10,
    least: int = 2,
    ambiguous: bool = False,
    force: bool = False,
    progress: bool = False,
) -> list[Document]:
    """Write the texts as JSON lines, and return them. All concepts count without ``types``.

    force: replace a file at ``out``.

    Raises LitBertError L004 for ``most`` or ``least`` below 1, L218 if ``out`` is an input or there already, L525 and
    L526 for a knowledge base, L528 for unknown types, L543 if no text defines an abbreviation of a concept, and what
    the readers raise.
    """
    from tqdm import tqdm

    from ..corpora.document import strictly
    from ..corpora.formats import find_files, text_items
    from ..corpora.jsonl import write_jsonl
    from ..errors import Errors, LitBertError
    from ..linking.definitions import Definitions
    from ..linking.knowledge_base import KnowledgeBase
    from ..models.settings import check_minimum
    from ..targets import check_new_file

    check_minimum("most", most, 1)
    check_minimum("least", least, 1)
    paths = find_files(inputs)
    check_new_file(out, sources=[source, *paths], option=None if force else "--force (force=True)")
    kb = KnowledgeBase(source)
    kb.check_types(types)
    definitions = Definitions(kb, tuple(types) if types else None, most)
    for path in paths:
        for document in tqdm(strictly(text_items(path)), path.name, unit=" texts", disable=not progress):
            definitions.add(document)
    documents = list(definitions.texts(least, ambiguous=ambiguous))
    if not documents:
        raise LitBertError(Errors.L543.format(inputs=", ".join(map(str, inputs)), path=source, least=least))
    write_jsonl(out, documents)
    return documents
