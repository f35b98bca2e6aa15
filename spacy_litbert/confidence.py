"""``span._.confidence``: how sure a component, or the file that a Doc was read from, is of a mention."""

from __future__ import annotations

import struct
from bisect import bisect_left
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import srsly
from spacy.tokens import Doc, Span, SpanGroup

NAME = "confidence"
SCORES = "scores"  # the attribute of a group of spans that holds their confidences, as spancat has it
_STORED = struct.Struct(">QQQllll")


class StoredSpan(NamedTuple):
    """A span as a group stores it: ids of strings, tokens and characters."""

    id: int
    kb_id: int
    label: int
    start: int
    end: int
    start_char: int
    end_char: int


def stored_spans(group: SpanGroup) -> list[StoredSpan]:
    """Return a group's spans as it stores them.

    Where tokens were merged since (``merge_entities``), their characters are still right; spaCy makes spans of other
    tokens of them, or an IndexError.
    """
    return [StoredSpan._make(_STORED.unpack(one)) for one in srsly.msgpack_loads(group.to_bytes())["spans"]]


def spans_of(group: SpanGroup) -> list[Span | None]:
    """Return a group's spans by their characters; None for one without any, or within a token that was merged since."""
    stored = stored_spans(group)
    if all(_is_placed(one, group.doc) for one in stored):
        return list(group)
    return [
        group.doc.char_span(one.start_char, one.end_char, one.label, kb_id=one.kb_id, span_id=one.id) for one in stored
    ]


def _is_placed(stored: StoredSpan, doc: Doc) -> bool:
    """Tell whether a span's tokens are still those of its characters."""
    if not stored.start < stored.end <= len(doc):
        return False
    first, last = doc[stored.start], doc[stored.end - 1]
    return first.idx == stored.start_char and last.idx + len(last) == stored.end_char


def register_confidence() -> None:
    """Make ``span._.confidence`` known, unless a program has an extension of this name."""
    if not Span.has_extension(NAME):
        Span.set_extension(NAME, getter=_get, setter=_set)


def confidence_of(span: Span) -> float | None:
    """Return the confidence of a span; None if it has none, or a program's own extension says it without a number."""
    found = span._.confidence
    return float(found) if isinstance(found, Real) and not isinstance(found, bool) else None


def confidences(group: SpanGroup) -> list[float | None]:
    """Return the confidences of a group's spans: its scores where it has them, else those of the spans."""
    scores = _scores(group)
    if scores is None:
        return [confidence_of(span) for span in group]
    return [_known(score) for score in scores]


def has_scores(group: SpanGroup) -> bool:
    """Return whether a group has a score for each of its spans, as what a component found has."""
    return _scores(group) is not None


def _get(span: Span) -> float | None:
    """Return the score of a span in any group of ``doc.spans`` that has scores, else what was set for it, or None.

    It works for spans of these groups and for those of ``doc.ents`` alike.
    """
    for group in span.doc.spans.values():
        scores = _scores(group)
        if scores is not None and (index := _find(span, group)) is not None:
            return _known(scores[index])
    found = user_data_of(span).get(_key(span))
    # A number is of a Doc that was written when labels were not told apart.
    return found.get(span.label_) if isinstance(found, dict) else found


def _set(span: Span, value: float | None) -> None:
    """Set the confidence of a span, in the groups that have scores and the span, or else beside the Doc's text."""
    is_found = False
    for group in span.doc.spans.values():
        scores = _scores(group)
        if scores is not None and (index := _find(span, group)) is not None:
            changed = np.array(scores, dtype=np.float64)
            changed[index] = np.nan if value is None else value
            group.attrs[SCORES] = changed
            is_found = True
    if not is_found:
        found = user_data_of(span).get(_key(span))
        user_data_of(span)[_key(span)] = {**(found if isinstance(found, dict) else {}), span.label_: value}


def _scores(group: SpanGroup) -> Any:
    scores = group.attrs.get(SCORES)
    return scores if scores is not None and len(scores) == len(group) else None


def _known(score: Any) -> float | None:
    return None if np.isnan(score) else float(score)


def stored_under(span: Span, name: str) -> tuple[str, str, int, int]:
    """Return the key of ``doc.user_data`` under which a span's value is kept, whatever label and id the span gets.

    It is spaCy's own for the extensions of spans: ``Span.as_doc`` moves it, and DocBin keeps it.
    """
    return "._.", name, span.start_char, span.end_char


def _key(span: Span) -> tuple[str, str, int, int]:
    return stored_under(span, NAME)


def user_data_of(span: Span) -> dict[Any, Any]:
    """Return what programs keep beside the span's Doc, by keys of any kind."""
    return span.doc.user_data


def _find(span: Span, group: SpanGroup) -> int | None:
    wanted = _place(span)
    # Our groups are sorted; others are not, and are searched from end to end.
    try:
        first = bisect_left(range(len(group)), span.start_char, key=lambda i: group[i].start_char)
        for index in range(first, len(group)):
            if group[index].start_char != span.start_char:
                break
            if _place(group[index]) == wanted:
                return index
        places = [_place(other) for other in group]
    except IndexError:
        places = [(one.start_char, one.end_char, one.label) for one in stored_spans(group)]
    return places.index(wanted) if wanted in places else None


def _place(span: Span) -> tuple[int, int, int]:
    return span.start_char, span.end_char, span.label
