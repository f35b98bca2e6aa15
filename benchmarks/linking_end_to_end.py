"""Keep what ``projects/linking`` found on raw text of test splits in ``benchmarks/results/linking_end_to_end.json``.

python -m benchmarks.linking_end_to_end projects/linking/metrics/bc5cdr/end_to_end.json …

Beside it, a diagram for each corpus shows how far the probabilities of links can be relied on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from spacy_litbert.workflow.reliability import plot_reliability

from .record import RESULTS, write


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("metrics", nargs="+", type=Path, help="files that scripts/end_to_end.py of the project wrote")
    records = [json.loads(path.read_text("utf8")) for path in parser.parse_args().metrics]
    corpora = {_name(record): record for record in records}
    write("linking_end_to_end", {"corpora": corpora})
    for corpus, record in corpora.items():
        path = RESULTS / f"linking_end_to_end_{corpus}_reliability.png"
        plot_reliability(path, record["reliability"]["link"], f"links, {corpus} {record['split']}")


def _name(record: dict[str, Any]) -> str:
    return f"{record['corpus']}{'' if record['name_encoder'] else '_without_vectors'}"


if __name__ == "__main__":
    main()
