r"""Put weights exported by ``projects/pretrain`` into ``spacy_litbert/bundled/``, and keep their figures.

python -m scripts.bundle_weights projects/pretrain/training/full/litbert-oa-small \
    --heldout projects/pretrain/training/full/heldout
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from benchmarks.record import write
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.files import replacing_folder
from spacy_litbert.pretraining.evaluate import evaluate_folder
from spacy_litbert.targets import check_target

LICENSES = Path(__file__).parent.parent / "LICENSES"
BUNDLED = Path(__file__).parent.parent / "spacy_litbert" / "bundled"
LARGEST_FILE = 50_000_000  # bytes


LENGTHS = (128, 512)  # of rows; the longer ones show what is known of the later positions
WORDPIECES = 2**18


def bundle(exported: Path, heldout: Path) -> None:
    """Copy the folder, if it loads and no file is too large for a repository; write benchmarks/results.

    heldout: tokenised text that no part of the training saw.
    """
    target = BUNDLED / exported.name
    check_target(target, sources=[exported, heldout], made=_made, what="folder of weights", option=None)
    load_checkpoint(exported)
    run = json.loads((exported / "run.json").read_text("utf8"))
    for path in exported.iterdir():
        if path.stat().st_size > LARGEST_FILE:
            raise SystemExit(f"{path} is larger than {LARGEST_FILE:,} bytes; export it with export.shard_megabytes")
    with replacing_folder(target) as partial:
        shutil.copytree(exported, partial, dirs_exist_ok=True)
        for path in LICENSES.glob("*.txt"):
            if path.stem.lower() == run["settings"]["export"]["license"]:
                shutil.copy(path, partial / "LICENSE")
    figures = [evaluate_folder(exported, heldout, length=length, n=WORDPIECES // length) for length in LENGTHS]
    write(f"pretraining_{exported.name}", {"run": run, "heldout": figures})


def _made(folder: Path) -> str | None:
    return None if (folder / "run.json").is_file() else "it has no run.json of a pretraining"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("exported", type=Path, help="the folder that pretraining exported")
    parser.add_argument("--heldout", type=Path, required=True)
    arguments = parser.parse_args()
    bundle(arguments.exported, arguments.heldout)
