"""Precision and recall of the mentions of `litbert_ner`, for each label and every confidence that one may ask for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from spacy.language import Language

from spacy_litbert.confidence import SCORES
from spacy_litbert.corpora.document import Document
from spacy_litbert.ner.pipeline import recognizers

N_POINTS = 50
Judged = tuple[str, float, bool]  # label, confidence, whether gold has the mention


def judge_all(nlp: Language, documents: list[Document], labels: Iterable[str] | None = None) -> list[Judged]:
    """Judge all mentions that the recognizers of a pipeline find, whatever their thresholds are.

    labels: of the mentions to judge; None for all.
    """
    found = recognizers(nlp).values()
    before = [component.threshold for component in found]
    try:
        for component in found:
            component.threshold = 0.0
        keys = dict.fromkeys(component.spans_key for component in found)  # several may share one
        return list(_judge(nlp, documents, [*keys], labels))
    finally:
        for component, threshold in zip(found, before):
            component.threshold = threshold


def _judge(nlp: Language, documents: list[Document], keys: list[str], labels: Iterable[str] | None) -> Iterator[Judged]:
    wanted = None if labels is None else set(labels)
    for document, doc in zip(documents, nlp.pipe(document.text for document in documents) if keys else ()):
        gold = {(mention.start, mention.end, mention.label) for mention in document.entities}
        for key in keys:
            for span, confidence in zip(doc.spans[key], doc.spans[key].attrs[SCORES]):
                if wanted is None or span.label_ in wanted:
                    right = (span.start_char, span.end_char, span.label_) in gold
                    yield span.label_, float(confidence), right


def curves_of(judged: Iterable[Judged], documents: Iterable[Document]) -> dict[str, list[dict[str, float]]]:
    """Return for each label at most 50 points with ``confidence``, ``p`` and ``r``, by falling confidence."""
    n_gold = Counter(mention.label for document in documents for mention in document.entities)
    by_label: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for label, confidence, right in judged:
        by_label[label].append((confidence, right))
    return {
        label: _curve(np.array(sorted(pairs, reverse=True)), n_gold[label]) for label, pairs in sorted(by_label.items())
    }


def _curve(pairs: Any, n_gold: int) -> list[dict[str, float]]:
    confidences, hits = pairs[:, 0], np.cumsum(pairs[:, 1])
    # A threshold keeps all mentions of the same confidence.
    last = np.append(np.flatnonzero(np.diff(confidences)), len(pairs) - 1)
    chosen = last[np.unique(np.linspace(0, len(last) - 1, N_POINTS).round().astype(int))]
    return [
        {"confidence": float(confidences[i]), "p": float(hits[i] / (i + 1)), "r": float(hits[i] / max(n_gold, 1))}
        for i in chosen
    ]
