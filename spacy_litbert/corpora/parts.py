"""Cut long texts into parts to train on, for ``[corpora.train.augmenter]`` of a config.

Batches of whole articles hold one text each, whatever their size is meant to be; those of parts hold many, of several
articles. Texts to annotate or to evaluate on need no cutting: the encoder reads them in windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..confidence import SCORES, has_scores
from ..errors import Errors, LitBertError
from ..types import BoolArray

Augmenter = Callable[[Language, Example], Iterator[Example]]
_SENTENCE_ENDS = frozenset(".!?")


def build_cut_long_texts_v1(max_words: int = 1000) -> Augmenter:
    """Build the augmenter ``spacy-litbert.cut_long_texts.v1``: of a long text, examples of its parts.

    max_words: tokens of a part at most.

    A part ends where a line does, else where a sentence seems to, else between two tokens; but no sooner than after
    half of ``max_words``, and never inside a mention, that is, an entity or a span of any group. Spans of more than
    ``max_words`` tokens, such as the text that a label was annotated in, are cut with the text. A part is longer only
    where a mention leaves no other place. The parts together are the text.

    Raises LitBertError L427 for ``max_words`` below 2; when the examples are read, L428 for a long text with
    categories, which its parts might not have.
    """
    if max_words < 2:
        raise LitBertError(Errors.L427.format(value=max_words))

    def cut(nlp: Language, example: Example) -> Iterator[Example]:
        reference = example.reference
        if len(reference) <= max_words:
            yield example
            return
        if reference.cats:
            raise LitBertError(Errors.L428.format(text=reference.text[:60], n=len(reference), max_words=max_words))
        for part in parts(reference, max_words):
            words = [token.text for token in part]
            # Where blanks are unknown, as spaCy's own reader does it: a part no longer says so.
            plain = Doc(nlp.vocab, words=words) if reference.has_unknown_spaces else nlp.make_doc(part.text)
            yield Example(plain, part)

    return cut


def parts(doc: Doc, max_words: int) -> Iterator[Doc]:
    """Yield a Doc's tokens, entities and spans in parts of at most ``max_words`` tokens; see the augmenter."""
    allowed = _between_mentions(doc, max_words)
    start = 0
    while start < len(doc):
        end = _end(doc, start, max_words, allowed)
        yield _part(doc[start:end])
        start = end


def _between_mentions(doc: Doc, max_words: int) -> BoolArray:
    """Return whether a part may end before each token, and at the end of the Doc, (tokens + 1,)."""
    allowed = np.ones(len(doc) + 1, dtype=bool)
    spans = [*doc.ents, *(span for group in doc.spans.values() for span in group if len(span) <= max_words)]
    for span in spans:
        allowed[span.start + 1 : span.end] = False
    return allowed


def _end(doc: Doc, start: int, max_words: int, allowed: BoolArray) -> int:
    """Return the token before which the part ends that begins at ``start``."""
    last = start + max_words
    if last >= len(doc):
        return len(doc)
    places = [place for place in range(last, start + max_words // 2, -1) if allowed[place]]
    for ends in (_ends_line, _ends_sentence):
        for place in places:
            if ends(doc, place):
                return place
    if places:
        return places[0]
    return last + int(np.flatnonzero(allowed[last:])[0])


def _ends_line(doc: Doc, place: int) -> bool:
    return "\n" in doc[place - 1].text_with_ws and "\n" not in doc[place].text


def _ends_sentence(doc: Doc, place: int) -> bool:
    return doc[place - 1].text in _SENTENCE_ENDS and bool(doc[place - 1].whitespace_)


def _part(span: Span) -> Doc:
    part = span.as_doc()
    for key, group in span.doc.spans.items():
        inside = [i for i, one in enumerate(group) if one.start < span.end and span.start < one.end]
        # A group with scores was found, not annotated, and training reads it so.
        attrs = {SCORES: np.asarray(group.attrs[SCORES])[inside]} if has_scores(group) else {}
        spans = [_within(span, group[i], part) for i in inside]
        part.spans[key] = SpanGroup(part, name=key, spans=spans, attrs=attrs)
    return part


def _within(span: Span, one: Span, part: Doc) -> Span:
    """Return what a part of a Doc, which was ``span`` there, has of one of the Doc's spans."""
    start, end = max(one.start, span.start) - span.start, min(one.end, span.end) - span.start
    return Span(part, start, end, one.label_, kb_id=one.kb_id, span_id=one.id)
