"""Draw the figures of a metrics file and the scores of its texts as plots, a PNG file each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.files import check_file, read_json, replacing_folder
from spacy_litbert.targets import check_target, only
from spacy_litbert.workflow.reliability import draw_reliability


def draw(metrics: Path, scores: Path, output: Path) -> None:
    """Write the folder ``output``: F1 of each label, precision–recall curves, reliability, confusion matrix."""
    made = only("*.png")
    check_target(output, sources=[metrics, scores], made=made, what="folder of plots", option=None)
    results = read_json(metrics)
    check_file(scores)
    rows = list(srsly.read_jsonl(scores))
    with replacing_folder(output) as folder:
        _save(folder / "per_label.png", _per_label, results, height=1.2 + 0.35 * len(results["cats_per_label"]))
        _save(folder / "precision_recall.png", _precision_recall, results, rows, height=5.5)
        _save(folder / "reliability.png", _reliability, results, height=4.5)
        if "confusion" in results:
            _save(folder / "confusion.png", _confusion, results, height=1.5 + 0.5 * len(results["confusion"]))
        names = sorted(path.name for path in folder.iterdir())
    print(f"{', '.join(names)} in {output}")


def _save(path: Path, plot: Any, *data: Any, height: float) -> None:
    figure = Figure(figsize=(9, height), layout="constrained")
    plot(figure.subplots(), *data)
    figure.savefig(path, dpi=120, format="png")


def _title(results: dict[str, Any], what: str) -> str:
    protocol = results["protocol"]
    return f"{what}, {protocol['corpus']} {protocol['split']}"


def _shown(label: str) -> str:
    """Keep matplotlib from reading mathematics in a label, and from hiding one that begins with an underscore."""
    text = label.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _per_label(axes: Axes, results: dict[str, Any]) -> None:
    labels = results["cats_per_label"]
    names = [f"{_shown(label)} ({figures['n']})" for label, figures in labels.items()]
    bars = axes.barh(names, [100 * figures["f"] for figures in labels.values()])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.axvline(100 * results["cats_micro"]["f"], color="black", linestyle=":", label="micro-F1")
    axes.invert_yaxis()
    axes.set(title=_title(results, "F1 of each label (texts that have it)"), xlabel="F1, %", xlim=(0, 110))
    axes.legend(loc="lower right")


def _precision_recall(axes: Axes, results: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    labels = results["cats_per_label"]
    axes.set_prop_cycle(color=colormaps["turbo"](np.linspace(0.05, 0.95, len(labels))))
    for label, figures in labels.items():
        if figures["ap"] is None:
            continue
        gold = [label in row["labels"] for row in rows]
        precision, recall, _ = precision_recall_curve(gold, [row["scores"][label] for row in rows])
        axes.plot(recall, precision, linewidth=1, label=f"{_shown(label)} ({figures['ap']:.2f})")
    axes.set(title=_title(results, "Precision and recall (average precision)"), xlabel="recall", ylabel="precision")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


def _reliability(axes: Axes, results: dict[str, Any]) -> None:
    protocol = results["protocol"]
    draw_reliability(axes, results["calibration"], f"{protocol['corpus']} {protocol['split']}")


def _confusion(axes: Axes, results: dict[str, Any]) -> None:
    labels = [_shown(label) for label in results["cats_per_label"]]
    counts = np.array(results["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    for i, j in np.ndindex(counts.shape):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    axes.set(title=_title(results, "Texts of each label"), xlabel="found", ylabel="right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metrics", type=Path, help="from evaluate.py")
    parser.add_argument("scores", type=Path, help="from evaluate.py")
    parser.add_argument("output", type=Path, help="a folder")
    arguments = parser.parse_args()
    with errors_in_one_line():
        draw(arguments.metrics, arguments.scores, arguments.output)
