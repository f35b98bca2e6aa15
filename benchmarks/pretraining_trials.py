"""Short pretrainings that differ in a setting: what each one reaches on held-out text.

python -m benchmarks.pretraining_trials EXPORTED OTHER_EXPORTED … --heldout FOLDER

EXPORTED are folders that ``projects/pretrain`` exported; the others are described by what they change of the first one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spacy_litbert.pretraining.earlier import NAME, read_record
from spacy_litbert.pretraining.evaluate import evaluate_folder

from .record import write

LENGTH, ROWS = 128, 2048
_PLACES = ("training.output", "export.folder", "export.name")


def trials(exported: list[Path], heldout: Path) -> dict[str, Any]:
    """Measure each folder on the same rows: as they are, and in pairs for next-sentence prediction."""
    settings = {folder: _settings(folder) for folder in exported}
    first = settings[exported[0]]
    return {
        "settings": first,
        "trials": {folder.name: _trial(folder, _changed(first, settings[folder]), heldout) for folder in exported},
    }


def _trial(folder: Path, changed: dict[str, Any], heldout: Path) -> dict[str, Any]:
    record = read_record(folder / NAME)
    figures = {
        name: evaluate_folder(folder, heldout, length=LENGTH, n=ROWS, pairs=pairs)
        for name, pairs in (("single_segments", False), ("pairs", True))
    }
    return {"changed": changed, **{key: record[key] for key in ("steps", "tokens", "hours", "finished")}, **figures}


def _settings(folder: Path) -> dict[str, Any]:
    sections = read_record(folder / NAME)["settings"]
    flat = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return {name: value for name, value in flat.items() if name not in _PLACES}


def _changed(first: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in other.items() if first.get(name) != value}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("exported", type=Path, nargs="+")
    parser.add_argument("--heldout", type=Path, required=True, help="folder of tokenised text")
    arguments = parser.parse_args()
    write("pretraining_trials", trials(arguments.exported, arguments.heldout))
