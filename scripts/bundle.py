"""Put a wheel made by one of the projects into ``wheels/``, with its card, and keep its figures.

python -m scripts.bundle projects/ner/packages/bc5cdr
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import srsly

from benchmarks.record import RESULTS, write
from spacy_litbert.files import replacing
from spacy_litbert.workflow.precision_recall import plot_precision_recall
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
    project = "ner" if "ents_f" in figures else "textcat"
    record = f"{project}_{protocol['corpus']}_{protocol['weights']}"
    write(record, figures)
    plots = {}
    what = f"{protocol['corpus']} {protocol['split']}"
    if "calibration" in figures:
        path = RESULTS / f"{record}_reliability.png"
        plots["How often what is said with a certain score is right"] = path
        plot_reliability(path, figures["calibration"], what)
    if "curves" in figures:
        path = RESULTS / f"{record}_precision_recall.png"
        plots["Precision and recall by the least confidence"] = path
        plot_precision_recall(path, figures["curves"], what)
    (WHEELS / f"{name}.md").write_text(card(name, meta, wheel, plots), "utf8")


def card(name: str, meta: dict[str, Any], wheel: Path, plots: Mapping[str, Path] = MappingProxyType({})) -> str:
    """Return the model card: what it is, what it started from, what it scores and how that was measured.

    plots: by what they show.
    """
    results = meta["performance"]
    lines = [f"# {name} {meta['version']}", "", meta["description"], "", meta["notes"], ""]
    lines += _figures_of_mentions(results) if "ents_f" in results else _figures_of_categories(results)
    for what, plot in plots.items():
        lines += ["", f"![{what}](../benchmarks/results/{plot.name})"]
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
    if "corpora" in results:
        lines += ["", "| corpus, mentions | precision | recall | F1 |", "|---|---|---|---|"]
        for name, figures in results["corpora"].items():
            labels = {f"{name}, {label}": of_label for label, of_label in figures["ents_per_type"].items()}
            whole = {f"{name}, all": {key: figures[f"ents_{key}"] for key in "prf"}} if len(labels) > 1 else {}
            lines += _rows({**whole, **labels}, "prf")
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
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("packages", type=Path, help="the project's folder of packages of one corpus")
    bundle(parser.parse_args().packages)
