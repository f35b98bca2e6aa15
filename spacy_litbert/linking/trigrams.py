"""Search for similar names: the cosine of TF-IDF vectors of character trigrams, exact, with pruning.

A form (a folded name) is the set of its trigrams, a blank before and behind it included. Each counts once, with its
inverse document frequency as the weight, so that the postings are numbers of forms alone and a form's norm is stored.

A trigram's weight is what it adds to a form's squared norm and, if the query has it as well, to their dot product. So a
dot product is at most the square of the smaller norm, and a form that has to reach a certain cosine has a norm within
bounds: the fewer trigrams are left to read, the closer they are. Lists are in the order of norms, for that part of them
to be read alone (the prefix and length filters of set-similarity joins: Bayardo, Ma and Srikant 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..ragged import starts_of
from .columns import Array, Lists, distinct, read_array, read_lists, write_array

_CHUNK = 1 << 16  # forms whose trigrams are made at a time
_READ = 0.6  # of the weight is left to read when something may be ruled out
_LOOK = 1 << 15  # places to read that are worth a look at what can be ruled out
_FEW = 500  # candidates that are compared without ruling out more of them
_ALL = 1 << 17  # forms and places that are all read at once
_WEIGHED = 1024  # forms whose trigrams are kept
_TOGETHER = 64  # forms that are compared with others together
_ROUNDING = 1e-4  # of a cosine, which has six decimals, and of sums of 32 bits
_BITS = 21  # of a code point


def trigram_codes(form: str) -> Array:
    """Return the distinct trigrams of a form as numbers in order, (n,) uint64; a form of one letter has one."""
    return distinct(_codes(f" {form} "))


def write_trigrams(folder: Path, forms: Sequence[str], *, progress: bool = False) -> None:
    """Write the postings and norms of forms."""
    index = make_trigrams(forms, progress=progress)
    write_array(folder, "trigrams", index.codes)
    write_array(folder, "postings_starts", index.postings.starts)
    write_array(folder, "postings", index.postings.data)
    write_array(folder, "norms", index.norms)
    write_array(folder, "norm_forms", index.numbers)


def make_trigrams(forms: Sequence[str], *, progress: bool = False) -> TrigramIndex:
    """Make the postings and norms of forms."""
    chunks = [
        _pairs(forms[start : start + _CHUNK])
        for start in tqdm(range(0, len(forms), _CHUNK), "trigrams", disable=not progress, unit=" chunks")
    ]
    codes = distinct(np.concatenate([distinct(codes) for codes, _ in chunks] or [np.zeros(0, np.uint64)]))
    frequencies = np.zeros(len(codes), np.int64)
    for i, (chunk, sizes) in enumerate(chunks):
        terms = np.searchsorted(codes, chunk).astype(np.int32)
        chunks[i] = terms, sizes
        frequencies += np.bincount(terms, minlength=len(codes))
    squares = _inverse_document_frequency(frequencies, len(forms)) ** 2
    sums = [np.bincount(np.repeat(np.arange(len(sizes)), sizes), squares[terms], len(sizes)) for terms, sizes in chunks]
    norms = np.sqrt(np.concatenate([np.zeros(0), *sums])).astype(np.float32)
    numbers = np.argsort(norms, kind="stable").astype(np.int32)
    places = _inverse(numbers)
    starts = starts_of(frequencies)
    postings = np.empty(starts[-1], np.int32)
    filled = starts[:-1].copy()
    first_form = 0
    for terms, sizes in chunks:
        keys = terms.astype(np.int64) * len(sizes) + np.repeat(np.arange(len(sizes)), sizes)
        terms, owners = np.divmod(np.sort(keys), len(sizes))
        counts = np.bincount(terms, minlength=len(codes))
        first = starts_of(counts)[terms]
        postings[filled[terms] + np.arange(len(terms)) - first] = places[first_form + owners]
        first_form += len(sizes)
        filled += counts
    for start, end in pairwise(starts.tolist()):
        postings[start:end].sort()
    return TrigramIndex(codes, Lists(postings, starts), norms[numbers], numbers, frequencies, len(forms))


@dataclass(frozen=True)
class TrigramIndex:
    """The postings of forms, memory-mapped.

    A form's *place* is its number in the order of norms. postings: places. norms, numbers: of the form at each place.
    frequencies: of trigrams, (codes,) int64, in how many of ``n`` forms each is; more than there are here for a part.
    """

    codes: Array
    postings: Lists
    norms: Array
    numbers: Array
    frequencies: Array
    n: int

    @cached_property
    def places(self) -> Array:
        """The place of each form."""
        return _inverse(self.numbers)

    def part(self, allowed: Array) -> TrigramIndex:
        """Return an index of some of the forms, in memory, to search with the same cosines. allowed: by place."""
        kept = allowed[self.postings.data]
        places = np.cumsum(allowed, dtype=np.int32) - np.int32(1)
        before = np.cumsum(kept, dtype=np.int32 if len(kept) < 1 << 31 else np.int64)  # and with this one
        starts = np.append(0, before)[self.postings.starts].astype(np.int64)
        data = places[self.postings.data[kept]]
        return replace(self, postings=Lists(data, starts), norms=self.norms[allowed], numbers=self.numbers[allowed])

    @classmethod
    def open(cls, folder: Path) -> TrigramIndex:
        """Map what ``write_trigrams`` wrote."""
        postings, norms = read_lists(folder, "postings"), read_array(folder, "norms")
        codes, numbers = read_array(folder, "trigrams"), read_array(folder, "norm_forms")
        return cls(codes, postings, norms, numbers, np.diff(postings.starts), len(norms))

    def in_places(self, allowed: Array) -> Array:
        """Return for each place what ``allowed`` says of its form, for ``search``."""
        found: Array = allowed[self.numbers]
        return found

    def search(self, form: str, k: int, allowed: Array | None = None) -> tuple[Array, Array]:
        """Find the k forms with the highest cosine.

        allowed: (n_forms,) bool by place, from ``in_places``; which forms count.

        Returns their numbers, (≤ k,) int64, and cosines, float64: highest first, ties by number. Nothing is read that
        can't come among the k, so the result is that of comparing all.
        """
        terms, weights, norm = self._weigh(form)
        if not len(terms) or k < 1:
            return np.zeros(0, np.int64), np.zeros(0)
        if len(self.norms) + int((self.postings.starts[terms + 1] - self.postings.starts[terms]).sum()) <= _ALL:
            places, scores = self._compare_all(terms, weights**2, norm, k, allowed)
        else:
            places = self._candidates(terms, (weights**2).astype(np.float32), k, allowed)
            scores = self._compare(terms, weights**2, norm, places)
        found = self.numbers[places].astype(np.int64)
        order = np.lexsort((found, -scores))[:k]
        return found[order], scores[order]

    def _compare_all(
        self, terms: Array, squares: Array, norm: float, k: int, allowed: Array | None
    ) -> tuple[Array, Array]:
        """Return the places of all forms that may be among the k best, and their cosines, float64."""
        postings, owners = self.postings.gather(terms)
        dots = np.bincount(postings, squares[owners], len(self.norms))
        places = np.flatnonzero(dots if allowed is None else dots * allowed)
        cosines = _cosines(dots[places], self.norms[places], norm)
        if len(places) > k:
            best = cosines >= np.partition(cosines, -k)[-k]
            places, cosines = places[best], cosines[best]
        return places, cosines

    def _candidates(self, terms: Array, squares: Array, k: int, allowed: Array | None) -> Array:
        """Return the places of all forms that may be among the k best."""
        rest = np.append(np.cumsum(squares[::-1])[::-1], np.float32(0))  # what the terms from here on add at most
        lengths = np.append(self.postings.starts[terms + 1] - self.postings.starts[terms], 0)
        dots = np.zeros(len(self.norms), np.float32)
        met: list[Array] = []  # places, where they were met first
        aside = np.zeros(0, np.intp)  # places beyond the part of the lists that is read, few of them
        floor, low, high = np.float32(0), np.int32(0), np.int32(len(dots))
        n_met, n_read, stop = 0, 0, len(terms)
        for i, term in enumerate(terms):
            if rest[i] * (1 + _ROUNDING) < floor * floor:
                stop = i
                break
            postings = self.postings[term]
            if floor:
                postings = postings[postings.searchsorted(low) : postings.searchsorted(high)]
            places = postings.astype(np.intp)  # to index by anything else takes ten times as long
            if allowed is not None:
                places = places[allowed[places]]
            before = dots.take(places)
            dots[places] = before + squares[i]
            met.append(places[before == 0])
            n_met += len(met[-1])
            n_read += len(places)
            next_ = lengths[i + 1] * (int(high) - int(low)) // len(dots)
            if rest[i + 1] <= rest[0] * _READ and n_read + next_ >= max(_LOOK, n_met) and next_:
                found = np.concatenate(met)
                floor = max(floor, self._floor(found, dots, terms, squares, k))
                found = self._promising(found, dots, rest[i + 1], floor)
                closer = self._band(floor, rest[i + 1] / floor) if floor else (low, high)
                beyond = found[found >= closer[1]]
                if len(aside) + len(beyond) <= _FEW:
                    low, high = closer
                    found, aside = found[found < high], np.append(aside, beyond)
                met, n_met, n_read = [found], len(found), 0
        found = np.concatenate(met)
        if not floor:
            floor = _kth(dots.take(found) / self.norms.take(found), k) * np.float32(1 - _ROUNDING)
        found = self._promising(found, dots, rest[stop], floor)
        for i in range(stop, len(terms)):
            if len(found) <= _FEW:
                break
            dots[found] += squares[i] * _are_in(found.astype(self.postings.data.dtype), self.postings[terms[i]])
            found = self._promising(found, dots, rest[i + 1], floor)
        return np.append(found, aside)

    def _band(self, least: np.float32, most: np.float32) -> tuple[np.int32, np.int32]:
        """Return the places between which norms are at least ``least`` and at most ``most``."""
        low = self.norms.searchsorted(np.float32(least * (1 - _ROUNDING)), "left")
        high = self.norms.searchsorted(np.float32(most * (1 + _ROUNDING)), "right")
        return np.int32(low), np.int32(high)

    def _promising(self, places: Array, dots: Array, rest: np.float32, floor: np.float32) -> Array:
        """Return the places whose dot products reach the floor if all of the rest is added."""
        return places[(dots.take(places) + rest) * (1 + _ROUNDING) >= floor * self.norms.take(places)]

    def _floor(self, places: Array, dots: Array, terms: Array, squares: Array, k: int) -> np.float32:
        """Return what the k-th best form reaches at least: dot product by its own norm; 0 for fewer places than k."""
        if len(places) < k:
            return np.float32(0)
        reached = dots.take(places) / self.norms.take(places)
        best = places[reached >= _kth(reached, k)]
        whole, best = np.zeros(len(best), np.float32), best.astype(self.postings.data.dtype)
        for term, square in zip(terms, squares):
            whole += square * _are_in(best, self.postings[term])
        return np.float32(np.partition(whole / self.norms[best], -k)[-k] * (1 - _ROUNDING))

    def cosines(self, forms: Sequence[str], numbers: Array, owners: Array, strings: Sequence[str]) -> Array:
        """Return the cosines of several forms and others, (n,) float64.

        numbers: (n,) of the others. owners: (n,) int64, ascending, which of the forms each is compared with.
        strings: all forms of the index, by number.
        """
        found = [np.zeros(0)]
        for first in range(0, len(forms), _TOGETHER):
            some = forms[first : first + _TOGETHER]
            start, end = np.searchsorted(owners, [first, first + len(some)])
            found.append(self._compare_with(some, numbers[start:end], owners[start:end] - first, strings))
        return np.concatenate(found)

    def _compare_with(self, forms: Sequence[str], numbers: Array, owners: Array, strings: Sequence[str]) -> Array:
        known = distinct(numbers)
        which = np.searchsorted(known, numbers)
        trigrams = self._terms_of([strings[number] for number in known.tolist()])
        norms = self.norms[self.places[numbers]]
        squares = np.zeros(len(self.codes))
        found = [np.zeros(0)]
        for form, (start, end) in zip(forms, pairwise(starts_of(np.bincount(owners, minlength=len(forms))).tolist())):
            terms, weights, norm = self._weigh(form)
            squares[terms] = weights**2
            data, rows = trigrams.gather(which[start:end])
            found.append(_cosines(np.bincount(rows, squares[data], end - start), norms[start:end], norm))
            squares[terms] = 0
        return np.concatenate(found)

    def _terms_of(self, forms: Sequence[str]) -> Lists:
        """Return the distinct trigrams of forms that are in the index."""
        codes, owners = _trigrams_of(forms)
        keys = distinct(owners * len(self.codes) + np.searchsorted(self.codes, codes))
        owners, terms = np.divmod(keys, max(len(self.codes), 1))
        return Lists(terms, starts_of(np.bincount(owners, minlength=len(forms))))

    def _compare(self, terms: Array, squares: Array, norm: float, places: Array) -> Array:
        """Return the cosines of the forms at places, float64."""
        if not len(places):
            return np.zeros(0)
        dots = np.zeros(len(places))
        wanted = places.astype(self.postings.data.dtype)
        for term, square in zip(terms.tolist(), squares.tolist()):
            dots += square * _are_in(wanted, self.postings[term])
        return _cosines(dots, self.norms[places], norm)

    @cached_property
    def _weigh(self) -> Callable[[str], tuple[Array, Array, float]]:
        return lru_cache(maxsize=_WEIGHED)(self._weigh_anew)

    def _weigh_anew(self, form: str) -> tuple[Array, Array, float]:
        """Return the known trigrams of a form, the rarest first, their weights, and the norm with all trigrams."""
        codes = trigram_codes(form)
        terms = np.searchsorted(self.codes, codes)
        known = terms < len(self.codes)
        known[known] = self.codes[terms[known]] == codes[known]
        frequencies = np.zeros(len(codes), np.int64)
        frequencies[known] = self.frequencies[terms[known]]
        weights = _inverse_document_frequency(frequencies, self.n)
        norm = float(np.sqrt((weights**2).sum()))
        terms, weights = terms[known], weights[known]
        order = np.argsort(-weights, kind="stable")
        return terms[order], weights[order], norm


def _kth(values: Array, k: int) -> np.float32:
    """Return a value that at least k of the values reach, and few more if they differ; 0 for fewer than k."""
    low, high = np.float32(0), values.max(initial=np.float32(0))
    for _ in range(16 if len(values) > k else 0):
        middle = (low + high) / 2
        n = np.count_nonzero(values >= middle)
        if n >= k:
            low = middle
        else:
            high = middle
        if k <= n <= 2 * k:
            break
    return low


def _cosines(dots: Array, norms: Array, norm: float) -> Array:
    product = norms.astype(np.float64) * norm
    return np.round(np.divide(dots, product, out=np.zeros(len(dots)), where=product > 0), 6)


def _inverse(permutation: Array) -> Array:
    inverse = np.empty_like(permutation)
    inverse[permutation] = np.arange(len(permutation), dtype=permutation.dtype)
    return inverse


def _are_in(places: Array, postings: Array) -> Array:
    """Say of each place whether a list has it; fast if both have one type."""
    if not len(postings):  # as in a part of an index
        return np.zeros(len(places), bool)
    found: Array = postings.take(postings.searchsorted(places), mode="clip") == places
    return found


def _pairs(forms: Sequence[str]) -> tuple[Array, Array]:
    """Return the distinct trigrams' codes of each form, end to end, uint64, and how many each has, int64."""
    codes, owners = _trigrams_of(forms)
    known = distinct(codes)
    owners, places = np.divmod(distinct(owners * len(known) + np.searchsorted(known, codes)), max(len(known), 1))
    return known[places], np.bincount(owners, minlength=len(forms))


def _trigrams_of(forms: Sequence[str]) -> tuple[Array, Array]:
    """Return the trigrams' codes of each form, end to end, uint64, and which of the forms each is of, int64."""
    lengths = np.fromiter(map(len, forms), np.int64, len(forms)) + 3
    codes = _codes(" " + "\0 ".join(f"{form} " for form in forms) + "\0")
    # Trigrams across the border between two forms hold the zero that stands there.
    owners = np.repeat(np.arange(len(forms)), lengths)[: len(codes)]
    mask = np.uint64((1 << _BITS) - 1)
    whole = ((codes & mask) > 0) & (((codes >> np.uint64(_BITS)) & mask) > 0) & ((codes >> np.uint64(2 * _BITS)) > 0)
    return codes[whole], owners[whole]


def _codes(text: str) -> Array:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    shift = np.uint64(_BITS)
    return (((points[:-2] << shift) | points[1:-1]) << shift) | points[2:]


def _inverse_document_frequency(frequencies: Array, n: int) -> Array:
    # Smoothed as scikit-learn's, so that a trigram of every form still counts.
    weights: Array = np.log((1 + n) / (1 + frequencies)) + 1
    return weights
