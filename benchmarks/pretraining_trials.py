"""Short pretrainings that differ in a setting: what each one reaches on held-out text.

python -m benchmarks.pretraining_trials EXPORTED OTHER_EXPORTED … --heldout FOLDER

EXPORTED are folders that ``projects/pretrain`` exported; the others are described by what they change of the first one.
Trials can be measured at different times: those that are kept already stay, and the first of them is what the others
are described by.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from spacy_litbert.files import read_json
from spacy_litbert.pretraining.earlier import NAME, read_record
from spacy_litbert.pretraining.evaluate import evaluate_folder
from spacy_litbert.pretraining.shards import Corpus

from .record import RESULTS, write

BENCHMARK = "pretraining_trials"
LENGTH, ROWS = 128, 2048
_PLACES = ("training.output", "export.folder", "export.name")


def trials(exported: list[Path], heldout: Path, kept: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure each folder on the same rows: as they are, and in pairs for next-sentence prediction.

    kept: what this returned before, to which the folders are added. Raises ValueError if that is of another text.
    """
    settings = {folder: _settings(folder) for folder in exported}
    text = Corpus(heldout).checksum()
    if kept is None:
        kept = {"settings": settings[exported[0]], "heldout": text, "trials": {}}
    if kept["heldout"] != text:
        raise ValueError(
            f"The trials in {BENCHMARK}.json were measured on other text than {heldout}: delete it, or give that"
        )
    first = kept["settings"]
    measured = {folder.name: _trial(folder, _changed(first, settings[folder]), heldout) for folder in exported}
    return {"settings": first, "heldout": text, "trials": {**kept["trials"], **measured}}


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
    earlier = RESULTS / f"{BENCHMARK}.json"
    try:
        result = trials(arguments.exported, arguments.heldout, read_json(earlier) if earlier.is_file() else None)
    except ValueError as problem:
        sys.exit(str(problem))
    write(BENCHMARK, result)
