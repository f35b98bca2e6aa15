"""Measure the recognisers alone, without an encoder: ``litbert_ner`` beside spaCy's ``ner``, on vectors that are given.

    python -m benchmarks.ner_head [--texts 100]

The texts are made up, of 50 to 350 words with seeded random mentions; a word's vector is random, shifted by what the
word is part of. The recognisers, with the settings of the configs in `projects/ner`, are trained on them for a few
steps, so that they find mentions, and then annotate them in batches, in turns, on one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import spacy
import torch
from spacy.language import Language
from spacy.ml.models.parser import build_tb_parser_model
from spacy.pipeline import EntityRecognizer, TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, Model, fix_random_seed
from thinc.types import Floats2d

from spacy_litbert.ner.component import LitBertNer
from spacy_litbert.ner.model import build_litbert_ner_v1, build_litbert_ner_v2

from .record import spread, write

SEED = 0
WIDTH = 384
HIDDEN = 64
BATCH = 64
ROUNDS = 7
STEPS = 30
SIX = ["Chemical", "Disease", "Gene", "Species", "CellLine", "Variant"]
_NUMBER = "number"  # of a text, in its user_data


def make_docs(nlp: Language, n_texts: int, labels: list[str]) -> tuple[list[Doc], list[Floats2d]]:
    """Make Docs with entities, about one in ten words, and the vectors of their words."""
    random = np.random.default_rng(SEED)
    shifts = random.normal(size=(1 + 2 * len(labels), WIDTH)).astype("f")
    docs, vectors = [], []
    for number in range(n_texts):
        doc = Doc(nlp.vocab, words=["word"] * int(random.integers(50, 351)))
        doc.user_data[_NUMBER] = number
        kinds, spans, start = np.zeros(len(doc), dtype=int), [], 0
        while (start := start + int(random.integers(5, 16))) < len(doc) - 3:
            end, label = start + int(random.integers(1, 4)), int(random.integers(len(labels)))
            spans.append(Span(doc, start, end, labels[label]))
            kinds[start:end] = 2 + 2 * label
            kinds[start] = 1 + 2 * label
            start = end
        doc.set_ents(spans, default="outside")
        docs.append(doc)
        vectors.append(random.normal(size=(len(doc), WIDTH)).astype("f") + shifts[kinds])
    return docs, vectors


def given(vectors: list[Floats2d]) -> Model[list[Doc], list[Floats2d]]:
    """Build the tok2vec that has the vectors already."""

    def forward(
        model: Model[list[Doc], list[Floats2d]], docs: list[Doc], is_train: bool
    ) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
        return [vectors[doc.user_data[_NUMBER]] for doc in docs], lambda d_vectors: []

    return Model("given", forward, dims={"nO": WIDTH})


def stock(nlp: Language, vectors: list[Floats2d]) -> TrainablePipe:
    """Build spaCy's recogniser as in ner.cfg."""
    model = build_tb_parser_model(given(vectors), "ner", False, HIDDEN, 2, use_upper=False)
    return EntityRecognizer(nlp.vocab, model)


OURS = {
    "litbert_ner": build_litbert_ner_v1,
    "litbert_ner with five tags": build_litbert_ner_v2,
}  # as in litbert_ner.cfg


def fresh(nlp: Language, docs: list[Doc]) -> list[Doc]:
    """Return the Docs without their entities."""
    copies = [Doc(nlp.vocab, words=[token.text for token in doc]) for doc in docs]
    for copy, doc in zip(copies, docs):
        copy.user_data[_NUMBER] = doc.user_data[_NUMBER]
    return copies


def train(nlp: Language, pipe: TrainablePipe, docs: list[Doc]) -> None:
    examples = [Example(x, y) for x, y in zip(fresh(nlp, docs), docs)]
    pipe.initialize(lambda: examples, nlp=nlp)
    optimizer = Adam(0.005)
    for step in range(STEPS):
        start = step * 8 % len(examples)
        pipe.update(examples[start : start + 8], sgd=optimizer)


def annotate(nlp: Language, pipe: TrainablePipe, docs: list[Doc]) -> tuple[float, float, int]:
    """Return the seconds of prediction, and with annotation, and the number of entities."""
    prediction = total = 0.0
    n_entities = 0
    for start in range(0, len(docs), BATCH):
        batch = fresh(nlp, docs[start : start + BATCH])
        started = time.perf_counter()
        predicted = pipe.predict(batch)
        prediction += time.perf_counter() - started
        pipe.set_annotations(batch, predicted)
        total += time.perf_counter() - started
        n_entities += sum(len(doc.ents) for doc in batch)
    return prediction, total, n_entities


def measure(n_texts: int, labels: list[str]) -> dict[str, Any]:
    """Measure all, in turns."""
    fix_random_seed(SEED)
    nlp = spacy.blank("en")
    docs, vectors = make_docs(nlp, n_texts, labels)
    n_words = sum(map(len, docs))
    pipes = {"ner": stock(nlp, vectors)}
    pipes.update({name: LitBertNer(nlp.vocab, build(given(vectors), HIDDEN)) for name, build in OURS.items()})
    for pipe in pipes.values():
        train(nlp, pipe, docs)
        annotate(nlp, pipe, docs)
    runs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in pipes}
    for _ in range(ROUNDS):
        for name, pipe in pipes.items():
            runs[name].append(annotate(nlp, pipe, docs))
    result: dict[str, Any] = {"labels": len(labels), "words": n_words, "gold_entities": sum(len(d.ents) for d in docs)}
    for name, measured in runs.items():
        result[name] = {
            "entities": measured[0][2],
            "words_per_second": spread([n_words / total for _, total, _ in measured]),
            "words_per_second_prediction": spread([n_words / predicted for predicted, _, _ in measured]),
        }
    for name in OURS:
        pairs = list(zip(runs["ner"], runs[name]))
        result[name]["times_as_fast"] = spread([theirs[1] / own[1] for theirs, own in pairs])
        result[name]["times_as_fast_prediction"] = spread([theirs[0] / own[0] for theirs, own in pairs])
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    measured = {f"{n}_labels": measure(arguments.texts, SIX[:n]) for n in (2, 6)}
    settings = {"texts": arguments.texts, "width": WIDTH, "hidden_width": HIDDEN, "batch": BATCH, "rounds": ROUNDS}
    write("ner_head", {"seed": SEED, **settings, "results": measured})
