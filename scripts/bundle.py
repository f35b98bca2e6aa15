"""Put a wheel made by ``projects/ner`` into ``models/``, with its card, and keep its figures.

    python scripts/bundle.py projects/ner/packages/bc5cdr projects/ner/metrics/bc5cdr/test.json
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"


def bundle(packages: Path, metrics: Path) -> None:
    [wheel] = packages.glob("*/dist/*.whl")
    name = wheel.name.split("-")[0]
    for old in MODELS.glob(f"{name}-*.whl"):
        old.unlink()
    shutil.copy(wheel, MODELS)
    card = (wheel.parent.parent / "README.md").read_text("utf8")
    checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (MODELS / f"{name}.md").write_text(f"# {name}\n\n{card.strip()}\n\nSHA-256 of the wheel: `{checksum}`\n", "utf8")
    subprocess.run([sys.executable, "-m", "benchmarks.ner", str(metrics.resolve())], cwd=ROOT, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("packages", type=Path, help="the project's folder of packages")
    parser.add_argument("metrics", type=Path, help="the test figures of the same run")
    arguments = parser.parse_args()
    bundle(arguments.packages, arguments.metrics)
