"""Abbreviations that a text defines, as in ``familial hypercholesterolemia (FH)``.

The method is Schwartz and Hearst's (2003), "A simple algorithm for identifying abbreviation definitions in biomedical
text": the letters of the short form must stand in the long form in their order, the first at the beginning of a word.
"""

from __future__ import annotations

import re

from spacy.tokens import Doc

_BRACKETS = re.compile(r"[(\[]([^()\[\]]{2,200})[)\]]")
_SEPARATOR = re.compile(r"[;,]\s|\s(?:or|and)\s")
_SENTENCE_END = re.compile(r"[.!?;:]\s")
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


def abbreviations_of(doc: Doc) -> dict[str, str]:
    """Return the long forms by short form: what scispaCy's detector left in ``doc._.abbreviations``, or found here.

    Where the detector left dictionaries (its ``make_serializable``), these are read as well.
    """
    if not (Doc.has_extension("abbreviations") and doc._.abbreviations):
        return find_abbreviations(doc.text)
    found: dict[str, str] = {}
    for short in doc._.abbreviations:
        if isinstance(short, dict):
            found.setdefault(short["short_text"], short["long_text"])
        else:
            found.setdefault(short.text, short._.long_form.text)
    return found


def _is_short(text: str) -> bool:
    return (
        2 <= len(text) <= _LONGEST_SHORT
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(c.isalpha() for c in text)
        and (any(c.isupper() for c in text) or any(c.isdigit() for c in text))
    )


def _pair(short: str, candidate: str, *, whole: bool = False) -> tuple[str, str] | None:
    """Return short and long form if the candidate, or its end, spells out the short form.

    whole: the long form must be all of the candidate.
    """
    n_letters = sum(c.isalnum() for c in short)
    words = candidate.split()
    words = words[-min(n_letters + 5, 2 * n_letters) :] if not whole else words
    candidate = " ".join(words)
    start = _start_of_long(short, candidate)
    if start is None or (whole and start > 0):
        return None
    long = candidate[start:].strip(" \"'“”")
    in_order = len(long) > len(short) and short not in long.split()
    fits = len(long.split()) <= min(n_letters + 5, 2 * n_letters)
    return (short, long) if in_order and fits else None


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
