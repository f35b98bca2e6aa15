"""Measure a training step of LitBERT's shape beside BERT-base's, and beside spacy-transformers' with the same weights.

    python -m benchmarks.training_step FOLDER

FOLDER holds JSONL files with a ``text`` a line. All have seeded random weights: speed does not
depend on them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from .record import BERT_BASE, LITBERT, read_texts, spread, untrained_checkpoint, write
from .speed_worker import ours, stock

N_TEXTS = 8
REPEATS = 7


def examples(nlp: Language, texts: list[str]) -> list[Example]:
    """Make examples in which every twentieth word is a mention: what is learned does not matter here."""
    made = []
    for text in texts:
        reference = nlp.make_doc(text)
        reference.ents = [Span(reference, i, i + 1, "Chemical") for i in range(0, len(reference), 20)]
        made.append(Example(nlp.make_doc(text), reference))
    return made


def main(texts: list[str]) -> None:
    spacy.util.fix_random_seed(0)
    steps = {}
    with tempfile.TemporaryDirectory() as folder:
        litbert = untrained_checkpoint(Path(folder) / "litbert", LITBERT, 32_768)
        base = untrained_checkpoint(Path(folder) / "base", BERT_BASE, 28_996)
        pipelines = {"litbert": ours(litbert), "bert_base": ours(base), "litbert_in_spacy_transformers": stock(litbert)}
        for name, nlp in pipelines.items():
            batch = examples(nlp, texts)
            steps[name] = (nlp, batch, nlp.resume_training())
    n_words = sum(len(example.reference) for example in batch)
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(REPEATS + 1):
        for name, (nlp, batch, optimizer) in steps.items():
            started = time.perf_counter()
            nlp.update(batch, sgd=optimizer, drop=0.1)
            if repeat:
                rates[name].append(n_words / (time.perf_counter() - started))
    write(
        "training_step",
        {
            "texts": len(texts),
            "words": n_words,
            "words_per_second": {name: spread(values) for name, values in rates.items()},
            "litbert_times_bert_base": spread([a / b for a, b in zip(rates["litbert"], rates["bert_base"])]),
            "times_spacy_transformers": spread(
                [a / b for a, b in zip(rates["litbert"], rates["litbert_in_spacy_transformers"])]
            ),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", type=Path)
    main(read_texts(parser.parse_args().texts, N_TEXTS))
