"""The component ``litbert_doc_cleaner``: what the transformer made is dropped, and Docs stay small."""

from __future__ import annotations

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc


@Language.factory("litbert_doc_cleaner", requires=["doc._.trf_data"])
def build_litbert_doc_cleaner(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """Build the component of the factory ``litbert_doc_cleaner``, which sets ``doc._.trf_data`` to None.

    spaCy's own ``doc_cleaner`` sets ``doc.tensor`` to None as well, whatever its settings say; ``token.vector``,
    ``doc.similarity`` and ``span.as_doc()`` fail then.
    """
    if not Doc.has_extension("trf_data"):  # spacy-transformers sets it when a transformer is made
        Doc.set_extension("trf_data", default=None)
    return clean


def clean(doc: Doc) -> Doc:
    doc._.trf_data = None
    return doc
