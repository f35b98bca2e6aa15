"""The curve of a run: lines of figures in a CSV file, and a plot of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import Errors, LitBertError
from ..files import replacing

TRAINING = (
    "step", "elapsed", "tokens", "length", "learning_rate", "tokens_per_second",
    "masked_loss", "masked_accuracy", "next_loss", "next_accuracy",
)  # fmt: skip
HELDOUT = ("step", "tokens", "masked_loss", "masked_accuracy", "next_loss", "next_accuracy")


class Curve:
    """A CSV file that grows line by line.

    last_step: lines beyond it, left by a call that was cut off after its last checkpoint, are dropped, and so is
    a last line that was cut in the middle. Raises LitBertError L514 for any other line that can't be read.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], last_step: int):
        self.path, self.columns = path, columns
        kept = [row for row in _lines(path, columns) if row["step"] <= last_step]
        with replacing(path) as partial, partial.open("w", newline="", encoding="utf8") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(kept)

    def add(self, figures: Mapping[str, float]) -> None:
        """Append a line; it is on the disk before a checkpoint can be that counts on it."""
        with self.path.open("a", newline="", encoding="utf8") as stream:
            csv.DictWriter(stream, self.columns, restval="").writerow(figures)
            stream.flush()
            os.fsync(stream.fileno())


def read_curve(path: Path) -> list[dict[str, float]]:
    """Read the lines of a curve; an empty field is left out. Raises LitBertError L514 for what is no such line."""
    return [{key: float(value) for key, value in row.items()} for row in _lines(path)]


def check_curve(path: Path, columns: tuple[str, ...]) -> None:
    """Raise LitBertError L514 for a file that is no curve of these columns."""
    _lines(path, columns)


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


def _lines(path: Path, columns: tuple[str, ...] | None = None) -> list[dict[str, float | int]]:
    """Read the lines as numbers. columns: of the curve, where it must have these."""
    if not path.is_file():
        return []
    text = path.read_bytes().decode("utf8", errors="replace")
    head, *lines = text.splitlines() or [""]
    names = tuple(head.split(","))
    if text and (names != columns if columns else "step" not in names):
        raise LitBertError(Errors.L514.format(path=path, line=1, found=head[:80]))
    rows = []
    for i, line in enumerate(lines, start=2):
        row = _numbers(names, line)
        if row is not None:
            rows.append(row)
        elif i <= len(lines) or text.endswith("\n"):
            raise LitBertError(Errors.L514.format(path=path, line=i, found=line[:80]))
    return rows


def _numbers(names: tuple[str, ...], line: str) -> dict[str, float | int] | None:
    values = line.split(",")
    if len(values) != len(names):
        return None
    try:
        row = {name: _number(value) for name, value in zip(names, values) if value}
    except ValueError:
        return None
    return row if "step" in row else None


def _number(text: str) -> float | int:
    return int(text) if text.isascii() and text.isdigit() else float(text)
