"""Keep what a project's comparison of systems over several seeds has found.

python -m benchmarks.comparison textcat hoc_doc

The figures are those of ``python -m spacy project run comparison`` in projects/textcat (or projects/ner). Seeds can be
run at different times and on different machines: those that are kept already stay.
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
    """Write ``benchmarks/results/PROJECT_CORPUS.json``, with the seeds that it has and others, and a plot beside it."""
    name = f"{project}_{corpus}"
    kept = RESULTS / f"{name}.json"
    result = json.loads((PROJECTS / project / "metrics" / corpus / "compare.json").read_text("utf8"))
    if kept.is_file():
        result = joined(json.loads(kept.read_text("utf8")), result)
    write(name, result)
    plot(result, RESULTS / f"{name}.png", SHOWN[project])


def joined(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of all seeds of two results of one comparison; of a seed that both have, the later ones.

    ``earlier`` in the result says when and where the first ones came about.

    Raises ValueError if anything but the seeds, the time and the machine differs.
    """
    own = {"benchmark", "seeds", "systems", "trained", "earlier", *_OF_A_RUN}
    differing = [key for key in sorted({*earlier, *later} - own) if earlier.get(key) != later.get(key)]
    if list(earlier["systems"]) != list(later["systems"]):
        differing.append("systems")
    if differing:
        raise ValueError(f"they differ in {', '.join(differing)}")
    rest = [seed for seed in earlier["seeds"] if seed not in later["seeds"]]
    if not rest:
        return later
    seeds = sorted([*rest, *later["seeds"]])
    systems: dict[str, dict[str, Any]] = {}
    for name, splits in later["systems"].items():
        systems[name] = {}
        for split, figures in splits.items():
            runs = dict(zip(earlier["seeds"], _runs(earlier["systems"][name][split])))
            runs |= zip(later["seeds"], _runs(figures))
            systems[name][split] = summary([runs[seed] for seed in seeds])
    before = {"seeds": earlier["seeds"], **{key: earlier[key] for key in _OF_A_RUN}}
    trained = {**earlier.get("trained", {}), **later.get("trained", {})}
    scored = [*earlier.get("earlier", []), before]
    return {**later, "seeds": seeds, "systems": systems, "trained": trained, "earlier": scored}


def _runs(figures: dict[str, dict[str, Any]]) -> list[dict[str, float]]:
    n = len(next(iter(figures.values()))["values"])
    return [{figure: one["values"][i] for figure, one in figures.items()} for i in range(n)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("project", choices=sorted(SHOWN))
    parser.add_argument("corpus")
    arguments = parser.parse_args()
    try:
        keep(arguments.project, arguments.corpus)
    except ValueError as problem:
        sys.exit(f"The comparison does not fit the kept one: {problem}. Delete that first, or run it as it was.")
