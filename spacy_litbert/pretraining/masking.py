"""Mask rows, and say what is to be predicted, drawn on the device without waiting for it.

Which words are masked follows from the row's 32 random bits through an integer hash: the same on every
device, however rows are spread over processes and micro-batches, and again after a resume. All shapes
are fixed, so that nothing has to be counted before the next operation can be queued.
Method: whole-word masking of google-research/bert, 80 % [MASK], 10 % a random piece, 10 % unchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..tokenization.vocabulary import CONTINUATION, Vocabulary
from .rows import IGNORED

_WORDS, _ACTION, _REPLACEMENT = 1, 2, 3  # separate streams of random numbers
_SLACK = 2  # places beyond the budget, for the rest of a word
_BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Masked:
    """Rows with masks, and where they are.

    ids: (rows, length) int64.
    positions: (rows, places) int64, where masked pieces stand.
    labels: (rows, places) int64, what stood there; IGNORED where a place is not used.
    """

    ids: Tensor
    positions: Tensor
    labels: Tensor


class Masker:
    """What draws the masks for a vocabulary; its tables live on ``device``.

    mlm_probability: share of the pieces of a row that are to be predicted.
    """

    def __init__(self, vocabulary: Vocabulary, mlm_probability: float, device: torch.device):
        self.mlm_probability = mlm_probability
        self._size = len(vocabulary)
        ids = vocabulary.ids
        self._mask = ids["[MASK]"]
        special = torch.zeros(self._size, dtype=torch.bool)
        special[[ids["[PAD]"], ids["[CLS]"], ids["[SEP]"]]] = True
        self._special = special.to(device)
        self._continues = torch.tensor([token.startswith(CONTINUATION) for token in vocabulary.tokens], device=device)

    def __call__(self, ids: Tensor, keys: Tensor) -> Masked:
        """Mask rows.

        ids: (rows, length) integers.
        keys: (rows,) int64 of 32 bits.
        """
        ids = ids.long()
        n_places = math.ceil(self.mlm_probability * ids.shape[1]) + _SLACK
        candidates = ~self._special[ids]
        words = self._words(ids, candidates)
        positions, chosen = self._choose(words, candidates, keys, n_places)
        original = ids.gather(1, positions)
        labels = torch.where(chosen, original, IGNORED)
        action = random_share(keys, positions, _ACTION)
        other = random_bits(keys, positions, _REPLACEMENT) % self._size
        replaced = torch.where(action < 0.8, self._mask, torch.where(action < 0.9, other, original))
        masked = ids.scatter(1, positions, torch.where(chosen, replaced, original))
        return Masked(masked, positions, labels)

    def _words(self, ids: Tensor, candidates: Tensor) -> Tensor:
        """Find the word that each piece belongs to, (rows, length), numbered from 0 in each row."""
        after_special = torch.zeros_like(candidates)
        after_special[:, 1:] = ~candidates[:, :-1]
        starts = ~self._continues[ids] | after_special
        return starts.long().cumsum(1) - 1

    def _choose(self, words: Tensor, candidates: Tensor, keys: Tensor, n_places: int) -> tuple[Tensor, Tensor]:
        """Take words in random order, until more than half of the next one would pass the budget."""
        length = words.shape[1]
        sizes = torch.zeros_like(words).scatter_add_(1, words, torch.ones_like(words))
        scores = torch.where(candidates, random_bits(keys, words, _WORDS), 1 << 32)
        order = scores.argsort(dim=1, stable=True)
        in_order = words.gather(1, order)
        rank = torch.arange(length, device=words.device).expand_as(words)
        starts = torch.ones_like(candidates)
        starts[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
        first = torch.where(starts, rank, 0).cummax(1).values
        size = sizes.gather(1, in_order)
        budget = self.mlm_probability * candidates.sum(1, keepdim=True)
        whole = (first + size / 2 <= budget.clamp(min=1)) & (first + size <= n_places)
        chosen = whole & candidates.gather(1, order)
        return order[:, :n_places], chosen[:, :n_places]


def random_bits(keys: Tensor, numbers: Tensor, stream: int) -> Tensor:
    """Draw 32 bits for each (row's key, number in the row): int64 in 0 … 2³² - 1.

    They follow from the key alone: the same on every device, in every order, after every resume.

    keys: (rows,) int64 of 32 bits.
    numbers: (rows, n) int64.
    stream: what they are for; others are independent.
    """
    return _mixed(_mixed(keys[:, None] ^ (stream * 0x9E3779B9 & _BITS)) ^ (numbers * 0x85EBCA6B & _BITS))


def random_share(keys: Tensor, numbers: Tensor, stream: int) -> Tensor:
    """Draw numbers in [0, 1), float64. Arguments as of ``random_bits``."""
    return random_bits(keys, numbers, stream).double() / (1 << 32)


def _mixed(value: Tensor) -> Tensor:
    """Apply the finaliser of MurmurHash3 (Appleby 2016, public domain); products wrap, only 32 bits are kept."""
    value = value ^ (value >> 16)
    value = value * 0x85EBCA6B & _BITS
    value = value ^ (value >> 13)
    value = value * 0xC2B2AE35 & _BITS
    return value ^ (value >> 16)
