"""Keep what ``projects/linking`` found on test splits in ``benchmarks/results/linking.json``.

python -m benchmarks.linking projects/linking/metrics/bc5cdr/test.json …
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .record import write


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("metrics", nargs="+", type=Path, help="files that scripts/evaluate.py of the project wrote")
    records = [json.loads(path.read_text("utf8")) for path in parser.parse_args().metrics]
    write("linking", {"corpora": {record.pop("corpus"): record for record in records}})


if __name__ == "__main__":
    main()
