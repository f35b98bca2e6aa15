"""The curve of a run: lines of figures in a CSV file, and a plot of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

TRAINING = (
    "step", "elapsed", "tokens", "length", "learning_rate", "tokens_per_second",
    "masked_loss", "masked_accuracy", "next_loss", "next_accuracy",
)  # fmt: skip
HELDOUT = ("step", "tokens", "masked_loss", "masked_accuracy", "next_loss", "next_accuracy")


class Curve:
    """A CSV file that grows line by line.

    last_step: lines beyond it, left by a sitting that was cut off after its last checkpoint, are dropped.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], last_step: int):
        self.path, self.columns = path, columns
        kept = [row for row in _lines(path) if float(row["step"]) <= last_step]
        partial = path.with_suffix(".partial")
        with partial.open("w", newline="", encoding="utf8") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(kept)
        os.replace(partial, path)

    def add(self, figures: Mapping[str, float]) -> None:
        with self.path.open("a", newline="", encoding="utf8") as stream:
            csv.DictWriter(stream, self.columns, restval="").writerow(figures)


def read_curve(path: Path) -> list[dict[str, float]]:
    """The lines of a curve; an empty field is left out."""
    return [{key: float(value) for key, value in row.items() if value} for row in _lines(path)]


def plot_curve(run: Path, target: Path) -> bool:
    """Draw a run's losses and accuracies over the tokens seen. False if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    training, heldout = read_curve(run / "curve.csv"), read_curve(run / "heldout.csv")
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, kind in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        for name, label in ((f"masked_{kind}", "masked pieces"), (f"next_{kind}", "next sentence")):
            for rows, style, suffix in ((training, "-", ""), (heldout, "o--", ", held out")):
                points = [(row["tokens"] / 1e6, row[name]) for row in rows if name in row]
                if points:
                    axes.plot(*zip(*points), style, label=label + suffix, linewidth=1, markersize=3)
        axes.set_xlabel("tokens (millions)")
        axes.set_ylabel(kind)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(target, dpi=120)
    return True


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf8") as stream:
        return list(csv.DictReader(stream))
