"""Measure what a trained recognizer gains and loses when it goes on with texts that have one label of their own.

    python -m benchmarks.further train.spacy dev.spacy cell_type --others Disease=FILE Gene=FILE …

Four trainings with `configs/litbert_ner_further.cfg`: with the encoder or the head alone, with and without silver
mentions. Each is scored on ``dev`` for the new label and on the other files, dev splits of corpora that the recognizer
learned from, for theirs; beside them the recognizer as it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
import torch
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_litbert.ner.corpora import build_labelled_corpora_v1

from .record import write

CONFIG = Path(__file__).parent.parent / "configs" / "litbert_ner_further.cfg"
FROZEN = {"training.frozen_components": ["transformer"], "training.annotating_components": ["transformer"]}
RATES = {True: 0.003, False: 0.0003}  # of the head alone, and with the encoder
KEY = "spans_litbert"


def measure(
    train_path: Path, dev: Path, label: str, others: dict[str, Path], *, recognizer: str, texts: int, steps: int
) -> dict[str, Any]:
    """Return F1 by label before and after each training, of all mentions (they may overlap)."""
    gold = {label: dev, **others}
    result: dict[str, Any] = {"before": score(spacy.load(recognizer), others)}
    with TemporaryDirectory() as folder:
        own = Path(folder) / "train.spacy"
        docs = list(DocBin().from_disk(train_path).get_docs(spacy.blank("en").vocab))[:texts]
        DocBin(docs=docs, store_user_data=True).to_disk(own)
        for frozen in (True, False):
            for silver in (recognizer, None):
                output = Path(folder) / f"{frozen}-{silver}"
                overrides = {
                    **{"paths.recognizer": recognizer, "paths.train": str(own), "paths.dev": str(dev)},
                    **{"own.labels": [label], "corpora.train.silver": silver},
                    **{"training.max_steps": steps, "training.eval_frequency": steps},
                    "training.optimizer.learn_rate.initial_rate": RATES[frozen],
                    **(FROZEN if frozen else {}),
                }
                train(CONFIG, output, overrides=overrides)
                name = f"{'head' if frozen else 'encoder and head'}, {'with' if silver else 'without'} silver mentions"
                result[name] = {"rate": RATES[frozen], **score(spacy.load(output / "model-last"), gold)}
                print(name, result[name])
    return result


def score(nlp: Language, gold: dict[str, Path]) -> dict[str, float]:
    scores = {}
    for label, path in gold.items():
        read = build_labelled_corpora_v1({label: {"path": str(path), "labels": [label]}})
        scores[label] = round(nlp.evaluate(list(read(nlp)))[f"{KEY}_per_type"][label]["f"], 4)
    return scores


def pair(text: str) -> tuple[str, Path]:
    label, _, path = text.partition("=")
    return label, Path(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("label")
    parser.add_argument("--others", type=pair, nargs="+", required=True, metavar="LABEL=FILE")
    parser.add_argument("--recognizer", default="en_litbert_ner")
    parser.add_argument("--texts", type=int, default=300)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    settings = {"recognizer": arguments.recognizer, "texts": arguments.texts, "steps": arguments.steps}
    found = measure(arguments.train, arguments.dev, arguments.label, dict(arguments.others), **settings)
    run = {"corpora": {"train": f"{arguments.train.parent.name}", "label": arguments.label}, "seed": 0}
    names = {label: path.parent.name for label, path in arguments.others}
    write("further", {**run, **settings, "torch_threads": torch.get_num_threads(), "others": names, "f1_dev": found})
