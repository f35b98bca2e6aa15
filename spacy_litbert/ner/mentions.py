"""Put mentions with their confidences on Docs: all of them as spans, the best ones that don't overlap as entities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ..confidence import SCORES, has_scores, spans_of
from ..types import FloatArray, IntArray

_BEGINS = 3  # of Token.ent_iob
Place = tuple[int, int, int]  # first character, the one behind the last, label


@dataclass(frozen=True)
class DocMentions:
    """The mentions of a Doc by place, the longer first: tokens ``starts[i] … ends[i] - 1``."""

    labels: IntArray
    starts: IntArray
    ends: IntArray
    confidences: FloatArray


def split(mentions: DocMentions, starts: IntArray) -> Iterator[DocMentions]:
    """Yield the mentions of each Doc from those of Docs that lie end to end.

    starts: (docs + 1,) the first token of each Doc, and the end of the last one.
    """
    order = np.lexsort((mentions.labels, -mentions.ends, mentions.starts))
    places = np.searchsorted(mentions.starts[order], starts)
    for first, begin, end in zip(starts, places[:-1], places[1:]):
        chosen = order[begin:end]
        own = mentions.labels[chosen], mentions.starts[chosen] - first, mentions.ends[chosen] - first
        yield DocMentions(*own, mentions.confidences[chosen])


def annotate(doc: Doc, mentions: DocMentions, labels: list[int], key: str) -> None:
    """Set ``doc.spans[key]``, with the confidences in its attrs, and ``doc.ents``.

    labels: the strings' ids of the labels. What a group with scores has of others, which another component found,
        stays. A group without scores is replaced, as ``spancat`` does.

    Entities that are there already stay, as do tokens that are blocked; of mentions that overlap the one with the
    higher confidence becomes an entity. What the group had of these labels was found before, and goes with its
    entities.
    """
    places = zip(mentions.starts.tolist(), mentions.ends.tolist(), mentions.labels.tolist())
    spans = [Span(doc, start, end, labels[label]) for start, end, label in places]
    earlier, others = _found_before(doc, labels, key)
    group = sorted([*zip(spans, mentions.confidences.tolist()), *others], key=lambda one: (one[0].start, -one[0].end))
    scores = np.array([score for _, score in group], dtype=np.float64)
    doc.spans[key] = SpanGroup(doc, name=key, spans=[span for span, _ in group], attrs={SCORES: scores})
    entities, blocked = _entities(doc, spans, mentions.confidences, earlier)
    doc.set_ents(entities, blocked=blocked, default="outside")


def _found_before(doc: Doc, labels: list[int], key: str) -> tuple[set[Place], list[tuple[Span, float]]]:
    """Return what the group has of these labels, and what of others with its scores."""
    group = doc.spans.get(key)
    if group is None or not has_scores(group):
        return set(), []
    scored = [(span, float(score)) for span, score in zip(spans_of(group), group.attrs[SCORES]) if span is not None]
    own = {_place(span) for span, _ in scored if span.label in labels}
    return own, [(span, score) for span, score in scored if span.label not in labels]


def _place(span: Span) -> Place:
    return span.start_char, span.end_char, span.label


def _entities(
    doc: Doc, spans: list[Span], confidences: FloatArray, earlier: set[Place]
) -> tuple[list[Span], list[Span]]:
    """Return the entities that a Doc is to have, and the tokens that are blocked, for ``Doc.set_ents``.

    earlier: mentions that no longer count.
    """
    iob, types = doc.to_array(["ENT_IOB", "ENT_TYPE"]).T
    blocked = [doc[i : i + 1] for i in np.flatnonzero((iob == _BEGINS) & (types == 0)).tolist()]
    entities = [entity for entity in doc.ents if _place(entity) not in earlier] if types.any() else []
    taken = bytearray(len(doc))
    for span in (*entities, *blocked):
        taken[span.start : span.end] = b"\1" * (span.end - span.start)
    for index in np.argsort(-confidences, kind="stable").tolist():
        span = spans[index]
        start, end = span.start, span.end
        if 1 not in taken[start:end]:
            taken[start:end] = b"\1" * (end - start)
            entities.append(span)
    return entities, blocked
