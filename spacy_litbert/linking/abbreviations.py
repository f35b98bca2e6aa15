"""Abbreviations that a text defines, as in ``familial hypercholesterolemia (FH)``.

The method is Schwartz and Hearst's (2003), "A simple algorithm for identifying abbreviation definitions in biomedical
text": the letters of the short form must stand in the long form in their order, the first at the beginning of a word.
Words that begin with just these letters come first (``combined oral contraceptives (COCs)``). Where mentions of a Doc
are known, letters need not match: of two with one label, the second in brackets, the short one stands for the other
(``thyroxine (T4)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

_LONGEST_BRACKETS = 200  # characters
_BRACKETS = re.compile(rf"[(\[]([^()\[\]]{{2,{_LONGEST_BRACKETS}}})[)\]]")
_SEPARATOR = re.compile(r"[;,:]\s|\s(?:or|and)\s")
_SENTENCE_END = re.compile(r"[.!?;:]\s")
_OPENED, _CLOSED = re.compile(r"\s*[(\[]\s*"), re.compile(r"\s*[)\];:,]")
_CLOSING = re.compile(r"[)\]]")
_BRACKET = re.compile(r"[()\[\]]")
# As in ``poly(ADP-ribose) polymerase`` and ``(2R)-hydroxybutyrate``.
_IN_WORD = re.compile(r"(?<=[\w-])[(\[][^()\[\]\s]*[)\]]|[(\[][^()\[\]\s]*[)\]](?=[\w-])")
_WRITTEN_TOGETHER = re.compile(r"[^\s/]*$")
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


def abbreviations_of(doc: Doc) -> dict[str, str]:
    """Return the long forms by short form: what scispaCy's detector left in ``doc._.abbreviations``, or found here.

    Where the detector left dictionaries (its ``make_serializable``), these are read as well. What another program has
    under that name counts only if it is a mapping of short to long forms.
    """
    detected = _detected(doc)
    return find_abbreviations(doc.text) if detected is None else detected


def long_forms_of(doc: Doc, spans: Sequence[Span]) -> list[str]:
    """Return for each mention what it stands for by what its text defines; the mention itself where nothing does.

    spans: the mentions, which may overlap. Letters come first, then brackets between mentions of one label, then what
    either says of the singular or the plural. Where scispaCy's detector ran, only what it found counts.
    """
    if not spans:
        return []
    detected = _detected(doc)
    if detected is not None:
        return [detected.get(span.text, span.text) for span in spans]
    by_letters = find_abbreviations(doc.text)
    in_brackets = dict(reversed(list(_in_brackets(doc.text, spans))))  # of several, the first

    def long_form(text: str, label: str) -> str | None:
        return by_letters.get(text) or in_brackets.get((text, label))

    return [
        long_form(span.text, span.label_) or long_form(_other_number(span.text), span.label_) or span.text
        for span in spans
    ]


def _detected(doc: Doc) -> dict[str, str] | None:
    """Return what a detector left; None if none ran, or found nothing."""
    left = doc._.abbreviations if Doc.has_extension("abbreviations") else None
    try:
        pairs = left.items() if isinstance(left, Mapping) else [_pair_of(one) for one in reversed(left or ())]
        found = dict(pairs)  # of several definitions, the first
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return found if found and all(isinstance(form, str) for pair in found.items() for form in pair) else None


def _pair_of(short: Any) -> tuple[str, str]:
    if isinstance(short, dict):
        return short["short_text"], short["long_text"]
    return short.text, short._.long_form.text


def _in_brackets(text: str, spans: Sequence[Span]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield short mentions, by text and label, with the long ones beside them; one of the two stands in brackets."""
    for label in dict.fromkeys(span.label_ for span in spans):
        ordered = sorted(filter_spans(span for span in spans if span.label_ == label), key=lambda span: span.start)
        for first, second, third in zip(ordered, ordered[1:], [*ordered[2:], None]):
            closing = _closing_of(text, first, second)
            if closing is None or (third is not None and third.start_char < closing):
                continue  # or a list, whose first member is not all of it
            short, long = sorted((first, second), key=lambda span: len(span.text))
            # At the beginning of a sentence a capital tells nothing.
            marks = short.text[1:] if _starts_sentence(text, short.start_char) else short.text
            if len(short.text) < len(long.text) and _is_symbol(short.text, marks) and _LOWER.search(long.text):
                yield (short.text, label), long.text


def _closing_of(text: str, first: Span, second: Span) -> int | None:
    """Return where brackets close that begin with the second mention, right behind the first; None if they don't."""
    if _OPENED.fullmatch(text, first.end_char, second.start_char) and _CLOSED.match(text, second.end_char):
        closing = _CLOSING.search(text, second.end_char, second.end_char + _LONGEST_BRACKETS)
        return None if closing is None else closing.start()
    return None


def _starts_sentence(text: str, place: int) -> bool:
    before = text[max(0, place - 20) : place].rstrip()
    return not before or before[-1] in ".!?:"


def _other_number(short: str) -> str:
    """Return the plural of an abbreviation, or the singular of one that is a plural, as ``RNAs``; a letter has none."""
    if not (short.endswith("s") and short[-2:-1].isupper()):
        return f"{short}s" if len(short) > 1 else short
    return short[:-1] if len(short) > 2 else short


def _is_short(text: str) -> bool:
    is_name = text[:1].isalnum() and any(c.isalpha() for c in text)
    return is_name and len(text) >= 2 and _is_of_size(text) and _is_marked(text)


def _is_symbol(text: str, marks: str) -> bool:
    """Return whether a mention is short, and has so few letters or such marks that it may stand for a longer one."""
    return _is_of_size(text) and (len(text) <= 2 or _is_marked(marks))


def _is_of_size(text: str) -> bool:
    return len(text) <= _LONGEST_SHORT and len(text.split()) <= 2


def _is_marked(text: str) -> bool:
    return any(c.isupper() or c.isdigit() for c in text)


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
    in_order = len(long) > len(short) and short not in long.split() and not _BRACKET.search(_IN_WORD.sub("", long))
    fits = len(long.split()) <= min(n_letters + 5, 2 * n_letters)
    return (short, long) if in_order and fits else None


def _start_of_initials(short: str, long: str) -> int | None:
    """Return where the words begin that have the letters of the short form as initials, but for its plural's s.

    Words end at hyphens too, but none of what is written together is left behind.
    """
    letters = [c.lower() for c in short if c.isalnum()]
    words = list(_WORD.finditer(long))
    for wanted in (letters, letters[:-1] if short.endswith("s") else []):
        if len(wanted) > 1 and [word[0][0].lower() for word in words[-len(wanted) :]] == wanted:
            start = words[-len(wanted)].start()
            return start - len(_WRITTEN_TOGETHER.findall(long[:start])[0])
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
