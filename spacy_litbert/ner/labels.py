"""Teach a trained recognizer more labels from a config: ``spacy-litbert.add_labels.v1``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language


def build_add_labels_v1(component: str, labels: list[str]) -> Callable[[Language], Language]:
    """Build the callback ``spacy-litbert.add_labels.v1``, for ``[initialize.after_init]``.

    component: one that is sourced from a trained pipeline, and that spaCy therefore does not initialize, such as
        ``litbert_ner`` or spaCy's ``ner``.
    labels: those that it is to know; it may have some of them already.
    """

    def add_labels(nlp: Language) -> Language:
        pipe: Any = nlp.get_pipe(component)
        for label in labels:
            pipe.add_label(label)
        return nlp

    return add_labels
