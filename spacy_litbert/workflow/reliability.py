"""Draw how often that is right which is said with a certain score (a reliability diagram)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_reliability(axes: Axes, calibration: dict[str, Any], what: str) -> None:
    """Draw what ``spacy_litbert.ner.calibration.reliability`` measured; the area of a dot is the size of its bin."""
    bins = calibration["bins"]
    said, right = [one["score"] for one in bins], [one["frequency"] for one in bins]
    largest = max((one["n"] for one in bins), default=1)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    axes.plot(said, right, color="C0")
    axes.scatter(said, right, s=[20 + 180 * one["n"] / largest for one in bins], label="bins (area: how many scores)")
    title = f"Reliability (expected calibration error {calibration['ece']:.3f}), {what}"
    axes.set(title=title, xlabel="score", ylabel="how often it is right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="lower right")


def plot_reliability(path: Path, calibration: dict[str, Any], what: str) -> None:
    """Write the diagram as a PNG file. Needs matplotlib, the extra ``plots``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    draw_reliability(figure.subplots(), calibration, what)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
