"""Keep what a project's comparison of systems over several seeds has found.

python -m benchmarks.comparison textcat hoc_doc

The figures are those of ``python -m spacy project run comparison`` in projects/textcat (or projects/ner).
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from benchmarks.record import RESULTS, write

PROJECTS = Path(__file__).parent.parent / "projects"


def keep(project: str, corpus: str) -> None:
    """Write ``benchmarks/results/PROJECT_CORPUS.json`` and the plot beside it."""
    folder = PROJECTS / project
    write(f"{project}_{corpus}", json.loads((folder / "metrics" / corpus / "compare.json").read_text("utf8")))
    shutil.copy(folder / "output" / corpus / "compare.png", RESULTS / f"{project}_{corpus}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("project", choices=["ner", "textcat"])
    parser.add_argument("corpus")
    arguments = parser.parse_args()
    keep(arguments.project, arguments.corpus)
