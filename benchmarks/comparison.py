"""Keep what a project's comparison of systems over several seeds has found.

python -m benchmarks.comparison textcat hoc_doc

The figures are those of ``python -m spacy project run comparison`` in projects/textcat (or projects/ner). Systems and
seeds can be run at different times and on different machines: those that are kept already stay.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, write
from spacy_litbert.workflow.comparison import SPLITS, Shown, plot
from spacy_litbert.workflow.summary import summary

PROJECTS = Path(__file__).parent.parent / "projects"
SHOWN = {
    "ner": [Shown(split, "all", "F1") for split in SPLITS],
    "textcat": [Shown("test", "micro_f", "micro-F1"), Shown("test", "macro_f", "macro-F1")],
}
_OF_A_RUN = ("date", "machine", "versions")


def keep(project: str, corpus: str) -> None:
    """Add to ``benchmarks/results/PROJECT_CORPUS.json`` what the project found, and draw a plot beside it."""
    name = f"{project}_{corpus}"
    kept = RESULTS / f"{name}.json"
    result = json.loads((PROJECTS / project / "metrics" / corpus / "compare.json").read_text("utf8"))
    if kept.is_file():
        result = joined(json.loads(kept.read_text("utf8")), result)
    write(name, result)
    plot(result, RESULTS / f"{name}.png", SHOWN[project])


def joined(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of the systems and seeds of two results; of a seed of a system that both have, the later ones.

    Raises ValueError if they are of different comparisons, or a system of both was trained in different ways.
    """
    _check(earlier, later, but={"benchmark", "systems", *_OF_A_RUN}, of="the comparison")
    systems = {**earlier["systems"], **later["systems"]}
    for name in earlier["systems"].keys() & later["systems"].keys():
        systems[name] = _joined_seeds(earlier["systems"][name], later["systems"][name], name)
    return {**later, "systems": systems}


def _joined_seeds(earlier: dict[str, Any], later: dict[str, Any], name: str) -> dict[str, Any]:
    # Weights are known by their checksum: their folder may be called otherwise, and their card be put better since.
    _check(earlier, later, but={"seeds", "trained", "weights", "weights_card", *SPLITS}, of=name)
    runs = {seed: run for system in (earlier, later) for seed, run in _runs(system).items()}
    seeds = sorted(runs)
    figures = {split: summary([runs[seed][split] for seed in seeds]) for split in SPLITS}
    return {**later, "seeds": seeds, "trained": [runs[seed]["trained"] for seed in seeds], **figures}


def _check(earlier: dict[str, Any], later: dict[str, Any], but: set[str], of: str) -> None:
    differing = [key for key in sorted({*earlier, *later} - but) if earlier.get(key) != later.get(key)]
    if differing:
        raise ValueError(f"{', '.join(differing)} of {of}")


def _runs(system: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the figures on each split, and how they came about, for each seed of a system."""
    return {
        seed: {
            "trained": system["trained"][i],
            **{split: {figure: one["values"][i] for figure, one in system[split].items()} for split in SPLITS},
        }
        for i, seed in enumerate(system["seeds"])
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("project", choices=sorted(SHOWN))
    parser.add_argument("corpus")
    arguments = parser.parse_args()
    try:
        keep(arguments.project, arguments.corpus)
    except ValueError as problem:
        sys.exit(f"It differs from what is kept: {problem}. Delete that first, or run it as it was.")
