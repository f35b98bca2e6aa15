"""A training step of LitBERT's shape beside BERT-base's: same code, same batch, in one run.

    python -m benchmarks.training_step FOLDER

FOLDER holds JSONL files with a ``text`` a line. Both have seeded random weights: speed does not depend on them.
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

N_TEXTS = 8
REPEATS = 7
LISTENER = {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
NER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": False,
    "tok2vec": LISTENER,
}


def build(checkpoint: Path) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("ner", config={"model": NER})
    return nlp


def examples(nlp: Language, texts: list[str]) -> list[Example]:
    """Every twentieth word is a mention: what is learned does not matter here."""
    made = []
    for text in texts:
        reference = nlp.make_doc(text)
        reference.ents = [Span(reference, i, i + 1, "X") for i in range(0, len(reference), 20)]
        made.append(Example(nlp.make_doc(text), reference))
    return made


def main(texts: list[str]) -> None:
    spacy.util.fix_random_seed(0)
    steps = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, shape, size in (("litbert", LITBERT, 32_768), ("bert_base", BERT_BASE, 28_996)):
            nlp = build(untrained_checkpoint(Path(folder) / name, shape, size))
            batch = examples(nlp, texts)
            optimizer = nlp.initialize(lambda batch=batch: batch)
            steps[name] = (nlp, batch, optimizer)
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
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", type=Path)
    main(read_texts(parser.parse_args().texts, N_TEXTS))
