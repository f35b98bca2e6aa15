"""``spacy litbert corpus``: make a DocBin of corpus files, and say what lies off the token boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..errors import Errors, LitBertError

if TYPE_CHECKING:
    from ..corpora.docbin import Conversion

_TOKENIZER = "spacy-litbert.BiomedicalTokenizer.v1"


def corpus_cli(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or patterns")],
    output: Annotated[Path, typer.Argument(help="DocBin to make (.spacy)")],
    tokenizer: Annotated[
        str | None,
        typer.Option("--tokenizer", "-t", help="Pipeline whose tokenizer to take; default: the biomedical one"),
    ] = None,
    limit: Annotated[float, typer.Option("--limit", "-l", help="Most per cent of mentions off the tokens")] = 0.5,
    examples: Annotated[int, typer.Option("--examples", "-n", help="Mentions off the tokens to show")] = 10,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file at OUTPUT")] = False,
) -> None:
    """Make what `spacy train` reads of PubTator, BioC, BRAT, JSONL and IOB2 files."""
    made = corpus(inputs, output, tokenizer=tokenizer, limit=limit, force=force)
    msg.good(f"{output}: {made.n_documents:,} documents, {made.n_tokens:,} tokens, {made.n_mentions:,} mentions")
    if made.n_overlapping:
        msg.info(f"{made.n_overlapping:,} mentions are in doc.spans['litbert'] alone: a longer one covers part of them")
    if made.misaligned:
        msg.warn(f"{len(made.misaligned):,} mentions ({made.percent_misaligned:.2f} %) lie off the token boundaries")
        for example in made.misaligned[:examples]:
            print(f"    {example}")


def corpus(
    inputs: Sequence[str | Path],
    output: Path,
    *,
    tokenizer: str | None = None,
    limit: float = 0.5,
    force: bool = False,
) -> Conversion:
    """Write the documents of files, folders and patterns as one DocBin and return it, with what became of the mentions.

    tokenizer: an installed package or a folder of a pipeline; the biomedical tokenizer if there is none.
    limit: how many per cent of the mentions may lie off the token boundaries.
    force: replace a file at ``output``.

    Raises LitBertError L218 if that is an input, there already, or named otherwise than ``.spacy``; L404 above the
    limit, L402 for different documents with one id in a file, L408 if there are none, what the readers raise, and L340
    or L341 for a pipeline that can't be loaded.
    """
    import spacy

    from ..corpora.docbin import to_docbin, write_docbin
    from ..corpora.document import strictly
    from ..corpora.formats import find_files, mention_items
    from ..corpora.read import read_each
    from ..pipelines import load_pipeline
    from ..targets import check_new_file

    paths = find_files(inputs)
    if output.suffix != ".spacy":
        problem = "a DocBin is made there, whose name ends in .spacy. Is OUTPUT missing?"
        raise LitBertError(Errors.L218.format(path=output, problem=problem))
    check_new_file(output, sources=paths, option=None if force else "--force (force=True)")
    nlp = (
        load_pipeline(tokenizer)
        if tokenizer
        else spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": _TOKENIZER}}})
    )
    documents = read_each(lambda path: strictly(mention_items(path)), paths)
    conversion = to_docbin(documents, nlp.tokenizer, source=", ".join(map(str, inputs)), limit=limit)
    write_docbin(output, conversion.docbin)
    return conversion
