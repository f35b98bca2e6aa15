"""Documents as spaCy Docs and back: ids, passages, concept ids and confidence stay with the text.

What spaCy has no place for is an extension: ``doc._.document_id``, ``doc._.passages`` (a list of start, end, kind) and
``span._.confidence``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain

from spacy.tokens import Doc, Span, SpanGroup

from ..confidence import confidence_of, confidences, register_confidence, stored_spans
from ..errors import Errors, LitBertError
from .document import Document, Mention, Passage, keep_longest, with_all_ids

SPANS_KEY = "litbert"  # where ``litbert_ner`` looks for mentions before it looks at entities
_CONTEXT = 12


@dataclass
class Placed:
    """A Doc, and the mentions that its entities can't be.

    misaligned: their ends fall inside tokens; the tokens they touch are marked as missing, but for those of an entity.
    overlapping: a longer one covers part of them, so that they are no entities.
    """

    doc: Doc
    misaligned: list[Mention]
    overlapping: list[Mention]


def register_extensions() -> None:
    """Register the extensions, unless somebody has."""
    for name in ("document_id", "passages"):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)
    register_confidence()


def place(document: Document, tokenizer: Callable[[str], Doc]) -> Placed:
    """Make a Doc of the raw text with the tokenizer's tokens and the mentions as ``doc.ents``.

    Of a mention the concept id is ``ent.kb_id_``, or several, joined by ``|``. Where mentions lie over one another,
    all of them are ``doc.spans["litbert"]`` as well, which is what ``litbert_ner`` learns from.
    """
    doc = identified(tokenizer(document.text), document)
    kept, overlapping = keep_longest(with_all_ids(document.entities))
    spans = {one: doc.char_span(one.start, one.end, one.label, kb_id=one.concept_id) for one in (*kept, *overlapping)}
    misaligned = sorted(mention for mention, span in spans.items() if span is None)
    overlapping = [mention for mention in overlapping if spans[mention] is not None]
    if overlapping:
        doc.spans[SPANS_KEY] = [span for one in sorted(spans) if (span := spans[one]) is not None]
    entities = [span for one in kept if (span := spans[one]) is not None]
    taken = {token.i for span in entities for token in span}
    touched = _touched(doc, misaligned)
    doc.set_ents(entities, missing=[doc[i : i + 1] for i in sorted(touched - taken)], default="outside")
    for mention, span in spans.items():
        if span is not None and mention.confidence is not None:
            span._.confidence = mention.confidence
    return Placed(doc, misaligned, overlapping)


def identified(doc: Doc, document: Document) -> Doc:
    """Set id and passages of a Doc with the document's text, and return it."""
    register_extensions()
    doc._.document_id = document.id
    doc._.passages = [(one.start, one.end, one.kind) for one in document.passages]
    return doc


def id_of(doc: Doc) -> str | None:
    """Return the id of the document that a Doc was made from; None where it has none."""
    register_extensions()
    found = doc._.document_id
    return found if isinstance(found, str) else None


def document_of(doc: Doc, spans_key: str | None = None) -> Document:
    """Return what a Doc says: text, ``doc.ents``, and the id and passages that ``identified`` set.

    spans_key: of a group in ``doc.spans`` whose spans are the mentions instead, which may lie over one another.

    The concept id of an entity is its ``kb_id_``, or else its ``ent_id_``.

    Raises LitBertError L634 for a group that the Doc does not have.
    """
    register_extensions()
    passages = tuple(Passage(*one) for one in doc._.passages or ())
    document = Document(id_of(doc) or "", doc.text, tuple(sorted(map(_mention, doc.ents))), passages)
    if spans_key is None:
        return document
    if spans_key not in doc.spans:
        choices = ", ".join(map(repr, doc.spans)) or "none"
        raise LitBertError(Errors.L634.format(id=document.id, key=spans_key, choices=choices))
    return replace(document, entities=tuple(mentions_of(doc.spans[spans_key], document)))


def mentions_of(group: SpanGroup, document: Document) -> list[Mention]:
    """Return the spans of a group by place, with their scores as confidence.

    document: with the entities of the Doc; a span that is one of these as well has its concept id.
    """
    concepts = {(one.start, one.end, one.label): one.concept_id for one in document.entities}
    strings = group.doc.vocab.strings
    mentions = []
    for span, score in zip(stored_spans(group), confidences(group)):
        place = (span.start_char, span.end_char, strings[span.label])
        mentions.append(Mention(*place, strings[span.kb_id or span.id] or concepts.get(place, ""), score))
    return sorted(mentions)


def categories_of(doc: Doc) -> dict[str, float]:
    """Return the categories of a Doc with their scores, as Python's numbers."""
    return {label: float(score) for label, score in doc.cats.items()}


def in_context(document: Document, mentions: Iterable[Mention]) -> list[str]:
    """Return the mentions with what stands around them, as ``id: context⟦mention⟧context``."""
    text = document.text
    return [
        f"{document.id}: {text[max(0, one.start - _CONTEXT) : one.start]}⟦{text[one.start : one.end]}⟧"
        f"{text[one.end : one.end + _CONTEXT]}"
        for one in mentions
    ]


def _mention(span: Span) -> Mention:
    concept_id = span.kb_id_ or span.ent_id_
    return Mention(span.start_char, span.end_char, span.label_, concept_id, confidence_of(span))


def _touched(doc: Doc, mentions: Iterable[Mention]) -> set[int]:
    """Return the tokens that mentions touch."""
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    places = (range(bisect_right(ends, one.start), bisect_left(starts, one.end)) for one in mentions)
    return set(chain.from_iterable(places))
