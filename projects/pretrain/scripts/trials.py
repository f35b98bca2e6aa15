"""Pretrain briefly with one setting changed at a time, to choose by what each reaches on held-out text.

python scripts/trials.py configs/small.cfg configs/trials.json training/full/trials --wordpieces 3000000

The file of trials gives each its name and the settings that it changes of the config. All read as many wordpieces, and
each is exported to FOLDER/CONFIG-WORDPIECES/NAME. Interrupted, the same call goes on; what is finished stays.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.pretraining.config import Settings, read_settings
from spacy_litbert.pretraining.run import pretrain


def read_trials(config: Path, trials: Path, folder: Path, wordpieces: int) -> dict[str, Settings]:
    """Return the settings of each trial, checked before any of them begins."""
    changes: dict[str, dict[str, object]] = json.loads(trials.read_text("utf8"))
    place = folder / f"{config.stem}-{wordpieces}"
    return {name: _settings(config, changed, place / name, wordpieces) for name, changed in changes.items()}


def _settings(config: Path, changed: dict[str, object], folder: Path, wordpieces: int) -> Settings:
    own = {name: json.dumps(value) for name, value in changed.items()}
    batch = read_settings(config, own).training.batch_tokens
    budget = {"training.steps": str(max(1, round(wordpieces / batch))), "training.minutes": "null"}
    places = {"training.output": f"{folder}-run", "export.folder": str(folder), "export.name": folder.name}
    return read_settings(config, {**own, **budget, **places})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("trials", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wordpieces", type=int, required=True, help="of each trial")
    given = parser.parse_args()
    for name, settings in read_trials(given.config, given.trials, given.folder, given.wordpieces).items():
        print(f"trial {name}", flush=True)
        if not pretrain(settings, resume=True):
            sys.exit("Stopped and saved: the same call goes on")


if __name__ == "__main__":
    with errors_in_one_line():
        main()
