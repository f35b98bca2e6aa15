"""Text → sentences by rule: fast enough for all of PubMed, exact enough for next-sentence prediction.

A sentence ends at ``.``, ``!`` or ``?`` before white space and something that can begin a sentence,
unless what stands before the mark says otherwise. Where it leaves open whether the sentence ends
(``et al.``, ``spp.``, an initial), the next word decides: ``The`` begins one, ``Smith`` does not.
"""

from __future__ import annotations

import re

import numpy as np

from ..types import BoolArray, IntArray

LONGEST = 96  # wordpieces of a sentence, where it can be cut

# A mark, closing quotes and brackets, white space, and then an upper-case letter, a digit or an opening mark.
_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9À-ÖØ-ÞΑ-ΩА-Яα-ω])")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘/–—-]+$")
_NEXT_WORD = re.compile(r"[\"'“‘(\[]*([A-Za-z]+)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never the end of a sentence.
_INSIDE = _words(
    "e.g i.e cf vs viz dr drs prof mr mrs ms st fig figs eq eqs eqn ref refs tab nos vol vols pp chap sect suppl "
    "approx ca resp incl excl var subsp str cv gen nov comb no jan feb mar apr jun jul aug sep sept oct nov dec"
)
# The end of a sentence only before a word that is known to begin one.
_EITHER = _words(
    "al etc sp spp inc ltd co corp jr sr ph.d m.d m.sc b.sc u.s u.k u.s.a e.u a.m p.m i.v i.p i.m s.c p.o "
    "b.i.d t.i.d q.d min max hr hrs sec wk mo yr yrs dept univ hosp proc assoc natl"
)
_STARTERS = _words(
    "A After All Also Although Among An Another As At Based Because Before Between Both But By Clinical Compared "
    "Conversely Data Despite Due During Each Finally First For From Further Furthermore Given Had Has Have He Here "
    "However I If Importantly In Indeed Is It Its Later Moreover Most Neither Next No None Nevertheless Of On Once "
    "One Only Other Our Overall Patients Recent Recently Results Second She Similarly Since So Some Such Taken That "
    "The Their Then There Therefore These They This Those Three Through Thus To Together Two Under Unlike Until "
    "Using Was We Were What When Where Whereas Whether Which While Who With Within Yet You"
)


def split_sentences(text: str) -> list[str]:
    """Cut a paragraph into sentences, in order, without the white space between them."""
    sentences = []
    begin = 0
    for match in _END.finditer(text):
        if _ends(text, begin, match):
            sentences.append(text[begin : match.end()].strip())
            begin = match.end()
    rest = text[begin:].strip()
    return [*sentences, rest] if rest else sentences


def short_sentences(starts: IntArray, begins_word: BoolArray) -> IntArray:
    """Cut sentences that are longer than ``LONGEST`` wordpieces into parts, each at the last word that still fits.

    Text in which no sentence is seen to end (in small letters, in other scripts, a table) would else be one sentence
    a paragraph, of which a row of text to train on has but the middle.

    starts: (sentences + 1,) the first wordpiece of each sentence. begins_word: (wordpieces,) which begin a word.
    Returns the first wordpiece of each part, with the end of the last one. Sentences without wordpieces are left out.
    """
    words = np.flatnonzero(begins_word)
    parts = [starts[:-1][np.diff(starts) > 0], starts[-1:]]
    at, ends = starts[:-1], starts[1:]
    while len(long := np.flatnonzero(ends - at > LONGEST)):
        at, ends = at[long], ends[long]
        following = np.searchsorted(words, at, side="right")
        fitting = np.searchsorted(words, at + LONGEST, side="right") - 1
        # Of a word that is longer than that, all of it.
        cuts = np.append(words, starts[-1])[np.maximum(following, fitting)]
        inside = cuts < ends
        at, ends = cuts[inside], ends[inside]
        parts.append(at)
    return np.sort(np.concatenate(parts))


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    mark = match.start()
    if text[mark] != ".":
        return True
    before = _LAST_WORD.search(text, max(begin, mark - 24), mark)
    if before is None:
        return True
    word = before.group()
    if not match.group()[1].isspace():
        return True  # "(… et al.) The": the bracket closes, and so does the sentence
    if word.lower() in _INSIDE:
        return False
    if word.isdigit() and before.start() == begin:
        return False  # "1. Introduction"
    initial = len(word) == 1 and word.isupper()
    if initial or word.lower() in _EITHER:
        following = _NEXT_WORD.match(text, match.end())
        return following is not None and following.group(1) in _STARTERS
    return True
