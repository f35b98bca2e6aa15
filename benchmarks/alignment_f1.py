"""Measure NER F1 with text cut as in pretraining, beside text cut spaCy token by spaCy token.

    python -m benchmarks.alignment_f1 CORPUS

CORPUS holds train.spacy and dev.spacy (``projects/ner`` makes them). The second way is had by putting a blank
after every token: BERT then cuts each of them by itself. Scores are those of the dev split.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import spacy
import srsly
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .record import write

CONFIG = Path(__file__).parent.parent / "configs" / "ner_cpu.cfg"
# The recipe of projects/ner for these weights.
WEIGHTS, STEPS, EVERY, RATE = "litbert-oa-small", 600, 200, 5e-4


def apart(source: Path, target: Path) -> None:
    """Write the same tokens and entities with a blank after every token."""
    docs = DocBin()
    for doc in DocBin().from_disk(source).get_docs(Vocab()):
        spaced = Doc(doc.vocab, words=[token.text for token in doc])
        entities = [spacy.tokens.Span(spaced, entity.start, entity.end, entity.label) for entity in doc.ents]
        missing = [spaced[token.i : token.i + 1] for token in doc if not token.ent_iob]
        spaced.set_ents(entities, missing=missing, default="outside")
        docs.add(spaced)
    target.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(target)


def dev_score(corpus: Path, output: Path, seed: int) -> float:
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "paths.weights": WEIGHTS,
        "system.seed": seed,
        "training.max_steps": STEPS,
        "training.eval_frequency": EVERY,
        "training.optimizer.learn_rate.initial_rate": RATE,
    }
    train(CONFIG, output, overrides=overrides)
    return float(srsly.read_json(output / "model-best" / "meta.json")["performance"]["ents_f"])


def main(corpus: Path, seeds: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split in ("train.spacy", "dev.spacy"):
            apart(corpus / split, folder / "apart" / split)
        ways = {"as_in_pretraining": corpus, "spacy_tokens_apart": folder / "apart"}
        scores = {
            way: [round(dev_score(data, folder / f"{way}-{seed}", seed), 4) for seed in seeds]
            for way, data in ways.items()
        }
    write(
        "alignment_f1",
        {"corpus": corpus.name, "weights": WEIGHTS, "steps": STEPS, "seeds": seeds, "dev_micro_f1": scores},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    arguments = parser.parse_args()
    main(arguments.corpus, arguments.seeds)
