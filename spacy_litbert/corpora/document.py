"""What every corpus file is read into: a text and the mentions marked in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Mention:
    """A marked span of a text: characters ``start … end - 1`` (Unicode code points).

    ids: the concepts that it stands for, if the file says so; several for "liver and kidney failure". They don't
    count when mentions are compared.
    """

    start: int
    end: int
    label: str
    ids: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Document:
    """A text with its mentions, sorted by their place."""

    id: str
    text: str
    entities: tuple[Mention, ...]


def problem_of(mention: Mention, text: str) -> str | None:
    """Say in words what is wrong with a mention of this text; None if nothing is."""
    if not 0 <= mention.start < mention.end <= len(text):
        return f"a mention stands at {mention.start}–{mention.end}, but the text has {len(text)} characters."
    marked = text[mention.start : mention.end]
    if marked != marked.strip():
        return f"the mention {marked!r} begins or ends with white space. Move its offsets to the words."
    return None


def keep_longest(mentions: Iterable[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Choose mentions that don't overlap, the longest first; return those and the ones that gave way, both sorted.

    Of mentions of equal length the one that starts first is kept.
    """
    kept: list[Mention] = []
    dropped: list[Mention] = []
    for mention in sorted(set(mentions), key=lambda m: (m.start - m.end, m)):
        overlaps = any(mention.start < other.end and other.start < mention.end for other in kept)
        (dropped if overlaps else kept).append(mention)
    return sorted(kept), sorted(dropped)
