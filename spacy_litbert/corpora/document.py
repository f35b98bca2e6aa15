"""What every corpus file is read into: a text, its passages and the mentions marked in it."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import isfinite

from ..errors import LitBertError

_BETWEEN_IDS = re.compile(r"[|+,;]")
_MESH_ID = re.compile(r"[CD]\d{6,9}")
_NO_ID = ("", "-", "-1")


@dataclass(frozen=True, order=True)
class Mention:
    """A marked span of a text: characters ``start … end - 1`` (Unicode code points).

    Mentions are equal if their place and label are; what follows is known beyond that.

    concept_id: of what is meant, as the file says it: ``MESH:D003000``, or several for "liver and kidney failure"; ""
        if nothing is known.
    confidence: the annotator's, a finite number; None if it is not known.
    """

    start: int
    end: int
    label: str
    concept_id: str = field(default="", compare=False)
    confidence: float | None = field(default=None, compare=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids in ``concept_id``. MeSH's get ``MESH:`` where it is missing; ``-`` and ``-1`` are none."""
        ids = (one.strip() for one in _BETWEEN_IDS.split(self.concept_id))
        named = (f"MESH:{one}" if _MESH_ID.fullmatch(one) else one for one in ids if one not in _NO_ID)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class Passage:
    """A part of a text (title, abstract, paragraph …): characters ``start … end - 1``."""

    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True)
class Document:
    """A text with its mentions, sorted by their place.

    Documents are equal if their ids, texts and mentions are.

    passages: in the order of the text, none over another; empty if the text is not divided.
    """

    id: str
    text: str
    entities: tuple[Mention, ...]
    passages: tuple[Passage, ...] = field(default=(), compare=False)

    def bare(self) -> Document:
        """Return only what counts when documents are compared, which all formats hold."""
        return Document(self.id, self.text, tuple(Mention(one.start, one.end, one.label) for one in self.entities))


# What a reader makes of one part of a file. An error stands for the document that could not be read, so that whoever
# reads can go on with the next one.
Item = Document | LitBertError


def attempt(read: Callable[[], Document]) -> Item:
    """Call a function and return what it returns, or the LitBertError that it raises."""
    try:
        return read()
    except LitBertError as error:
        return error


def strictly(items: Iterable[Item]) -> Iterator[Document]:
    """Yield documents; raise the first error that is among them."""
    for item in items:
        if isinstance(item, LitBertError):
            raise item
        yield item


def problem_of(mention: Mention, text: str) -> str | None:
    """Say in words what is wrong with a mention of this text; None if nothing is."""
    if not 0 <= mention.start < mention.end <= len(text):
        return f"a mention stands at {mention.start}–{mention.end}, but the text has {len(text)} characters."
    marked = text[mention.start : mention.end]
    if marked != marked.strip():
        return f"the mention {marked!r} begins or ends with white space. Move its offsets to the words."
    if mention.confidence is not None and not isfinite(mention.confidence):
        return f"the confidence of the mention {marked!r} is {mention.confidence}; it must be a finite number."
    return None


def confidence_in(value: str) -> float | None:
    """Return the finite number that a string writes; None for anything else, such as a level of confidence."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None


def problem_of_passages(passages: Iterable[Passage], text: str) -> str | None:
    """Say in words what is wrong with the passages of this text; None if nothing is."""
    end = 0
    for passage in passages:
        if not end <= passage.start <= passage.end <= len(text):
            place = f"{passage.start}–{passage.end}"
            return f"a passage stands at {place}, after one that ends at {end}, in a text of {len(text)} characters."
        end = passage.end
    return None


def with_all_ids(mentions: Iterable[Mention]) -> list[Mention]:
    """Join mentions of one place and label, whose concept ids are joined by ``|``; the first confidence is kept."""
    joined: dict[Mention, Mention] = {}
    for mention in mentions:
        if (other := joined.get(mention)) is not None:
            ids = dict.fromkeys(filter(None, (*other.concept_id.split("|"), *mention.concept_id.split("|"))))
            confidence = mention.confidence if other.confidence is None else other.confidence
            mention = replace(other, concept_id="|".join(ids), confidence=confidence)
        joined[mention] = mention
    return list(joined.values())


def keep_longest(mentions: Iterable[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Choose mentions that don't overlap, the longest first; return those and the ones that gave way, both sorted.

    Of mentions of equal length the one that starts first is kept.
    """
    kept: list[Mention] = []  # sorted, so that only its neighbours can overlap with another
    dropped: list[Mention] = []
    for mention in sorted(set(mentions), key=lambda m: (m.start - m.end, m)):
        place = bisect(kept, mention)
        overlaps = any(
            one.start < mention.end and mention.start < one.end for one in kept[max(0, place - 1) : place + 1]
        )
        if overlaps:
            dropped.append(mention)
        else:
            kept.insert(place, mention)
    return kept, sorted(dropped)
