"""Silver mentions: what a trained pipeline finds in gold Docs of labels that nobody annotated there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc, Span
from tqdm import tqdm

from ..confidence import stored_spans
from ..errors import Errors, LitBertError
from .annotation import ANNOTATED, mentions_of


def add_silver(docs: Sequence[Doc], nlp: Language, *, key: str = "litbert", progress: bool = False) -> Counter[str]:
    """Add to gold Docs what a pipeline finds of labels that were not annotated in them; return how much of which label.

    docs: each says what was annotated in it (``set_annotated``). Afterwards the labels of the pipeline are, too.
    nlp: any pipeline that finds mentions, in ``doc.spans[key]`` or ``doc.ents``. One that is to be trained further on
        these Docs is thereby held to what it says already while it learns other labels: learning without forgetting
        (Li and Hoiem 2016), with mentions in place of probabilities. Silver standard: Rebholz-Schuhmann et al. 2010.
    key: gold and silver mentions are put together in ``doc.spans[key]``, where they may overlap. ``doc.ents`` stays.
    progress: show it.

    Raises LitBertError L429 if no component of the pipeline has labels of mentions, L434 for a Doc that does not say
    what was annotated; then the Docs are as they were.
    """
    labels = [
        label
        for name in nlp.pipe_names
        if "doc.ents" in nlp.get_pipe_meta(name).assigns
        for label in nlp.pipe_labels.get(name, ())
    ]
    if not labels:
        raise LitBertError(Errors.L429.format(components=", ".join(nlp.pipe_names) or "none"))
    docs = [doc for doc in docs if len(doc)]
    for doc in docs:
        if ANNOTATED not in doc.spans:
            raise LitBertError(Errors.L434.format(text=doc.text[:60]))
    counts = Counter(dict.fromkeys(labels, 0))
    copies = (
        (Doc(nlp.vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc]), doc) for doc in docs
    )
    found = nlp.pipe(copies, as_tuples=True)
    for silver, doc in tqdm(found, "silver mentions", len(docs), unit=" texts", disable=not progress):
        annotated = {span.label_ for span in doc.spans[ANNOTATED]}
        places = (place for place in _found(silver, key) if place[2] not in annotated)
        new = [span for place in places if (span := doc.char_span(*place)) is not None]
        counts.update(span.label_ for span in new)
        doc.spans[key] = [*mentions_of(doc, key), *new]
        marks = [Span(doc, 0, len(doc), label) for label in labels if label not in annotated]
        doc.spans[ANNOTATED] = [*doc.spans[ANNOTATED], *marks]
    return counts


def _found(doc: Doc, key: str) -> dict[tuple[int, int, str], None]:
    """Return what was found by its characters, since a component may have merged tokens, each place once."""
    group, strings = doc.spans.get(key), doc.vocab.strings
    stored = () if group is None else stored_spans(group)
    spans = ((one.start_char, one.end_char, strings[one.label]) for one in stored)
    return dict.fromkeys([*spans, *((one.start_char, one.end_char, one.label_) for one in doc.ents)])
