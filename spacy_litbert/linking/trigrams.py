"""Search for similar names: the cosine of TF-IDF vectors of character trigrams, exact, with pruning.

A form (a folded name) is the set of its trigrams, a blank before and behind it included. Each counts once, with its
inverse document frequency as the weight, so that the postings are numbers of forms alone and a form's norm is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .columns import Array, Lists, read_array, read_lists, starts_of, write_array

_CHUNK = 1 << 16  # forms whose trigrams are made at a time
_LONG = 12  # a list is long that holds one form of so many
_ROUNDING = 1e-5
_ZERO, _NEVER = np.float32(0), np.float32(-1e9)
_BITS = 21  # of a code point


def trigram_codes(form: str) -> Array:
    """Return the distinct trigrams of a form as numbers in order, (n,) uint64; a form of one letter has one."""
    return np.unique(_codes(f" {form} "))


def write_trigrams(folder: Path, forms: Sequence[str], *, progress: bool = False) -> None:
    """Write the postings and norms of forms."""
    index = make_trigrams(forms, progress=progress)
    write_array(folder, "trigrams", index.codes)
    write_array(folder, "postings_starts", index.postings.starts)
    write_array(folder, "postings", index.postings.data)
    write_array(folder, "norms", index.norms)


def make_trigrams(forms: Sequence[str], *, progress: bool = False) -> TrigramIndex:
    """Make the postings and norms of forms."""
    chunks = [
        _pairs(forms[start : start + _CHUNK], start)
        for start in tqdm(range(0, len(forms), _CHUNK), "trigrams", disable=not progress, unit=" chunks")
    ]
    codes = np.unique(np.concatenate([np.unique(codes) for codes, _ in chunks] or [np.zeros(0, np.uint64)]))
    frequencies = np.zeros(len(codes), np.int64)
    for chunk, _ in chunks:
        frequencies += np.bincount(np.searchsorted(codes, chunk), minlength=len(codes))
    starts = starts_of(frequencies)
    weights = _inverse_document_frequency(frequencies, len(forms))
    postings = np.empty(starts[-1], np.int32)
    norms = np.zeros(len(forms), np.float64)
    filled = starts[:-1].copy()
    for chunk, owners in chunks:  # in the order of forms, so that each list is sorted
        terms = np.searchsorted(codes, chunk)
        norms += np.bincount(owners, weights[terms] ** 2, minlength=len(forms))
        order = np.argsort(terms, kind="stable")
        terms, owners = terms[order], owners[order]
        first = np.searchsorted(terms, terms, "left")
        postings[filled[terms] + np.arange(len(terms)) - first] = owners
        filled += np.bincount(terms, minlength=len(codes))
    return TrigramIndex(codes, Lists(postings, starts), np.sqrt(norms).astype(np.float32))


@dataclass(frozen=True)
class TrigramIndex:
    """The postings of forms, memory-mapped."""

    codes: Array
    postings: Lists
    norms: Array

    @classmethod
    def open(cls, folder: Path) -> TrigramIndex:
        """Map what ``write_trigrams`` wrote."""
        return cls(read_array(folder, "trigrams"), read_lists(folder, "postings"), read_array(folder, "norms"))

    def search(self, form: str, k: int, allowed: Array | None = None) -> tuple[Array, Array]:
        """Find the k forms with the highest cosine.

        allowed: (n_forms,) bool; which forms count.

        Returns their numbers, (≤ k,) int64, and cosines, float64: highest first, ties by number. Lists of frequent
        trigrams are left unread once nothing that they alone lead to can come among the k (and are then looked up for
        those found), so the result is that of comparing all.
        """
        terms, weights, _ = self._weigh(form)
        if not len(terms) or k < 1:
            return np.zeros(0, np.int64), np.zeros(0)
        # What the trigrams read so far add up to; forms that don't count never get above zero.
        partial = np.zeros(len(self.norms), np.float32) if allowed is None else np.where(allowed, _ZERO, _NEVER)
        squares = (weights**2).astype(np.float32)
        rest = np.append(np.cumsum(squares[::-1])[::-1], _ZERO)  # what the terms from here on add at most
        for i, term in enumerate(terms):
            postings = self.postings[term]
            if rest[i] <= rest[0] / 2 and len(postings) * _LONG > len(partial):
                # A form with none of the terms so far has a cosine of at most √rest / query norm, so until half of the
                # weight is read nothing can be ruled out. To look costs about as much as a long list.
                found, reached = self._reached(partial, k)
                if len(found) >= k and reached.min() >= np.sqrt(rest[i]):
                    kth = reached.min()
                    found = np.flatnonzero(partial > 0)
                    found = found[(partial[found] + rest[i]) / self.norms[found] * (1 + _ROUNDING) >= kth]
                    break
            partial[postings] += squares[i]
        else:
            found, _ = self._reached(partial, k)
        scores = self.cosines(form, found)
        order = np.lexsort((found, -scores))[:k]
        return found[order], scores[order]

    def cosines(self, form: str, numbers: Array) -> Array:
        """Return the cosine of a form and each of those with the given numbers, float64."""
        terms, weights, query_norm = self._weigh(form)
        dots = np.zeros(len(numbers))
        wanted = numbers.astype(self.postings.data.dtype)
        for term, square in zip(terms, weights**2):
            postings = self.postings[term]
            places = postings.searchsorted(wanted)
            dots += square * (postings.take(places, mode="clip") == wanted)
        norms = self.norms[numbers].astype(np.float64) * query_norm
        return np.round(np.divide(dots, norms, out=np.zeros(len(numbers)), where=norms > 0), 6)

    def _reached(self, partial: Array, k: int) -> tuple[Array, Array]:
        """Return the forms that are among the best k so far, or as good but for rounding, and what they reached."""
        found = np.flatnonzero(partial > 0)
        reached = partial[found] / self.norms[found]
        if len(found) > k:
            best = reached >= np.partition(reached, -k)[-k] * (1 - _ROUNDING)
            found, reached = found[best], reached[best]
        return found, reached

    def _weigh(self, form: str) -> tuple[Array, Array, float]:
        """Return the known trigrams of a form, the rarest first, their weights, and the norm with all trigrams."""
        codes = trigram_codes(form)
        terms = np.searchsorted(self.codes, codes)
        known = terms < len(self.codes)
        known[known] = self.codes[terms[known]] == codes[known]
        frequencies = np.zeros(len(codes), np.int64)
        frequencies[known] = self.postings.starts[terms[known] + 1] - self.postings.starts[terms[known]]
        weights = _inverse_document_frequency(frequencies, len(self.norms))
        norm = float(np.sqrt((weights**2).sum()))
        terms, weights = terms[known], weights[known]
        order = np.argsort(-weights, kind="stable")
        return terms[order], weights[order], norm


def _pairs(forms: Sequence[str], first: int) -> tuple[Array, Array]:
    """Return each distinct pair of a trigram's code and a form's number, (n,) uint64 and int64, by form."""
    lengths = np.fromiter(map(len, forms), np.int64, len(forms)) + 3
    codes = _codes(" " + "\0 ".join(f"{form} " for form in forms) + "\0")
    # Trigrams across the border between two forms hold the zero that stands there.
    owners = np.repeat(np.arange(len(forms)), lengths)[: len(codes)]
    mask = np.uint64((1 << _BITS) - 1)
    whole = ((codes & mask) > 0) & (((codes >> np.uint64(_BITS)) & mask) > 0) & ((codes >> np.uint64(2 * _BITS)) > 0)
    codes, owners = codes[whole], owners[whole]
    order = np.lexsort((codes, owners))
    codes, owners = codes[order], owners[order]
    new = np.ones(len(codes), bool)
    new[1:] = (codes[1:] != codes[:-1]) | (owners[1:] != owners[:-1])
    return codes[new], (owners[new] + first).astype(np.int32)


def _codes(text: str) -> Array:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    shift = np.uint64(_BITS)
    return (((points[:-2] << shift) | points[1:-1]) << shift) | points[2:]


def _inverse_document_frequency(frequencies: Array, n: int) -> Array:
    # Smoothed as scikit-learn's, so that a trigram of every form still counts.
    weights: Array = np.log((1 + n) / (1 + frequencies)) + 1
    return weights
