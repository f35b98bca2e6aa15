"""``span._.confidence``: how sure a component, or the file that a Doc was read from, is of a mention."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from spacy.tokens import Span, SpanGroup

NAME = "confidence"
SCORES = "scores"  # the attribute of a group of spans that holds their confidences, as spancat has it


def register_confidence() -> None:
    """Make ``span._.confidence`` known, unless a program has an extension of this name."""
    if not Span.has_extension(NAME):
        Span.set_extension(NAME, getter=_get, setter=_set)


def confidences(group: SpanGroup) -> list[float | None]:
    """Return the confidences of a group's spans: its scores where it has them, else those of the spans."""
    scores = group.attrs.get(SCORES)
    if scores is not None and len(scores) == len(group):
        return [float(score) for score in scores]
    return [None if span._.confidence is None else float(span._.confidence) for span in group]


def _get(span: Span) -> float | None:
    """Return the score of a span in any group of ``doc.spans`` that has scores, else what was set for it, or None.

    It works for spans of these groups and for those of ``doc.ents`` alike.
    """
    for group in span.doc.spans.values():
        scores = group.attrs.get(SCORES)
        if scores is not None and len(scores) == len(group):
            index = _find(span, group)
            if index is not None:
                return float(scores[index])
    found: float | None = _user_data(span).get(_key(span))
    return found


def _set(span: Span, value: float | None) -> None:
    _user_data(span)[_key(span)] = value


def _key(span: Span) -> tuple[str, str, int, int]:
    # spaCy's own for the extensions of spans: ``Span.as_doc`` moves it, and DocBin keeps it.
    return "._.", NAME, span.start_char, span.end_char


def _user_data(span: Span) -> dict[Any, Any]:
    return span.doc.user_data


def _find(span: Span, group: Any) -> int | None:
    # Our groups are sorted; others are not, and are searched from end to end.
    for index in range(bisect_left(range(len(group)), span.start, key=lambda i: group[i].start), len(group)):
        if group[index].start != span.start:
            break
        if _same(span, group[index]):
            return index
    return next((index for index, other in enumerate(group) if _same(span, other)), None)


def _same(one: Span, other: Span) -> bool:
    return (one.start, one.end, one.label) == (other.start, other.end, other.label)
