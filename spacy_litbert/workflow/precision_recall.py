"""Draw precision over recall of several labels, for every score that one may ask for."""

from __future__ import annotations

from pathlib import Path

from ..files import replacing

Curves = dict[str, list[dict[str, float]]]


def plot_precision_recall(path: Path, curves: Curves, what: str) -> None:
    """Write the curves as a PNG file. Needs matplotlib, the extra ``plots``.

    curves: for each label its points, each with ``p`` and ``r``, fractions.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for label, points in curves.items():
        axes.plot([point["r"] for point in points], [point["p"] for point in points], label=label)
    title = f"Precision and recall by the least confidence, {what}"
    axes.set(title=title, xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="lower left")
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
