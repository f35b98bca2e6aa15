"""Train the recognizer of many labels with several seeds, and score each on the dev and test splits of its corpora.

Each is stored, calibrated and scored as the one that is packaged: on the corpora that it learned from, for the labels
annotated there. What is trained already is not trained again, so an interrupted call is simply repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import spacy
import srsly
from evaluate_joint import gold_of, predict
from scoring import score

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.document import Document
from spacy_litbert.files import replacing
from spacy_litbert.types import Precision, Storage
from spacy_litbert.workflow.comparison import SPLITS, Shown, System, compare, lines, numbers, plot
from spacy_litbert.workflow.store import store

Gold = dict[str, tuple[list[str], list[Document]]]


class Scorer:
    """Scores a trained pipeline on the splits of ``gold``, once it is stored as ``storage``.

    dev: gold texts (``.spacy``) to fit its confidences and thresholds to.
    """

    def __init__(self, gold: dict[str, Gold], storage: Storage, dev: Path) -> None:
        self._gold, self._storage, self._dev = gold, storage, dev

    def __call__(self, model: Path) -> dict[str, dict[str, float]]:
        """Return the F1 of all mentions of each split, and of those of each corpus, in percent."""
        stored = model.with_name("model-stored")
        store(model, stored, self._storage, dev=self._dev)
        nlp = spacy.load(stored)
        figures = {}
        for split, corpora in self._gold.items():
            documents, docs, by_corpus = [], [], {}
            for name, (labels, gold) in corpora.items():
                found = predict(nlp, gold, labels, f"{name} {split}")
                by_corpus[name] = 100 * score(gold, found)["ents_f"]
                documents += gold
                docs += found
            figures[split] = {"all": 100 * score(documents, docs)["ents_f"], **by_corpus}
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("output", type=Path, help="figures (JSON)")
    parser.add_argument("plot", type=Path)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seeds", type=numbers, required=True, help="numbers, separated by commas")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--max-steps", type=int, required=True)
    parser.add_argument("--precision", choices=get_args(Precision), required=True, help="of the training")
    parser.add_argument("--storage", choices=get_args(Storage), required=True)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.add_argument("--gpu-id", type=int, default=-1)
    arguments = parser.parse_args()
    corpus = Path("corpus") / "joint"
    settings = {
        "training.optimizer.learn_rate.initial_rate": arguments.lr,
        "training.max_steps": arguments.max_steps,
        "components.transformer.model.precision": arguments.precision,
    }
    reads = (corpus / "files.json", arguments.config.with_name("overlaps.txt"))
    gold = {split: gold_of(arguments.config, split) for split in SPLITS}
    result = compare(
        "joint",
        System(arguments.config, settings, arguments.gpu_id, reads),
        {},
        Scorer(gold, arguments.storage, corpus / "dev.spacy"),
        weights=arguments.weights,
        beside=[],
        seeds=arguments.seeds,
        only=[],
        jobs=arguments.jobs,
    )
    digests = {
        split: {name: content_digest(documents) for name, (_, documents) in corpora.items()}
        for split, corpora in gold.items()
    }
    with replacing(arguments.output) as path:
        srsly.write_json(path, {**result, "storage": arguments.storage, "digests": digests})
    plot(result, arguments.plot, [Shown(split, "all", "F1") for split in SPLITS])
    print("\n".join(lines(result, [Shown("test", name, name) for name in ("all", *gold["test"])])))


if __name__ == "__main__":
    with errors_in_one_line():
        main()
