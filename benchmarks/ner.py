"""Keep what ``projects/ner`` measured: its test figures and their protocol become a result of this folder.

python -m benchmarks.ner projects/ner/metrics/bc5cdr/test.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

import srsly

from .record import write

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("metrics", type=Path, help="what the project's step `evaluate` wrote")
    metrics = srsly.read_json(parser.parse_args().metrics)
    protocol = metrics["protocol"]
    write(f"ner_{protocol['corpus']}_{protocol['weights']}", metrics)
