"""Measure what a trained recognizer gains and loses when it goes on with texts that have one label of their own.

    python -m benchmarks.further train.spacy dev.spacy cell_type --others Disease=FILE Gene=FILE …

Four trainings with `configs/litbert_ner_further.cfg`, on a thread each: of the head alone or of encoder and head, with
and without silver mentions. Each is scored on ``dev`` for the new label and on the other files, dev splits of corpora
that the recognizer learned from, for theirs; beside them the recognizer as it was.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_litbert.ner.corpora import build_labelled_corpora_v1

from .record import write

CONFIG = Path(__file__).parent.parent / "configs" / "litbert_ner_further.cfg"
FROZEN = {"training.frozen_components": ["transformer"], "training.annotating_components": ["transformer"]}
KEY = "spans_litbert"


@dataclass(frozen=True)
class Trial:
    """How it is trained further. ``rate``: the highest learning rate."""

    frozen: bool
    silver: bool

    @property
    def name(self) -> str:
        return (
            f"{'head' if self.frozen else 'encoder and head'}, {'with' if self.silver else 'without'} silver mentions"
        )

    @property
    def rate(self) -> float:
        return 0.003 if self.frozen else 0.0003


TRIALS = [Trial(frozen, silver) for frozen in (False, True) for silver in (True, False)]


@dataclass(frozen=True)
class Setting:
    """What all trials share. ``gold``: files to score on, by label; the new one is ``label``."""

    recognizer: str
    train: Path
    label: str
    gold: dict[str, Path]
    steps: int


def run(trial: Trial, of: Setting, folder: Path) -> dict[str, float]:
    """Train and return F1 by label, of all mentions, which may overlap."""
    overrides = {
        **{"paths.recognizer": of.recognizer, "paths.train": str(of.train), "paths.dev": str(of.gold[of.label])},
        **{"own.labels": [of.label], "corpora.train.silver": of.recognizer if trial.silver else None},
        **{"training.max_steps": of.steps, "training.eval_frequency": of.steps},
        "training.optimizer.learn_rate.initial_rate": trial.rate,
        # The config has 100, for more steps than these.
        "training.optimizer.learn_rate.warmup_steps": min(100, of.steps // 3),
        **(FROZEN if trial.frozen else {}),
    }
    train(CONFIG, folder / trial.name, overrides=overrides)
    return {"rate": trial.rate, **score(spacy.load(folder / trial.name / "model-last"), of.gold)}


def score(nlp: Language, gold: dict[str, Path]) -> dict[str, float]:
    scores = {}
    for label, path in gold.items():
        read = build_labelled_corpora_v1({label: {"path": str(path), "labels": [label]}})
        scores[label] = round(nlp.evaluate(list(read(nlp)))[f"{KEY}_per_type"][label]["f"], 4)
    return scores


def measure(of: Setting, texts: int, jobs: int) -> dict[str, dict[str, float]]:
    """Return F1 by label before and after each training on the first texts."""
    with TemporaryDirectory() as folder:
        own = Path(folder) / "train.spacy"
        docs = list(DocBin().from_disk(of.train).get_docs(spacy.blank("en").vocab))[:texts]
        DocBin(docs=docs, store_user_data=True).to_disk(own)
        here = Setting(of.recognizer, own, of.label, of.gold, of.steps)
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            running = {trial.name: pool.submit(run, trial, here, Path(folder)) for trial in TRIALS}
            others = {label: path for label, path in of.gold.items() if label != of.label}
            before = score(spacy.load(of.recognizer), others)
            return {"before": before, **{name: one.result() for name, one in running.items()}}


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
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    gold = {arguments.label: arguments.dev, **dict(arguments.others)}
    setting = Setting(arguments.recognizer, arguments.train, arguments.label, gold, arguments.steps)
    found = measure(setting, arguments.texts, arguments.jobs)
    corpora = {label: path.parent.name for label, path in gold.items()}
    settings = {"recognizer": arguments.recognizer, "texts": arguments.texts, "steps": arguments.steps, "seed": 0}
    write("further", {**settings, "new_label": arguments.label, "corpora": corpora, "f1_dev": found})
