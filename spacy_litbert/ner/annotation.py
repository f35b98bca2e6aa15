"""What gold Docs say: which labels were annotated, which mentions are there, and which tags tokens therefore have.

A Doc says which labels were annotated in it by spans: ``doc.spans["litbert_annotated"]`` has one over the annotated
text, as a rule the whole Doc, for each such label. Spans survive DocBin, ``Doc.to_disk`` and ``Example.to_dict``
without any setting, where ``doc.user_data`` and extensions need ``store_user_data``. A Doc without this group has all
labels annotated; one where the group is empty has none. spaCy's own ``Span.as_doc`` drops the group with all other
spans, so corpora are to be split into sentences before they are marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..confidence import SCORES, has_scores, spans_of, stored_spans
from ..errors import Errors, LitBertError
from ..types import BoolArray, IntArray
from .decoding import BEGINS, ENDS, INSIDE, OUTSIDE, SINGLE

ANNOTATED = "litbert_annotated"


def set_annotated(doc: Doc, labels: Iterable[str]) -> None:
    """Say that these labels, and no others, were annotated in the whole Doc.

    Raises LitBertError L435 for a single string, whose letters would be the labels.
    """
    if isinstance(labels, str):
        raise LitBertError(Errors.L435.format(labels=labels))
    doc.spans[ANNOTATED] = [Span(doc, 0, len(doc), label) for label in labels] if len(doc) else []


def mentions_of(doc: Doc, key: str | None) -> Sequence[Span]:
    """Return the gold mentions: ``doc.spans[key]``, which may overlap, or ``doc.ents`` where there is no such group.

    A group with a score for each span is what a recognizer found. If somebody has corrected ``doc.ents`` since, these
    are the gold; a group that got spans or lost some has another number of them than scores, and is gold itself.
    Mentions are without white space at their ends, which no recognizer finds either.
    """
    group = doc.spans.get(key)
    spans = doc.ents if group is None or (has_scores(group) and _was_corrected(doc, group)) else spans_of(group)
    return [trimmed for span in spans if span is not None and (trimmed := _without_space(span)) is not None]


def labels_of(examples: Iterable[Example], key: str) -> list[str]:
    """Return the labels of gold mentions, and those that Docs say were annotated, in the order of the alphabet."""
    labels: set[str] = set()
    for example in examples:
        labels.update(span.label_ for span in mentions_of(example.reference, key))
        if ANNOTATED in example.reference.spans:
            labels.update(span.label_ for span in example.reference.spans[ANNOTATED])
    return sorted(labels)


def _without_space(span: Span) -> Span | None:
    """Return a mention without the tokens of white space at its ends; None if it has no others."""
    if not (span[0].is_space or span[-1].is_space):
        return span
    words = [token.i for token in span if not token.is_space]
    if not words:
        return None
    return Span(span.doc, words[0], words[-1] + 1, span.label, kb_id=span.kb_id, span_id=span.id)


def _was_corrected(doc: Doc, found: SpanGroup) -> bool:
    """Return whether ``doc.ents`` are not what is made of the mentions found: those that no surer one covers."""
    if not doc.has_annotation("ENT_IOB"):
        return False
    ents = {(ent.start_char, ent.end_char, ent.label) for ent in doc.ents}
    scored = zip(stored_spans(found), found.attrs[SCORES])
    sure = {(one.start_char, one.end_char, one.label): score for one, score in scored}
    if not ents <= sure.keys():
        return True
    gone = sure.keys() - ents
    return not all(any(_overlap(ent, place) and not sure[ent] < sure[place] for ent in ents) for place in gone)


def _overlap(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def known_tokens(doc: Doc, label: str, key: str | None) -> BoolArray:
    """Return for each token whether it is known if a mention of the label is there, (tokens,).

    Not known are tokens where the label was not annotated, and those that spaCy calls missing (``ent_iob`` 0), unless
    the mentions are ``doc.spans[key]`` and nothing is said of entities.
    """
    known = np.ones(len(doc), dtype=bool) if ANNOTATED not in doc.spans else _annotated(doc, label)
    if key not in doc.spans or doc.has_annotation("ENT_IOB"):
        known &= doc.to_array("ENT_IOB") != 0
    return known


def tags_of(example: Example, labels: Sequence[str], key: str) -> tuple[IntArray, BoolArray]:
    """Return the gold tags of the predicted Doc's tokens, and which of them are known, both (tokens, labels).

    Of mentions of the same label that overlap the longest is learned, as a sequence of tags can't hold them all. Where
    a mention does not fall on tokens of the predicted Doc, these are not known. Mentions of other labels do not count.
    """
    predicted, reference = example.predicted, example.reference
    tags = np.full((len(predicted), len(labels)), OUTSIDE, dtype=np.int64)
    known = np.stack([known_tokens(reference, label, key) for label in labels], axis=1)
    known = _to_predicted(example, known)
    columns = {label: column for column, label in enumerate(labels)}
    for span in sorted(mentions_of(reference, key), key=lambda span: span.start - span.end):
        if span.label_ not in columns:
            continue
        column = columns[span.label_]
        aligned = example.get_aligned_spans_y2x([span], allow_overlap=True)
        if not aligned:
            touched = np.asarray(example.alignment.y2x[span.start : span.end], dtype=np.int64)
            known[touched[tags[touched, column] == OUTSIDE], column] = False
        elif not tags[aligned[0].start : aligned[0].end, column].any():
            first, last = aligned[0].start, aligned[0].end - 1
            tags[first : last + 1, column] = INSIDE
            tags[first, column], tags[last, column] = (BEGINS, ENDS) if first < last else (SINGLE, SINGLE)
    return tags, known


def _annotated(doc: Doc, label: str) -> BoolArray:
    annotated = np.zeros(len(doc), dtype=bool)
    for span in doc.spans[ANNOTATED]:
        if span.label_ == label:
            annotated[span.start : span.end] = True
    return annotated


def _to_predicted(example: Example, values: BoolArray) -> BoolArray:
    """Return for each predicted token whether all reference tokens aligned with it have True, by column.

    One that no reference token is aligned with has False.
    """
    x2y = example.alignment.x2y
    lengths = np.asarray(x2y.lengths, dtype=np.int64)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    result = np.ones((len(lengths), values.shape[1]), dtype=bool)
    np.logical_and.at(result, owners, values[np.asarray(x2y[:], dtype=np.int64)])
    result[lengths == 0] = False
    return result
