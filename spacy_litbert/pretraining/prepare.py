"""Files of text → shards of tokens: read, select, split into sentences and tokenise, once for all runs.

    python -m spacy_litbert.pretraining.prepare OUT --vocabulary FOLDER TEXT.jsonl.xz [MORE …]

Each file becomes one shard, without the texts that stand in a file before it, or with ``--apart-from`` in the shards
of held-out text. A file whose shard is there already
is skipped, so an interrupted call is simply repeated. Its shard is made again if the file, the vocabulary, the
exclusions or the files before it in the list have changed; a file that is no longer in the list loses its shard.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import nullcontext
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from tqdm import tqdm

from ..checkpoints.tokenizer_files import check_no_model, check_no_other, holds_tokenizer, write_tokenizer
from ..command_line import errors_in_one_line
from ..corpora.selection import Selection, check_some_left, fingerprint, read_exclusions
from ..corpora.unlabelled_text import find_texts, read_documents
from ..errors import Errors, LitBertError
from ..files import check_file, file_checksum, read_json
from ..tokenization.dropout import WordpieceDropout
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.wordpieces import WordpieceEncoder
from ..types import BoolArray, IntArray
from .sentences import short_sentences, split_sentences
from .shards import (
    LARGEST_VOCABULARY,
    Corpus,
    Shard,
    check_replaceable,
    read_shard,
    shard_name,
    shards_in,
    vocabulary_checksum,
)

_BATCH = 256  # documents

Tokenised = tuple[IntArray, IntArray, IntArray]


def prepare(
    paths: list[Path],
    folder: Path,
    vocabulary: Vocabulary,
    *,
    exclude: frozenset[str] = frozenset(),
    apart_from: Path | None = None,
    wordpiece_dropout: float = 0.0,
    workers: int = 1,
    progress: bool = True,
) -> None:
    """Tokenise the files into shards below ``folder``; what is there and still fits is kept, other shards go.

    exclude: ids of documents to leave out. A text that occurs again, in any file, is left out too.
    apart_from: a folder of such shards, as of held-out text, whose texts are left out under any id.
    wordpiece_dropout: how many wordpieces to split into shorter ones by chance, from 0 to 1; see ``WordpieceDropout``.
        The chance depends on the text alone. For text to train on, not for held-out text.
    workers: processes that tokenise; the result does not depend on it.
    Raises LitBertError L508 for a vocabulary that 16 bits can't count, L402 for two files of one name, L207 for what
    is no regular file, L218 if a model, another vocabulary without shards or the held-out text lies in the folder or
    something else stands where a shard would be written or removed, L416 if no document is left, and what
    ``read_documents`` raises.
    """
    if len(vocabulary) > LARGEST_VOCABULARY:
        raise LitBertError(Errors.L508.format(path=vocabulary.source, size=len(vocabulary), limit=LARGEST_VOCABULARY))
    names = [shard_name(path) for path in paths]
    if len(set(names)) < len(names):
        doubled = [name for name, n in Counter(names).items() if n > 1]
        raise LitBertError(Errors.L402.format(path=folder, ids=", ".join(doubled)))
    for path in paths:
        check_file(path)
    dropped = [path for path in shards_in(folder) if path.name not in names]
    for path in [*(folder / name for name in names), *dropped]:
        check_replaceable(path)
    check_no_model(folder)
    if not shards_in(folder):
        check_no_other(folder, vocabulary)
    if apart_from is not None and apart_from.resolve() == folder.resolve():
        raise LitBertError(Errors.L218.format(path=folder, problem="the texts to be apart from lie there"))
    selection, earlier = Selection(exclude), ""
    if apart_from is not None:
        other = Corpus(apart_from)
        selection.seen.update(other.fingerprints().tolist())
        earlier = other.checksum()
    n_documents, left_out = 0, Counter[str]()
    with (
        ProcessPoolExecutor(workers, initializer=_begin_worker, initargs=(vocabulary, wordpiece_dropout))
        if workers > 1
        else (nullcontext()) as pool
    ):
        _begin_worker(vocabulary, wordpiece_dropout)
        if not holds_tokenizer(folder, vocabulary):
            write_tokenizer(vocabulary, folder, model_max_length=LARGEST_VOCABULARY)
        for path, name in tqdm(list(zip(paths, names)), desc="prepare", unit="file", disable=not progress):
            made_from = _made_from(path, vocabulary, exclude, earlier)
            made_from["wordpiece_dropout"] = wordpiece_dropout
            kept = _kept(folder / name, made_from)
            if kept is None:
                kept = _make_shard(path, selection, made_from, pool)
                kept.write(folder / name)
            left_out.update({reason: kept.description.get(reason, 0) for reason in selection.counts})
            n_documents += len(kept.documents)
            selection.seen.update(kept.fingerprints.tolist())
            earlier = _checksum(earlier, made_from["file_checksum"])
    for path in dropped:
        shutil.rmtree(path)
    check_some_left(n_documents, paths, left_out)


def _made_from(path: Path, vocabulary: Vocabulary, exclude: frozenset[str], earlier: str) -> dict[str, Any]:
    return {
        "file": path.name,
        "file_checksum": file_checksum(path),
        "vocabulary": vocabulary_checksum(vocabulary),
        "exclusions": _checksum(*sorted(exclude)),
        "earlier_files": earlier,  # their texts are left out of this shard
    }


def _checksum(*texts: str) -> str:
    return sha256("\n".join(texts).encode("utf8")).hexdigest()


def _kept(folder: Path, made_from: dict[str, Any]) -> Shard | None:
    if not (folder / "shard.json").is_file():
        return None
    description = {"wordpiece_dropout": 0.0, **read_json(folder / "shard.json")}
    same = all(description.get(key) == value for key, value in made_from.items())
    return read_shard(folder) if same else None


def _make_shard(path: Path, selection: Selection, made_from: dict[str, Any], pool: ProcessPoolExecutor | None) -> Shard:
    before = selection.counts
    fingerprints: list[int] = []
    origins: list[tuple[str, str]] = []
    n_characters = 0

    def batches() -> Iterator[list[list[str]]]:
        nonlocal n_characters
        documents = selection(read_documents(path))
        while batch := list(islice(documents, _BATCH)):
            fingerprints.extend(map(fingerprint, batch))
            origins.extend((document.source, document.license) for document in batch)
            n_characters += sum(len(text) for document in batch for text in document.texts)
            yield [document.texts for document in batch]

    parts = list(_tokenise_all(batches(), pool))
    tokens, sentences, documents = (
        np.concatenate([part[i] for part in parts] or [np.zeros(0, np.uint16)]) for i in range(3)
    )
    description: dict[str, Any] = {
        **made_from,
        "documents": len(documents),
        "sentences": len(sentences),
        "tokens": len(tokens),
        "characters": n_characters,
        **{reason: n - before[reason] for reason, n in selection.counts.items()},
        "origins": _origins(origins, sentences, documents),
    }
    return Shard(tokens, sentences, documents, np.array(fingerprints, dtype=np.uint64), description)


def _tokenise_all(batches: Iterable[list[list[str]]], pool: ProcessPoolExecutor | None) -> Iterator[Tokenised]:
    if pool is None:
        yield from map(_tokenise, batches)
        return
    waiting: deque[Future[Tokenised]] = deque()
    for batch in batches:
        waiting.append(pool.submit(_tokenise, batch))
        if len(waiting) > 32:  # else all of the text would wait in memory
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _tokenise(documents: list[list[str]]) -> Tokenised:
    """Documents of paragraphs → tokens, tokens of each sentence, sentences of each document."""
    sentences = [[part for text in document for part in split_sentences(text)] for document in documents]
    texts = [sentence for document in sentences for sentence in document]
    pieces = _encoder.encode(texts)
    if _dropout.rate:
        pieces = _dropout(pieces, np.random.default_rng(crc32("\n".join(texts).encode("utf8"))))
    starts = short_sentences(pieces.piece_starts, _begins_word[pieces.ids])
    document = np.repeat(np.arange(len(documents)), [len(sentences_of) for sentences_of in sentences])
    document = document[np.searchsorted(pieces.piece_starts, starts[:-1], side="right") - 1]
    counts = np.bincount(document, minlength=len(documents))
    return pieces.ids.astype(np.uint16), np.diff(starts).astype(np.uint32), counts.astype(np.uint32)


def _begin_worker(vocabulary: Vocabulary, wordpiece_dropout: float) -> None:
    global _encoder, _dropout, _begins_word
    _encoder = WordpieceEncoder(vocabulary)
    _dropout = WordpieceDropout(vocabulary, wordpiece_dropout)
    _begins_word = np.array([not token.startswith("##") for token in vocabulary.tokens])


_begins_word: BoolArray
_encoder: WordpieceEncoder
_dropout: WordpieceDropout


def _origins(origins: list[tuple[str, str]], sentences: IntArray, documents: IntArray) -> list[dict[str, Any]]:
    """Documents and tokens by source and licence, for the model card."""
    first = np.concatenate([[0], np.cumsum(documents, dtype=np.int64)])
    starts = np.concatenate([[0], np.cumsum(sentences, dtype=np.int64)])
    n_tokens = np.diff(starts[first])
    n_documents: Counter[tuple[str, str]] = Counter(origins)
    totals: Counter[tuple[str, str]] = Counter()
    for origin, n in zip(origins, n_tokens.tolist()):
        totals[origin] += n
    return [
        {"source": source, "license": license, "documents": n_documents[source, license], "tokens": n}
        for (source, license), n in totals.most_common()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="prepare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the shards")
    parser.add_argument("texts", nargs="+", help="files of text, or patterns in quotes; a file becomes a shard")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder with vocab.txt or tokenizer.json")
    parser.add_argument("--exclude", type=Path, help="file of document ids to leave out, one a line")
    parser.add_argument("--apart-from", type=Path, help="folder of held-out shards, whose texts are left out")
    parser.add_argument(
        "--wordpiece-dropout", type=float, default=0.0, help="how many wordpieces to split by chance, from 0 to 1"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that tokenise")
    arguments = parser.parse_args()
    prepare(
        find_texts(arguments.texts),
        arguments.out,
        Vocabulary.from_folder(arguments.vocabulary),
        exclude=read_exclusions(arguments.exclude) if arguments.exclude else frozenset(),
        apart_from=arguments.apart_from,
        wordpiece_dropout=arguments.wordpiece_dropout,
        workers=arguments.workers,
    )


if __name__ == "__main__":
    with errors_in_one_line():
        main()
