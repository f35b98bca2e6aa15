"""Keep what ``projects/linking`` found on ambiguous abbreviations in ``benchmarks/results/linking_context.json``.

python -m benchmarks.linking_context projects/linking/metrics/ambiguous.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .record import write


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("metrics", type=Path, help="the file that scripts/context.py of the project wrote")
    write("linking_context", json.loads(parser.parse_args().metrics.read_text("utf8")))


if __name__ == "__main__":
    main()
