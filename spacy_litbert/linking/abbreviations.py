"""Abbreviations that a text defines, as in ``familial hypercholesterolemia (FH)``.

The method is Schwartz and Hearst's (2003), "A simple algorithm for identifying abbreviation definitions in biomedical
text": the letters of the short form must stand in the long form in their order, the first at the beginning of a word.
Words that begin with just these letters come first (``combined oral contraceptives (COCs)``). Where mentions of a Doc
are known, letters need not match: of two with one label, the second in brackets, the short one stands for the other
(``thyroxine (T4)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from spacy.tokens import Doc, Span

_BRACKETS = re.compile(r"[(\[]([^()\[\]]{2,200})[)\]]")
_SEPARATOR = re.compile(r"[;,:]\s|\s(?:or|and)\s")
_SENTENCE_END = re.compile(r"[.!?;:]\s")
_OPENED, _CLOSED = re.compile(r"\s*[(\[]\s*"), re.compile(r"\s*[)\];:,]")
_BRACKET = re.compile(r"[()\[\]]")
_LOWER = re.compile(r"[a-z]{4}")  # what symbols don't have
_WORD = re.compile(r"[^\W_]+")
_LONGEST_SHORT = 12  # characters


def find_abbreviations(text: str) -> dict[str, str]:
    """Return the long form of each abbreviation that the text defines; the first definition counts."""
    found: dict[str, str] = {}
    for match in _BRACKETS.finditer(text):
        before = _SENTENCE_END.split(text[max(0, match.start() - 300) : match.start()])[-1].strip()
        inside = match[1].strip()
        pair = None
        for short in dict.fromkeys((inside, _SEPARATOR.split(inside)[0].strip())):
            if _is_short(short):
                pair = pair or _pair(short, before)
        if pair is None and before:
            short = before.split()[-1]
            if _is_short(short):
                pair = _pair(short, inside, whole=True)
        if pair is not None:
            found.setdefault(*pair)
    return found


def abbreviations_of(doc: Doc, spans: Sequence[Span] = ()) -> dict[str, str]:
    """Return the long forms by short form: what scispaCy's detector left in ``doc._.abbreviations``, or found here.

    spans: mentions; the brackets around short ones tell what these stand for. Short forms are there in the singular and
    in the plural. Where the detector left dictionaries (its ``make_serializable``), these are read as well.
    """
    if not (Doc.has_extension("abbreviations") and doc._.abbreviations):
        text = doc.text
        found = find_abbreviations(text)
        for short, long in _in_brackets(text, spans):
            found.setdefault(short, long)
        return {**{_other_number(short): long for short, long in found.items()}, **found}
    found = {}
    for short in doc._.abbreviations:
        if isinstance(short, dict):
            found.setdefault(short["short_text"], short["long_text"])
        else:
            found.setdefault(short.text, short._.long_form.text)
    return found


def _in_brackets(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """Yield short and long mentions of which one follows the other in brackets, alone or first."""
    ordered = sorted(spans, key=lambda span: (span.start_char, span.end_char))
    for first, second in pairwise(ordered):
        if first.label != second.label or first.end_char > second.start_char:
            continue
        if _OPENED.fullmatch(text, first.end_char, second.start_char) and _CLOSED.match(text, second.end_char):
            short, long = sorted((first.text, second.text), key=len)
            if _is_symbol(short) and _LOWER.search(long):
                yield short, long


def _other_number(short: str) -> str:
    """Return the plural of an abbreviation, or the singular of one that is a plural, as ``RNAs``."""
    return short[:-1] if short.endswith("s") and short[-2:-1].isupper() else f"{short}s"


def _is_short(text: str) -> bool:
    return len(text) >= 2 and text[0].isalnum() and any(c.isalpha() for c in text) and _is_symbol(text, of_letters=0)


def _is_symbol(text: str, of_letters: int = 2) -> bool:
    """Return whether a name is short and has a capital or a digit, or so few letters that it needs none."""
    is_marked = len(text) <= of_letters or any(c.isupper() or c.isdigit() for c in text)
    return is_marked and len(text) <= _LONGEST_SHORT and len(text.split()) <= 2


def _pair(short: str, candidate: str, *, whole: bool = False) -> tuple[str, str] | None:
    """Return short and long form if the candidate, or its end, spells out the short form.

    whole: the long form must be all of the candidate.
    """
    n_letters = sum(c.isalnum() for c in short)
    words = candidate.split()
    words = words[-min(n_letters + 5, 2 * n_letters) :] if not whole else words
    candidate = " ".join(words)
    start = _start_of_initials(short, candidate)
    if start is None:
        start = _start_of_long(short, candidate)
    if start is None or (whole and start > 0):
        return None
    long = candidate[start:].strip(" \"'“”")
    in_order = len(long) > len(short) and short not in long.split() and not _BRACKET.search(long)
    fits = len(long.split()) <= min(n_letters + 5, 2 * n_letters)
    return (short, long) if in_order and fits else None


def _start_of_initials(short: str, long: str) -> int | None:
    """Return where the words begin that have the letters of the short form as initials, but for its plural's s."""
    letters = [c.lower() for c in short if c.isalnum()]
    words = list(_WORD.finditer(long))
    for wanted in (letters, letters[:-1] if short.endswith("s") else []):
        if len(wanted) > 1 and [word[0][0].lower() for word in words[-len(wanted) :]] == wanted:
            return words[-len(wanted)].start()
    return None


def _start_of_long(short: str, long: str) -> int | None:
    """Return where the long form begins; None if it does not spell out the short one.

    Going backwards, each letter must be found, the first one at the beginning of a word.
    """
    place = len(long)
    for i in range(len(short) - 1, -1, -1):
        letter = short[i].lower()
        if not letter.isalnum():
            continue
        place -= 1
        while place >= 0 and (long[place].lower() != letter or (i == 0 and place > 0 and long[place - 1].isalnum())):
            place -= 1
        if place < 0:
            return None
    return long.rfind(" ", 0, place) + 1
