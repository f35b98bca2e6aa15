"""The same corpus, several systems, several seeds: the F1 of each on dev and test, as a table and a plot.

The systems are LitBERT as the project trains it, the same from random weights, and spaCy's own convolutional
network. What is trained already is not trained again, so an interrupted call is simply repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import spacy
import srsly
from scoring import score

from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.files import replacing
from spacy_litbert.projects.protocol import describe_run, describe_weights
from spacy_litbert.projects.random_weights import random_weights
from spacy_litbert.projects.summary import summary
from spacy_litbert.projects.trainings import Override, Training, train_all

SPLITS = ("dev", "test")


def compare(
    corpus: str,
    output: Path,
    *,
    config: Path,
    baseline: Path,
    weights: str,
    seeds: list[int],
    overrides: dict[str, Override],
    baseline_overrides: dict[str, Override],
    jobs: int,
) -> dict[str, Any]:
    """Train each system with each seed, score it, and write the figures to ``output`` (JSON).

    config, overrides: how LitBERT is trained; baseline, baseline_overrides: how spaCy's network is.
    """
    folder = Path("training") / corpus / "compare"
    paths: dict[str, Override] = {f"paths.{split}": f"corpus/{corpus}/{split}.spacy" for split in ("train", "dev")}
    untrained = folder / "random-weights"
    systems: dict[str, tuple[Path, dict[str, Override]]] = {
        "litbert": (config, {**overrides, "paths.weights": weights}),
        "litbert, random weights": (config, {**overrides, "paths.weights": str(untrained)}),
        "spaCy's CNN": (baseline, baseline_overrides),
    }
    random_weights(weights, untrained)
    trainings = {
        (name, seed): Training(path, folder / f"{i}-{seed}", {**paths, **settings, "system.seed": seed})
        for i, (name, (path, settings)) in enumerate(systems.items())
        for seed in seeds
    }
    train_all(list(trainings.values()), jobs=jobs)
    scores = {
        name: {split: [_score(trainings[name, seed], corpus, split) for seed in seeds] for split in SPLITS}
        for name in systems
    }
    result = {
        "corpus": corpus,
        "seeds": seeds,
        "systems": {
            name: {split: summary(runs) for split, runs in by_split.items()} for name, by_split in scores.items()
        },
        "settings": overrides,
        **describe_weights(weights),
        **describe_run(),
    }
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    return result


def _score(training: Training, corpus: str, split: str) -> dict[str, float]:
    """F1 of all mentions and of each label, in percent."""
    documents = list(read_jsonl(Path("corpus") / corpus / f"{split}.jsonl"))
    nlp = spacy.load(training.best)
    scores = score(documents, list(nlp.pipe(document.text for document in documents)))
    return {"all": 100 * scores["ents_f"], **{k: 100 * v["f"] for k, v in scores["ents_per_type"].items()}}


def plot(result: dict[str, Any], path: Path) -> None:
    """Bars of the mean F1 on dev and test, a dot for each seed."""
    from matplotlib.figure import Figure

    systems = result["systems"]
    figure = Figure(figsize=(8, 1 + 0.7 * len(systems)), layout="constrained")
    for axes, split in zip(figure.subplots(1, len(SPLITS), sharey=True), SPLITS):
        figures = [system[split]["all"] for system in systems.values()]
        bars = axes.barh(list(systems), [one["mean"] for one in figures], alpha=0.6)
        axes.bar_label(bars, [f"{one['mean']:.1f}" for one in figures], padding=4)
        for i, one in enumerate(figures):
            axes.plot(one["values"], [i] * len(one["values"]), "k.", markersize=4)
        axes.set(title=f"{result['corpus']} {split}", xlabel="F1, %", xlim=(0, 100))
    axes.invert_yaxis()
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("output", type=Path, help="figures (JSON)")
    parser.add_argument("plot", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seeds", required=True, help="numbers, separated by commas")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--max-steps", type=int, required=True)
    parser.add_argument("--eval-frequency", type=int, required=True)
    parser.add_argument("--baseline-steps", type=int, required=True)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    arguments = parser.parse_args()
    result = compare(
        arguments.corpus,
        arguments.output,
        config=arguments.config,
        baseline=arguments.baseline,
        weights=arguments.weights,
        seeds=[int(seed) for seed in arguments.seeds.split(",")],
        overrides={
            "training.optimizer.learn_rate.initial_rate": arguments.lr,
            "training.max_steps": arguments.max_steps,
            "training.eval_frequency": arguments.eval_frequency,
        },
        baseline_overrides={
            "training.max_steps": arguments.baseline_steps,
            "training.eval_frequency": arguments.eval_frequency,
        },
        jobs=arguments.jobs,
    )
    plot(result, arguments.plot)
    for name, system in result["systems"].items():
        figures = [f"{split} {one['all']['mean']:.2f} ± {one['all']['sd'] or 0:.2f}" for split, one in system.items()]
        print(f"{name}: {', '.join(figures)}")


if __name__ == "__main__":
    main()
