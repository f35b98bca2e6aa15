"""``spacy litbert vocab``: train a cased biomedical WordPiece vocabulary from texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm
from wasabi import msg

from ..corpora.selection import read_exclusions, read_selected
from ..corpora.unlabelled_text import find_texts
from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..targets import check_target, only
from ..tokenization.alphabet import BIOMEDICAL_ALPHABET
from ..tokenization.train import count_words, train_vocabulary
from ..tokenization.vocabulary import Vocabulary

_MOST = 1 << 20  # entries, and wordpieces that a model reads: what weights may have
_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")


def vocab_cli(
    out: Annotated[Path, typer.Argument(help="Folder for vocab.txt, tokenizer.json and tokenizer_config.json")],
    texts: Annotated[list[str], typer.Argument(help="Files of text (.jsonl, .xml, .txt, .tar, … .gz), or patterns")],
    size: Annotated[int, typer.Option("--size", "-n", help="Entries, special tokens included")] = 32768,
    min_frequency: Annotated[int, typer.Option("--min-frequency", help="Occurrences that an entry needs")] = 2,
    weight: Annotated[
        list[str] | None, typer.Option("--weight", "-w", help="KIND=N: count documents of this kind N times")
    ] = None,
    exclude: Annotated[Path | None, typer.Option("--exclude", help="Ids of documents to leave out, one a line")] = None,
    limit: Annotated[int, typer.Option("--limit", help="The longest input of the models that will use it")] = 512,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier vocabulary at OUT")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress")] = False,
) -> None:
    """Train a cased WordPiece vocabulary from files of text.

    The characters of biomedical text (Greek letters, ±, ≥, ♂, superscripts …) get a place however rare they are.
    With weights the vocabulary fits texts of one kind ("abstract", "fulltext" …) better than their share would make it.
    """
    vocabulary = vocab(
        out,
        find_texts(texts),
        size=size,
        min_frequency=min_frequency,
        weights=dict(map(_weight, weight or [])),
        exclude=exclude,
        limit=limit,
        force=force,
        progress=not quiet,
    )
    msg.good(f"{len(vocabulary):,} wordpieces in {out}")


def vocab(
    out: Path,
    texts: list[Path],
    *,
    size: int,
    min_frequency: int = 2,
    weights: Mapping[str, int] | None = None,
    exclude: Path | None = None,
    limit: int = 512,
    force: bool = False,
    progress: bool = True,
) -> Vocabulary:
    """Train a vocabulary and write the tokenizer's files into the folder ``out``.

    force: replace what is at ``out``, if it is an earlier vocabulary and nothing else lies there.

    Raises LitBertError L007 for a number that can't be, L218 if ``out`` may not be replaced, L416 if the exclusions
    leave no text, L106 for a weighted kind that no document has, L105 for a size that is too small.
    """
    from ..checkpoints.tokenizer_files import write_tokenizer

    for name, value, smallest, largest in (
        ("size", size, 1, _MOST),
        ("min_frequency", min_frequency, 0, 1 << 40),
        ("limit", limit, 1, _MOST),
    ):
        if not smallest <= value <= largest:
            raise LitBertError(Errors.L007.format(name=name, value=value, smallest=smallest, largest=largest))
    option = None if force else "--force (force=True)"
    check = partial(check_target, out, sources=texts, made=only(*_FILES), what="vocabulary", option=option)
    check()
    weights = weights or {}
    kinds: Counter[str] = Counter()

    def weighted() -> Iterator[tuple[str, int]]:
        for document in tqdm(read_selected(texts, left_out), "counting words", disable=not progress, unit=" documents"):
            kinds[document.kind] += 1
            for text in document.texts:
                yield text, weights.get(document.kind, 1)

    left_out = read_exclusions(exclude) if exclude else frozenset()
    words = count_words(weighted())
    unknown = {kind for kind, n in weights.items() if n > 1} - kinds.keys()
    if unknown:
        raise LitBertError(Errors.L106.format(kinds=", ".join(sorted(unknown)), found=dict(kinds.most_common())))
    vocabulary = train_vocabulary(
        words, size, alphabet=BIOMEDICAL_ALPHABET, min_frequency=min_frequency, progress=progress
    )
    check()  # what is there may have come meanwhile
    with replacing_folder(out) as folder:
        write_tokenizer(vocabulary, folder, model_max_length=limit)
    return vocabulary


def _weight(argument: str) -> tuple[str, int]:
    kind, _, number = argument.rpartition("=")
    if not kind or not number.isdecimal() or int(number) < 1:
        raise LitBertError(Errors.L107.format(argument=argument))
    return kind, int(number)
