"""Which wordpieces make up a spaCy token, exactly.

A token's pieces are those that share a character with it. They stand side by side, so two
binary searches find them: no loop over tokens. A piece that crosses a token boundary
(spaCy cuts ``10mg`` where BERT does not) belongs to both tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from spacy.attrs import IDX, LENGTH, SENT_START
from spacy.tokens import Doc

from ..errors import Errors, LitBertError
from ..ragged import starts_of
from ..types import BoolArray, IntArray
from .dropout import WordpieceDropout
from .wordpieces import WordpieceEncoder


@dataclass(frozen=True)
class Alignment:
    """The wordpieces of a batch of Docs and the pieces of each token.

    ids: (pieces,) int32, entries of the vocabulary.
    starts_word: (pieces,) bool, see ``Wordpieces``.
    doc_tokens: (docs + 1,) int64, the first token of each Doc.
    doc_pieces: (docs + 1,) int64, the first piece of each Doc.
    first: (tokens,) int64, the first piece of each token.
    lengths: (tokens,) int64, how many pieces a token has: those of t are ``first[t] … first[t] + lengths[t] - 1``.
        0 for tokens without a visible character, and for a lone accent that the vocabulary strips.
    """

    ids: IntArray
    starts_word: BoolArray
    doc_tokens: IntArray
    doc_pieces: IntArray
    first: IntArray
    lengths: IntArray

    @cached_property
    def token_cuts(self) -> BoolArray:
        """Return where a window may begin, (pieces + 1,) bool: before a word's first piece, inside no token."""
        n = len(self.ids)
        long = self.lengths > 1
        steps = np.zeros(n + 2, dtype=np.int64)
        np.add.at(steps, self.first[long] + 1, 1)
        np.add.at(steps, self.first[long] + self.lengths[long], -1)
        inside = np.cumsum(steps)[: n + 1] > 0
        cuts = ~inside
        cuts[:n] &= self.starts_word
        return cuts


def align(encoder: WordpieceEncoder, docs: list[Doc], dropout: WordpieceDropout | None = None) -> Alignment:
    """Cut the Docs' texts into wordpieces and find those of each token.

    dropout: what splits some wordpieces by chance, in training. Its chance comes from numpy's global generator, which
        ``spacy.util.fix_random_seed`` seeds.
    """
    pieces = encoder.encode([_text_of(doc) for doc in docs])
    if dropout is not None:
        pieces = dropout(pieces, np.random.default_rng(np.random.randint(1 << 31)))
    n_tokens = np.fromiter(map(len, docs), np.int64, len(docs))
    start, end = _characters_of_tokens(docs, pieces.text_starts)
    first = np.searchsorted(pieces.end, start, side="right")
    lengths = np.searchsorted(pieces.start, end, side="left") - first
    n_invisible = np.searchsorted(pieces.invisible, end) - np.searchsorted(pieces.invisible, start)
    lengths[n_invisible == end - start] = 0
    return Alignment(
        ids=pieces.ids,
        starts_word=pieces.starts_word,
        doc_tokens=starts_of(n_tokens),
        doc_pieces=pieces.piece_starts,
        first=first,
        lengths=lengths,
    )


def _text_of(doc: Doc) -> str:
    """Return ``doc.text``, made in stretches, because it holds a string for each token while it is made."""
    return "".join(doc[i : i + _STRETCH].text_with_ws for i in range(0, len(doc), _STRETCH))


def _characters_of_tokens(docs: list[Doc], text_starts: IntArray) -> tuple[IntArray, IntArray]:
    """Find where each token begins and ends in the joined texts, (tokens,) int32 each."""
    starts, ends = [_NO_INTS], [_NO_INTS]
    for doc, text_start in zip(docs, text_starts):
        spans = doc.to_array([IDX, LENGTH]).reshape(-1, 2).astype(np.int32)
        starts.append(spans[:, 0] + np.int32(text_start))
        ends.append(starts[-1] + spans[:, 1])
    return np.concatenate(starts), np.concatenate(ends)


def sentence_cuts(alignment: Alignment, docs: list[Doc]) -> BoolArray:
    """Return the token cuts that begin a sentence, (pieces + 1,) bool.

    Raises LitBertError L304 for a Doc without sentence starts.
    """
    for doc in docs:
        if len(doc) and not doc.has_annotation("SENT_START"):
            raise LitBertError(Errors.L304.format(n_tokens=len(doc)))
    starts = np.concatenate([doc.to_array(SENT_START).astype(np.int64) for doc in docs]) == 1
    cuts = np.zeros(len(alignment.ids) + 1, dtype=bool)
    cuts[alignment.first[starts]] = True
    return cuts & alignment.token_cuts


_NO_INTS = np.zeros(0, dtype=np.int32)
_STRETCH = 4096  # tokens
