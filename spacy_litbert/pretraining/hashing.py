"""Random numbers that follow from a row's key alone: the same on every device, in every order, after every resume."""

from __future__ import annotations

from torch import Tensor

_BITS = 0xFFFFFFFF


def random_bits(keys: Tensor, numbers: Tensor, stream: int) -> Tensor:
    """32 bits for each (row's key, number in the row): int64 in 0 … 2³² - 1.

    keys: (rows,) int64 of 32 bits. numbers: (rows, n) int64. stream: what they are for; others are independent.
    """
    return _mixed(_mixed(keys[:, None] ^ (stream * 0x9E3779B9 & _BITS)) ^ (numbers * 0x85EBCA6B & _BITS))


def random_share(keys: Tensor, numbers: Tensor, stream: int) -> Tensor:
    """Numbers in [0, 1) float64. Arguments as of ``random_bits``."""
    return random_bits(keys, numbers, stream).double() / (1 << 32)


def _mixed(value: Tensor) -> Tensor:
    """The finaliser of MurmurHash3 (Appleby 2016, public domain); products wrap, only 32 bits are kept."""
    value = value ^ (value >> 16)
    value = value * 0x85EBCA6B & _BITS
    value = value ^ (value >> 13)
    value = value * 0xC2B2AE35 & _BITS
    return value ^ (value >> 16)
