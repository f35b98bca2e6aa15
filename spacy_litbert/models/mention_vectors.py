"""The component ``litbert_mention_vectors``: a vector of LitBERT for each mention, for linkers of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import get_array_module, to_numpy

from ..confidence import stored_under, user_data_of
from ..types import FloatArray, IntArray
from .listener import data_of

NAME = "litbert_vector"


@Language.factory(
    "litbert_mention_vectors",
    requires=["doc.ents"],
    assigns=["span._.litbert_vector"],
    default_config={"spans_keys": []},
)
def build_litbert_mention_vectors(nlp: Language, name: str, spans_keys: list[str]) -> MentionVectors:
    """Build the component of the factory ``litbert_mention_vectors``; the setting is that of ``MentionVectors``."""
    return MentionVectors(spans_keys)


class MentionVectors:
    """Keeps for each mention the mean of the transformer's last hidden states of its wordpieces.

    spans_keys: groups of ``doc.spans`` whose spans get a vector as well; ``doc.ents`` always do.

    ``span._.litbert_vector`` is (hidden_size,) float32, for any span with the same characters as one of these, and None
    for others and for white space. It stays when a linker gives the entity an id and when ``doc_cleaner`` takes away
    what the transformer made, and DocBin keeps it with ``store_user_data``. Nothing is trained: the encoder is that of
    the pipeline as it is.
    """

    def __init__(self, spans_keys: list[str]) -> None:
        self.spans_keys = spans_keys
        if not Span.has_extension(NAME):
            Span.set_extension(NAME, getter=_get)

    def __call__(self, doc: Doc) -> Doc:
        """Give the mentions of a Doc their vectors.

        Raises LitBertError L302 if no transformer has seen it, L303 if its number of tokens changed since.
        """
        groups = (doc.spans[key] for key in self.spans_keys if key in doc.spans)
        spans = [*doc.ents, *(span for group in groups for span in group)]
        if spans:
            data = data_of(doc)
            hidden: Any = data.model_output.get("last_hidden_state")
            for span in spans:
                rows = to_numpy(data.align[span.start : span.end].dataXd)
                if len(rows):
                    user_data_of(span)[stored_under(span, NAME)] = _mean(hidden, rows)
        return doc


def _mean(hidden: Any, rows: IntArray) -> FloatArray:
    """Return the mean of rows of (windows, rows, hidden_size), (hidden_size,) float32."""
    flat = hidden.reshape(-1, hidden.shape[-1])
    chosen = flat[get_array_module(flat).asarray(rows)]
    return np.asarray(to_numpy(chosen), np.float32).mean(axis=0)  # type: ignore[no-any-return]


def _get(span: Span) -> FloatArray | None:
    vector: FloatArray | None = user_data_of(span).get(stored_under(span, NAME))
    return vector
