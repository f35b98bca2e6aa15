"""Train and score several systems on one corpus with several seeds, and show their figures as lines and bars.

The first system is LitBERT as the project trains it. Beside it stand the same training from other weights (random
ones, or those that LitBERT's were adapted from) and systems that the project names. What is trained already is not
trained again.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from spacy.util import load_config

from ..errors import Errors, LitBertError
from ..files import replacing
from ..gpu import use_gpu
from .protocol import describe_run, describe_weights
from .random_weights import random_weights
from .summary import summary
from .trainings import Override, Training, run_of, train_all

SPLITS = ("dev", "test")
RANDOM = "random"

Scorer = Callable[[Path], dict[str, dict[str, float]]]  # a trained pipeline → figures of each split, in percent


@dataclass(frozen=True)
class System:
    """A config and the settings in place of its own. reads: see ``Training``."""

    config: Path
    overrides: dict[str, Override]
    gpu_id: int = -1
    reads: tuple[Path, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the config's name and a checksum of what it says, the settings, and the weights, if any."""
        said = load_config(self.config).to_str().encode("utf8")
        settings = {name: value for name, value in self.overrides.items() if not name.startswith("paths.")}
        begun = self.overrides.get("paths.weights")
        weights = {} if begun is None else describe_weights(str(begun))
        config = {"config": self.config.name, "config_sha256": sha256(said).hexdigest()}
        return {**config, "settings": settings, **weights}


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
    parser.add_argument("--seeds", type=numbers, required=True, help="numbers, separated by commas")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--max-steps", type=int, required=True)
    parser.add_argument("--eval-frequency", type=int, required=True)
    parser.add_argument("--baseline-steps", type=int, required=True, help="of spaCy's own; 0: without them")
    parser.add_argument(
        "--beside",
        type=_words,
        default=[RANDOM],
        help="other weights to begin from, separated by commas: folders, hub ids, or 'random' for LitBERT's shape",
    )
    parser.add_argument("--gpu-id", type=int, default=-1, help="of LitBERT; spaCy's own have the CPU")
    parser.add_argument(
        "--only", type=_words, default=[], help="names of the systems to train, separated by commas; empty for all"
    )
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    return parser


def numbers(text: str) -> list[int]:
    """Read numbers that are separated by commas."""
    return [int(number) for number in text.split(",")]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def compare(
    corpus: str,
    litbert: System,
    baselines: dict[str, System],
    score: Scorer,
    *,
    weights: str,
    beside: list[str],
    seeds: list[int],
    only: list[str],
    jobs: int,
) -> dict[str, Any]:
    """Train each system with each seed and score it; return the figures and how they came about.

    weights, beside: where LitBERT begins, and where it begins otherwise: names of weights, or ``RANDOM``.
    only: the systems to train, by the names that they have in the figures; empty for all.

    Raises LitBertError L619 if ``only`` names others, and L620 if a training fails.
    """
    folder = Path("training") / corpus / "compare"
    others = {f"{shown} weights": _weights(name, weights, folder) for shown, name in _shown_as(beside).items()}
    begun = {"litbert": weights, **others}
    systems = {**{name: _begun_from(start, litbert) for name, start in begun.items()}, **baselines}
    folders = _file_names(systems)
    systems = _chosen(systems, only)
    trainings = {
        (name, seed): Training(
            system.config,
            folder / f"{folders[name]}-{seed}",
            {**system.overrides, "system.seed": seed},
            system.gpu_id,
            system.reads,
        )
        for seed in seeds
        for name, system in systems.items()
    }
    train_all(list(trainings.values()), jobs=jobs)
    use_gpu(litbert.gpu_id)
    scores = {name: [score(trainings[name, seed].best) for seed in seeds] for name in systems}
    return {
        "corpus": corpus,
        "systems": {
            name: {
                **systems[name].describe(),
                "seeds": seeds,
                "trained": [run_of(trainings[name, seed]) for seed in seeds],
                **{split: summary([run[split] for run in runs]) for split in SPLITS},
            }
            for name, runs in scores.items()
        },
        **describe_run(gpu_id=litbert.gpu_id),
    }


def splits_of(corpus: str) -> dict[str, Override]:
    """Return the settings that name the files of a corpus to train on and to choose by."""
    return {f"paths.{split}": f"corpus/{corpus}/{split}.spacy" for split in ("train", "dev")}


def _chosen(systems: dict[str, System], only: list[str]) -> dict[str, System]:
    """Return the systems of these names, in their own order."""
    for name in only:
        if name not in systems:
            raise LitBertError(Errors.L619.format(name=name, choices=", ".join(systems)))
    return {name: system for name, system in systems.items() if not only or name in only}


def _shown_as(names: list[str]) -> dict[str, str]:
    """Return what weights are called: by the last part of their names, or the whole name where that is shared."""
    last = Counter(Path(name).name for name in names)
    return {Path(name).name if last[Path(name).name] == 1 else name: name for name in names}


def _weights(name: str, litbert: str, folder: Path) -> str:
    """Return the weights of this name; random ones of LitBERT's shape are made in the folder."""
    if name != RANDOM:
        return name
    untrained = folder / "random-weights"
    random_weights(litbert, untrained)
    return str(untrained)


def _file_names(systems: Iterable[str]) -> dict[str, str]:
    """Return a name for the folder of each system; of those that would share one, with a checksum."""
    names = {system: re.sub(r"[^A-Za-z0-9.]+", "-", system).strip("-") for system in systems}
    shared = Counter(name.lower() for name in names.values())
    return {
        system: name if shared[name.lower()] == 1 else f"{name}-{sha256(system.encode('utf8')).hexdigest()[:8]}"
        for system, name in names.items()
    }


def _begun_from(weights: str, system: System) -> System:
    return replace(system, overrides={**system.overrides, "paths.weights": weights})


def lines(result: dict[str, Any], shown: list[Shown]) -> list[str]:
    """Return a line for each system: the mean of the figures, ± standard deviation where there are several seeds."""
    return [
        f"{system}: {', '.join(f'{name} {_spread(splits[split][figure])}' for split, figure, name in shown)}"
        for system, splits in result["systems"].items()
    ]


def _spread(figure: dict[str, Any]) -> str:
    spread = "" if figure["sd"] is None else f" ± {figure['sd']:.2f}"
    return f"{figure['mean']:.2f}{spread}"


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
