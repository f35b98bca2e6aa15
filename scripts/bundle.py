"""Put a wheel made by one of the projects into ``wheels/``, with its card, and keep its figures.

python -m scripts.bundle projects/ner/packages/bc5cdr
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import srsly

from benchmarks.record import RESULTS, write
from spacy_litbert.files import replacing
from spacy_litbert.workflow.reliability import plot_reliability

WHEELS = Path(__file__).parent.parent / "wheels"


def bundle(packages: Path) -> None:
    wheels = list(packages.glob("*/dist/*.whl"))
    if len(wheels) != 1:
        raise SystemExit(f"{packages} must hold one wheel, in */dist: found {len(wheels)}")
    wheel = wheels[0]
    name = wheel.name.split("-")[0]
    with zipfile.ZipFile(wheel) as archive:
        meta = srsly.json_loads(archive.read(f"{name}/meta.json"))
    with replacing(WHEELS / wheel.name) as partial:
        shutil.copy(wheel, partial)
    for old in WHEELS.glob(f"{name}-*.whl"):
        if old.name != wheel.name:
            old.unlink()
    figures = meta["performance"]
    protocol = figures["protocol"]
    record = f"{name.rpartition('_')[2]}_{protocol['corpus']}_{protocol['weights']}"
    write(record, figures)
    plot = None
    if "calibration" in figures:
        plot = RESULTS / f"{record}_reliability.png"
        plot_reliability(plot, figures["calibration"], f"{protocol['corpus']} {protocol['split']}")
    (WHEELS / f"{name}.md").write_text(card(name, meta, wheel, plot), "utf8")


def card(name: str, meta: dict[str, Any], wheel: Path, plot: Path | None = None) -> str:
    """Return the model card: what it is, what it started from, what it scores and how that was measured.

    plot: how far its confidences can be relied on.
    """
    results = meta["performance"]
    lines = [f"# {name} {meta['version']}", "", meta["description"], "", meta["notes"], ""]
    lines += _figures_of_mentions(results) if "ents_f" in results else _figures_of_categories(results)
    if plot is not None:
        lines += ["", f"![How often what is said with a certain score is right](../benchmarks/results/{plot.name})"]
    lines += ["", "| how it was measured | |", "|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {_plain(value)} |" for key, value in results["protocol"].items()]
    lines += ["", "| | |", "|---|---|", f"| pipeline | {', '.join(meta['pipeline'])} |"]
    labels = [label for of_pipe in meta["labels"].values() for label in of_pipe]
    lines += [f"| labels | {', '.join(labels)} |", f"| licence | {meta['license']} |"]
    lines += [f"| data | {source['name']}; {source['url']}; {source['license']} |" for source in meta["sources"]]
    lines += [f"| SHA-256 of the wheel | `{hashlib.sha256(wheel.read_bytes()).hexdigest()}` |", ""]
    return "\n".join(lines)


def _figures_of_mentions(results: dict[str, Any]) -> list[str]:
    rows = {"all": {key: results[f"ents_{key}"] for key in "prf"}, **results["ents_per_type"]}
    lines = ["| mentions | precision | recall | F1 |", "|---|---|---|---|", *_rows(rows, "prf")]
    if "calibration" in results:
        lines += ["", f"Expected calibration error of the confidences: {100 * results['calibration']['ece']:.2f} %."]
    return lines


def _figures_of_categories(results: dict[str, Any]) -> list[str]:
    keys = ("p", "r", "f", "ap", "auc")
    micro = {**results["cats_micro"], "ap": results["micro_ap"]}
    macro = {"f": results["cats_macro_f"], "ap": results["macro_ap"], "auc": results["macro_auc"]}
    rows = {"all decisions (micro)": micro, "mean of the labels (macro)": macro, **results["cats_per_label"]}
    lines = ["| label | precision | recall | F1 | average precision | area under the ROC curve |"]
    lines += ["|---|---|---|---|---|---|", *_rows(rows, keys), ""]
    lines += [f"Texts with every label right: {100 * results['accuracy']:.2f} %. Expected calibration error: "]
    lines[-1] += f"{100 * results['calibration']['ece']:.2f} %."
    return lines


def _rows(rows: dict[str, dict[str, Any]], keys: Iterable[str]) -> list[str]:
    return [
        f"| {label} | {' | '.join(_percent(figures.get(key)) for key in keys)} |" for label, figures in rows.items()
    ]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("packages", type=Path, help="the project's folder of packages of one corpus")
    bundle(parser.parse_args().packages)
