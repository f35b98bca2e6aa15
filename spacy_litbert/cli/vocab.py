"""``spacy litbert vocab``: texts → a cased biomedical WordPiece vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..corpora.text import find_texts, read_exclusions, read_texts
from ..tokenization.alphabet import BIOMEDICAL_ALPHABET
from ..tokenization.vocabulary import Vocabulary, train_vocabulary


def vocab_cli(
    out: Annotated[Path, typer.Argument(help="Folder for vocab.txt, tokenizer.json and tokenizer_config.json")],
    texts: Annotated[list[str], typer.Argument(help="Files of text (.jsonl, .xml, .txt, .tar, … .gz), or patterns")],
    size: Annotated[int, typer.Option("--size", "-n", help="Entries, special tokens included")] = 32768,
    min_frequency: Annotated[int, typer.Option("--min-frequency", help="Occurrences that an entry needs")] = 2,
    exclude: Annotated[Path | None, typer.Option("--exclude", help="Ids of documents to leave out, one a line")] = None,
    limit: Annotated[int, typer.Option("--limit", help="The longest input of the models that will use it")] = 512,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress")] = False,
) -> None:
    """Train a cased WordPiece vocabulary from files of text.

    The characters of biomedical text (Greek letters, ±, ≥, ♂, superscripts …) get a place however rare they are.
    """
    vocabulary = vocab(
        out,
        find_texts(texts),
        size=size,
        min_frequency=min_frequency,
        exclude=exclude,
        limit=limit,
        progress=not quiet,
    )
    msg.good(f"{len(vocabulary):,} wordpieces in {out}")


def vocab(
    out: Path,
    texts: list[Path],
    *,
    size: int,
    min_frequency: int = 2,
    exclude: Path | None = None,
    limit: int = 512,
    progress: bool = True,
) -> Vocabulary:
    """Train a vocabulary and write the tokenizer's files into the folder ``out``."""
    from ..checkpoints.tokenizer_files import write_tokenizer

    left_out = read_exclusions(exclude) if exclude else frozenset()
    vocabulary = train_vocabulary(
        lambda: read_texts(texts, left_out),
        size,
        alphabet=BIOMEDICAL_ALPHABET,
        min_frequency=min_frequency,
        progress=progress,
    )
    write_tokenizer(vocabulary, out, limit=limit)
    return vocabulary
