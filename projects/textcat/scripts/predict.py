"""Predict the scores that a pipeline gives the labels of texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import spacy
from configure import ANY, EXCLUSIVE
from spacy.language import Language
from spacy.tokens import Doc

from spacy_litbert.corpora.labelled_text import LabelledText
from spacy_litbert.errors import Errors, LitBertError


@dataclass(frozen=True)
class Prediction:
    """Texts and labels as rows and columns: which labels apply, and their scores."""

    labels: tuple[str, ...]
    gold: np.ndarray
    scores: np.ndarray
    docs: list[Doc]


def load(path: Path) -> tuple[Language, str]:
    """Load a pipeline, and find the name of its text classifier. Raises LitBertError L610 if it has none."""
    nlp = spacy.load(path)
    for name in (EXCLUSIVE, ANY):
        if name in nlp.pipe_names:
            return nlp, name
    raise LitBertError(Errors.L610.format(path=path, names=", ".join(nlp.pipe_names)))


def predict(nlp: Language, name: str, texts: list[LabelledText], path: Path) -> Prediction:
    """Run the pipeline. The labels are in its order, as spaCy takes the first one of equal scores.

    Raises LitBertError L611 if the texts (of ``path``) have other labels than it knows.
    """
    found, labels = texts[0].labels, tuple(nlp.pipe_labels[name])
    if set(found) != set(labels):
        raise LitBertError(Errors.L611.format(path=path, found=", ".join(found), expected=", ".join(labels)))
    docs = list(nlp.pipe(text.text for text in texts))
    gold = np.array([[label in text.positive for label in labels] for text in texts])
    scores = np.array([[doc.cats[label] for label in labels] for doc in docs])
    return Prediction(labels, gold, scores, docs)
