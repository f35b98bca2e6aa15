"""Train and score several systems on one corpus with several seeds, and show their figures as lines and bars.

Two of the systems are always LitBERT as the project trains it and the same from random weights; the others are for
the project to say. What is trained already is not trained again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..files import replacing
from .protocol import describe_run, describe_weights
from .random_weights import random_weights
from .summary import summary
from .trainings import Override, Training, train_all

SPLITS = ("dev", "test")

Scorer = Callable[[Path], dict[str, dict[str, float]]]  # a trained pipeline → figures of each split, in percent


@dataclass(frozen=True)
class System:
    """A config and the settings in place of its own."""

    config: Path
    overrides: dict[str, Override]
    gpu_id: int = -1


class Shown(NamedTuple):
    """One figure of a split, and what it is called where it is shown."""

    split: str
    figure: str
    name: str


def comparison_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of the arguments of every comparison: what ``compare`` needs, and where its figures and plot go."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("corpus")
    parser.add_argument("output", type=Path, help="figures (JSON)")
    parser.add_argument("plot", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seeds", type=_numbers, required=True, help="numbers, separated by commas")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--max-steps", type=int, required=True)
    parser.add_argument("--eval-frequency", type=int, required=True)
    parser.add_argument("--baseline-steps", type=int, required=True)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def compare(
    corpus: str,
    litbert: System,
    baselines: dict[str, System],
    score: Scorer,
    *,
    weights: str,
    seeds: list[int],
    jobs: int,
) -> dict[str, Any]:
    """Train each system with each seed and score it; return the figures and how they came about."""
    folder = Path("training") / corpus / "compare"
    paths: dict[str, Override] = {f"paths.{split}": f"corpus/{corpus}/{split}.spacy" for split in ("train", "dev")}
    untrained = folder / "random-weights"
    random_weights(weights, untrained)
    systems = {
        "litbert": _begun_from(weights, litbert),
        "litbert, random weights": _begun_from(str(untrained), litbert),
        **baselines,
    }
    trainings = {
        (name, seed): Training(
            system.config, folder / f"{i}-{seed}", {**paths, **system.overrides, "system.seed": seed}, system.gpu_id
        )
        for i, (name, system) in enumerate(systems.items())
        for seed in seeds
    }
    train_all(list(trainings.values()), jobs=jobs)
    scores = {name: [score(trainings[name, seed].best) for seed in seeds] for name in systems}
    return {
        "corpus": corpus,
        "seeds": seeds,
        "systems": {
            name: {split: summary([run[split] for run in runs]) for split in SPLITS} for name, runs in scores.items()
        },
        "settings": litbert.overrides,
        **describe_weights(weights),
        **describe_run(gpu_id=litbert.gpu_id),
    }


def _begun_from(weights: str, system: System) -> System:
    return System(system.config, {**system.overrides, "paths.weights": weights}, system.gpu_id)


def lines(result: dict[str, Any], shown: list[Shown]) -> list[str]:
    """Return a line for each system: mean ± standard deviation of the figures."""
    return [
        f"{system}: {', '.join(f'{name} {_spread(splits[split][figure])}' for split, figure, name in shown)}"
        for system, splits in result["systems"].items()
    ]


def _spread(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:.2f} ± {figure['sd'] or 0:.2f}"


def plot(result: dict[str, Any], path: Path, shown: list[Shown]) -> None:
    """Draw bars of the mean of each figure side by side, with a dot for each seed."""
    from matplotlib.figure import Figure

    systems = result["systems"]
    image = Figure(figsize=(9, 1 + 0.7 * len(systems)), layout="constrained")
    for axes, (split, figure, name) in zip(image.subplots(1, len(shown), sharey=True), shown):
        summaries = [system[split][figure] for system in systems.values()]
        bars = axes.barh(list(systems), [one["mean"] for one in summaries], alpha=0.6)
        axes.bar_label(bars, [f"{one['mean']:.1f}" for one in summaries], padding=4)
        for i, one in enumerate(summaries):
            axes.plot(one["values"], [i] * len(one["values"]), "k.", markersize=4)
        axes.set(title=f"{result['corpus']} {split}", xlabel=f"{name}, %", xlim=(0, 105))
    axes.invert_yaxis()
    with replacing(path) as partial:
        image.savefig(partial, dpi=120, format="png")
