"""Put a wheel made by ``projects/ner`` into ``models/``, with its card, and keep its figures.

python -m scripts.bundle projects/ner/packages/bc5cdr
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Any

import srsly

from benchmarks.record import write

MODELS = Path(__file__).parent.parent / "models"


def bundle(packages: Path) -> None:
    [wheel] = packages.glob("*/dist/*.whl")
    name = wheel.name.split("-")[0]
    with zipfile.ZipFile(wheel) as archive:
        meta = srsly.json_loads(archive.read(f"{name}/meta.json"))
    for old in MODELS.glob(f"{name}-*.whl"):
        old.unlink()
    shutil.copy(wheel, MODELS)
    (MODELS / f"{name}.md").write_text(card(name, meta, wheel), "utf8")
    protocol = meta["performance"]["protocol"]
    write(f"ner_{protocol['corpus']}_{protocol['weights']}", meta["performance"])


def card(name: str, meta: dict[str, Any], wheel: Path) -> str:
    """The model card: what it is, what it began from, what it scores and how that was measured."""
    results = meta["performance"]
    rows = {"all": {key: results[f"ents_{key}"] for key in "prf"}, **results["ents_per_type"]}
    lines = [f"# {name} {meta['version']}", "", meta["description"], "", meta["notes"], ""]
    lines += ["| mentions | precision | recall | F1 |", "|---|---|---|---|"]
    lines += [
        f"| {label} | {100 * r['p']:.2f} | {100 * r['r']:.2f} | {100 * r['f']:.2f} |" for label, r in rows.items()
    ]
    lines += ["", "| how it was measured | |", "|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {_plain(value)} |" for key, value in results["protocol"].items()]
    lines += ["", "| | |", "|---|---|", f"| pipeline | {', '.join(meta['pipeline'])} |"]
    lines += [f"| labels | {', '.join(meta['labels']['ner'])} |", f"| licence | {meta['license']} |"]
    lines += [f"| data | {source['name']}; {source['url']}; {source['license']} |" for source in meta["sources"]]
    lines += [f"| SHA-256 of the wheel | `{hashlib.sha256(wheel.read_bytes()).hexdigest()}` |", ""]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("packages", type=Path, help="the project's folder of packages of one corpus")
    bundle(parser.parse_args().packages)
