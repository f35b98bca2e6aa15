"""The same corpus, several classifiers, several seeds: the figures of each on dev and test, as a table and a plot.

The classifiers are LitBERT as the project trains it, the same from random weights, spaCy's linear model of the words
and its ensemble of that with a convolutional network. Each has its threshold chosen on the dev split. What is trained
already is not trained again, so an interrupted call is simply repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import srsly
from configure import EXCLUSIVE
from metrics import measure
from predict import load, predict
from tune import best_threshold

from spacy_litbert.corpora.labelled_text import labels_digest, read_labelled_texts
from spacy_litbert.files import replacing
from spacy_litbert.projects.protocol import describe_run, describe_weights
from spacy_litbert.projects.random_weights import random_weights
from spacy_litbert.projects.summary import summary
from spacy_litbert.projects.trainings import Override, Training, train_all

SPLITS = ("dev", "test")
FIGURES = ("accuracy", "micro_ap", "macro_ap", "macro_auc")


def compare(
    corpus: str,
    output: Path,
    *,
    config: Path,
    weights: str,
    seeds: list[int],
    overrides: dict[str, Override],
    baseline_overrides: dict[str, Override],
    jobs: int,
    gpu_id: int,
) -> dict[str, Any]:
    """Train each classifier with each seed, score it, and write the figures to ``output`` (JSON).

    config, overrides: how LitBERT is trained; spaCy's configs lie beside it. The figures are in per cent.
    """
    folder = Path("training") / corpus / "compare"
    paths: dict[str, Override] = {f"paths.{split}": f"corpus/{corpus}/{split}.spacy" for split in ("train", "dev")}
    untrained = folder / "random-weights"
    random_weights(weights, untrained)
    systems: dict[str, tuple[Path, dict[str, Override], int]] = {
        "litbert": (config, {**overrides, "paths.weights": weights}, gpu_id),
        "litbert, random weights": (config, {**overrides, "paths.weights": str(untrained)}, gpu_id),
        "spaCy's ensemble": (config.with_name("textcat_ensemble.cfg"), baseline_overrides, -1),
        "spaCy's bag of words": (config.with_name("textcat_bow.cfg"), baseline_overrides, -1),
    }
    trainings = {
        (name, seed): Training(path, folder / f"{i}-{seed}", {**paths, **settings, "system.seed": seed}, device)
        for i, (name, (path, settings, device)) in enumerate(systems.items())
        for seed in seeds
    }
    train_all(list(trainings.values()), jobs=jobs)
    scores = {name: [_score(trainings[name, seed].best, corpus) for seed in seeds] for name in systems}
    result = {
        "corpus": corpus,
        "seeds": seeds,
        "systems": {
            name: {split: summary([run[split] for run in runs]) for split in SPLITS} for name, runs in scores.items()
        },
        "settings": overrides,
        "threshold": "of each run the one with the best micro-F1 on dev; none if labels exclude each other",
        "digests": {
            split: labels_digest(read_labelled_texts(Path("corpus") / corpus / f"{split}.jsonl")) for split in SPLITS
        },
        **describe_weights(weights),
        **describe_run(gpu_id=gpu_id),
    }
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    return result


def _score(model: Path, corpus: str) -> dict[str, dict[str, float]]:
    """The figures of one trained pipeline on each split, with the threshold that is best on dev."""
    nlp, name = load(model)
    paths = {split: Path("corpus") / corpus / f"{split}.jsonl" for split in SPLITS}
    predictions = {split: predict(nlp, name, read_labelled_texts(path), path) for split, path in paths.items()}
    dev = predictions["dev"]
    threshold = None if name == EXCLUSIVE else best_threshold(dev.gold, dev.scores)
    measured = {split: measure(p.gold, p.scores, p.labels, threshold) for split, p in predictions.items()}
    return {split: _figures(results) for split, results in measured.items()}


def _figures(results: dict[str, Any]) -> dict[str, float]:
    figures = {"micro_f": results["cats_micro"]["f"], "macro_f": results["cats_macro_f"]}
    figures |= {key: results[key] for key in FIGURES}
    figures |= {"ece": results["calibration"]["ece"]}
    figures |= {f"f of {label}": of_label["f"] for label, of_label in results["cats_per_label"].items()}
    return {key: 100 * value for key, value in figures.items()}


def plot(result: dict[str, Any], path: Path) -> None:
    """Bars of the mean F1 on the test split, micro and macro, with a dot for each seed."""
    from matplotlib.figure import Figure

    systems = result["systems"]
    figure = Figure(figsize=(9, 1 + 0.7 * len(systems)), layout="constrained")
    for axes, key in zip(figure.subplots(1, 2, sharey=True), ("micro_f", "macro_f")):
        figures = [system["test"][key] for system in systems.values()]
        bars = axes.barh(list(systems), [one["mean"] for one in figures], alpha=0.6)
        axes.bar_label(bars, [f"{one['mean']:.1f}" for one in figures], padding=4)
        for i, one in enumerate(figures):
            axes.plot(one["values"], [i] * len(one["values"]), "k.", markersize=4)
        axes.set(title=f"{result['corpus']} test", xlabel=f"{key.removesuffix('_f')}-F1, %", xlim=(0, 105))
    axes.invert_yaxis()
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("output", type=Path, help="figures (JSON)")
    parser.add_argument("plot", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seeds", required=True, help="numbers, separated by commas")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--max-steps", type=int, required=True)
    parser.add_argument("--eval-frequency", type=int, required=True)
    parser.add_argument("--baseline-steps", type=int, required=True)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.add_argument("--gpu-id", type=int, default=-1)
    arguments = parser.parse_args()
    result = compare(
        arguments.corpus,
        arguments.output,
        config=arguments.config,
        weights=arguments.weights,
        seeds=[int(seed) for seed in arguments.seeds.split(",")],
        overrides={
            "training.optimizer.learn_rate.initial_rate": arguments.lr,
            "training.max_steps": arguments.max_steps,
            "training.eval_frequency": arguments.eval_frequency,
        },
        baseline_overrides={"training.max_steps": arguments.baseline_steps},
        jobs=arguments.jobs,
        gpu_id=arguments.gpu_id,
    )
    plot(result, arguments.plot)
    for name, system in result["systems"].items():
        figures = [f"{key} {_shown(system['test'][key])}" for key in ("micro_f", "macro_f", "accuracy", "ece")]
        print(f"{name}: {', '.join(figures)}")


def _shown(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:.2f} ± {figure['sd'] or 0:.2f}"


if __name__ == "__main__":
    main()
