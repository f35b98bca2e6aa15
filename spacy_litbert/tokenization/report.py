"""How well vocabularies fit a text: wordpieces per word, characters per window, what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .vocabulary import Vocabulary
from .wordpieces import WordpieceEncoder

_BATCH = 512  # texts
_WINDOW = 512  # wordpieces


@dataclass(frozen=True)
class TokenReport:
    """Figures of one vocabulary on some texts.

    name: of the vocabulary.
    size: its entries.
    words: what stands between white space.
    characters: of the texts, white space included.
    pieces: wordpieces of the texts.
    pieces_per_word: wordpieces per word.
    characters_per_512: characters that 512 wordpieces hold.
    unknown: wordpieces that are [UNK].
    unknown_share: their share of all.
    """

    name: str
    size: int
    words: int
    characters: int
    pieces: int
    pieces_per_word: float
    characters_per_512: float
    unknown: int
    unknown_share: float


def report_tokens(name: str, vocabulary: Vocabulary, texts: Iterable[str]) -> TokenReport:
    """Cut the texts with the vocabulary and count."""
    encoder = WordpieceEncoder(vocabulary)
    unknown_id = vocabulary.ids["[UNK]"]
    words = characters = pieces = unknown = 0
    for batch in _batches(texts):
        ids = encoder.encode(batch).ids
        words += sum(len(text.split()) for text in batch)
        characters += sum(map(len, batch))
        pieces += len(ids)
        unknown += int(np.count_nonzero(ids == unknown_id))
    return TokenReport(
        name=name,
        size=len(vocabulary),
        words=words,
        characters=characters,
        pieces=pieces,
        pieces_per_word=pieces / max(1, words),
        characters_per_512=_WINDOW * characters / max(1, pieces),
        unknown=unknown,
        unknown_share=unknown / max(1, pieces),
    )


def cut(vocabulary: Vocabulary, text: str) -> list[str]:
    """Return the wordpieces of a text as they stand in the vocabulary."""
    return [vocabulary.tokens[i] for i in WordpieceEncoder(vocabulary).encode([text]).ids]


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(texts)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
