"""Pretrain briefly with one setting changed at a time, to choose by what each reaches on held-out text.

python scripts/trials.py configs/small.cfg configs/trials.json training/full/trials --wordpieces 3000000

The file of trials gives each its name and the settings that it changes of the config. All read as many wordpieces, and
each is exported to FOLDER/CONFIG-WORDPIECES/NAME. Interrupted, the same call goes on; what is finished stays.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import read_json
from spacy_litbert.pretraining.config import Settings, read_settings
from spacy_litbert.pretraining.run import pretrain

_NAME = re.compile(r"\w[\w.+-]*")
_OF_THE_SCRIPT = ("training.steps", "training.minutes", "training.output", "export.folder", "export.name")


def read_trials(config: Path, trials: Path, folder: Path, wordpieces: int) -> dict[str, Settings]:
    """Return the settings of each trial, checked before any of them begins.

    Raises LitBertError as ``read_settings`` does, L207 for a damaged file of trials, L501 for a setting in it that this
    script makes, and L512 for what is no trial.
    """
    changes = read_json(trials)
    for name, changed in changes.items():
        _check(name, changed, trials)
        if f"{name}-run" in changes:
            reason = f"the run of the trial {name!r} lies where the trial {name + '-run'!r} would; rename one"
            raise LitBertError(Errors.L512.format(path=trials, reason=reason))
    place = folder / f"{config.stem}-{wordpieces}"
    return {name: _settings(config, changed, place / name, wordpieces) for name, changed in changes.items()}


def _check(name: str, changed: object, trials: Path) -> None:
    if not _NAME.fullmatch(name):
        reason = f"the trial {name!r} needs a name of letters, digits and . _ + -, which a folder is called by"
        raise LitBertError(Errors.L512.format(path=trials, reason=reason))
    if not isinstance(changed, dict):
        reason = f"the trial {name!r} is {changed!r}; give the settings that it changes, such as {{}}"
        raise LitBertError(Errors.L512.format(path=trials, reason=reason))
    for setting in _OF_THE_SCRIPT:
        if setting in changed:
            problem = f"is made by this script; take it out of the trial {name!r}"
            raise LitBertError(Errors.L501.format(name=setting, path=trials, problem=problem))


def _settings(config: Path, changed: dict[str, object], folder: Path, wordpieces: int) -> Settings:
    own = {name: json.dumps(value) for name, value in changed.items()}
    batch = read_settings(config, own).training.batch_tokens
    made = (str(max(1, round(wordpieces / batch))), "null", f"{folder}-run", str(folder), folder.name)
    return read_settings(config, {**own, **dict(zip(_OF_THE_SCRIPT, made))})


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
