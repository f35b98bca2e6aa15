"""A finished run → one folder that transformers and this package load, with its model card.

python -m spacy_litbert.pretraining.export RUN_FOLDER OUT
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..checkpoints.config import written_config
from ..checkpoints.safetensor_files import read_safetensors
from ..checkpoints.write import write_folder
from ..command_line import errors_in_one_line
from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..targets import FILES_OF_A_CHECKPOINT, check_target, only
from ..tokenization.vocabulary import Vocabulary
from .card import model_card
from .config import SHAPE, ModelSettings
from .curve import plot_curve
from .earlier import NAME, read_record
from .notice import notice
from .state import is_named_as_checkpoint, latest_checkpoint, read_checkpoint

# BERT's own, for those who fine-tune the weights, whatever it was in pretraining: a few hundred labelled texts are
# soon learned by heart without it.
FINE_TUNING_DROPOUT = 0.1
_TERMS = "LICENSE"
_OF_THE_RUN = (NAME, "curve.csv", "heldout.csv", "curve.png", "NOTICE", _TERMS)


def export(run: Path, folder: Path) -> None:
    """Write config.json, model.safetensors, the tokenizer's files, the record, the curve, README.md and NOTICE.

    The storage type, the name and the licence are those of the run's settings. A LICENSE that was put into an earlier
    export stays.
    Raises LitBertError L218 if ``folder`` is anything but an earlier export or holds the run, L507 if the run is not
    finished, L219 if its weights do not fit the storage type.
    """
    check_export(folder, run)
    checkpoint = latest_checkpoint(run)
    if checkpoint is None or not (run / NAME).is_file():
        raise _unfinished(run)
    record, state = read_record(run / NAME), read_checkpoint(checkpoint).state
    if record["steps"] != state.step:
        raise _unfinished(run)
    settings = record["settings"]
    dropout = {"hidden_dropout_prob": FINE_TUNING_DROPOUT, "attention_probs_dropout_prob": FINE_TUNING_DROPOUT}
    with replacing_folder(folder) as partial:
        checksums = write_folder(
            partial,
            read_safetensors(checkpoint / "model.safetensors"),
            {**state.config, **dropout},
            Vocabulary.from_folder(run),
            storage=settings["export"]["storage"],
            shard_megabytes=settings["export"]["shard_megabytes"],
            source=str(checkpoint),
        )
        for name in (NAME, "curve.csv", "heldout.csv"):
            shutil.copy(run / name, partial)
        plotted = plot_curve(run, partial / "curve.png")
        card = model_card(record, checksums=checksums, plotted=plotted)
        (partial / "README.md").write_text(card, encoding="utf8")
        if text := notice(record):
            (partial / "NOTICE").write_text(text, encoding="utf8")
        if (folder / _TERMS).is_file():
            shutil.copy(folder / _TERMS, partial)


def check_export(folder: Path, run: Path, *, sources: Iterable[Path] = ()) -> None:
    """Raise LitBertError L218 if ``folder`` is anything but an earlier export, holds the run, or what else is read.

    It may lie in the folder of the run.
    """
    if folder.resolve() in (run.resolve(), *run.resolve().parents):
        problem = "the run lies in it. Choose another `export.folder`"
        raise LitBertError(Errors.L218.format(path=folder, problem=problem))
    if is_named_as_checkpoint(folder) and folder.resolve().parent == run.resolve():
        problem = "it has the name of a checkpoint of the run. Choose another `export.folder`"
        raise LitBertError(Errors.L218.format(path=folder, problem=problem))
    check_target(folder, sources=sources, made=_exported, what="exported model", option=None)


def _exported(folder: Path) -> str | None:
    if not (folder / NAME).is_file():
        return f"it has no {NAME} of a pretraining"
    return only(*FILES_OF_A_CHECKPOINT, *_OF_THE_RUN)(folder)


def _unfinished(run: Path) -> LitBertError:
    return LitBertError(Errors.L507.format(path=run, problem="the run is not finished; go on with --resume"))


def bert_config(model: ModelSettings, vocabulary: Vocabulary, *, dropout: float) -> dict[str, Any]:
    """Make config.json of a model of the given shape."""
    values = {
        "vocab_size": len(vocabulary),
        **{name: getattr(model, name) for name in SHAPE},
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "pad_token_id": vocabulary.ids["[PAD]"],
    }
    return written_config(values, "BertForPreTraining")


@errors_in_one_line()
def main() -> None:
    parser = argparse.ArgumentParser(prog="export", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run (training.output)")
    parser.add_argument("out", type=Path, help="folder for the model")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out)


if __name__ == "__main__":
    main()
