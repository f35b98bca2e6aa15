"""Cut the documents of many files into shards, always the same for the same files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..corpora.document import Document, Item
from ..corpora.formats import text_items

LARGEST_SHARD = 4_000_000  # characters: what a worker holds at once


@dataclass(frozen=True)
class Place:
    """A place between two documents: behind so many of a file.

    file: its number among the files.
    bytes: how much of that file had been read, as it lies on the disk; no part of what a place is.
    """

    file: int = 0
    documents: int = 0
    bytes: int = field(default=0, compare=False)


@dataclass
class Shard:
    """Documents that are annotated and written together, each with its file, and the place behind the last one."""

    number: int
    documents: list[tuple[str, Item]] = field(default_factory=list)
    end: Place = Place()


def cut(files: Sequence[Path], size: int, *, number: int = 0, start: Place = Place()) -> Iterator[Shard]:
    """Yield shards of at most ``size`` documents, and of about ``LARGEST_SHARD`` characters.

    number, start: of the first shard, to go on after an earlier one.
    """
    shard = Shard(number)
    n_characters = 0
    for i, path in enumerate(files[start.file :], start.file):
        skipped = start.documents if i == start.file else 0
        opened: list[IO[bytes]] = []
        for n, item in enumerate(text_items(path, opened.append), 1):
            if n <= skipped:
                continue
            shard.documents.append((str(path), item))
            shard.end = Place(i, n, _read(opened))
            n_characters += len(item.text) if isinstance(item, Document) else 0
            if len(shard.documents) == size or n_characters >= LARGEST_SHARD:
                yield shard
                shard = Shard(shard.number + 1)
                n_characters = 0
    if shard.documents:
        yield shard


def _read(opened: list[IO[bytes]]) -> int:
    return opened[0].tell() if opened and not opened[0].closed else 0
