"""A finished run → one folder that transformers and this package load, with its model card.

python -m spacy_litbert.pretraining.export RUN_FOLDER OUT
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ..checkpoints.config import written_config
from ..checkpoints.write import write_folder
from ..errors import Errors, LitBertError
from ..files import read_json, replacing_folder
from ..tokenization.vocabulary import Vocabulary
from .card import model_card
from .config import ModelSettings
from .curve import plot_curve
from .record import NAME
from .state import latest_checkpoint

# BERT's own, for those who fine-tune the weights, whatever it was in pretraining: a few hundred labelled texts are
# soon learned by heart without it.
FINE_TUNING_DROPOUT = 0.1


def export(run: Path, folder: Path) -> None:
    """Write config.json, model.safetensors, the tokenizer's files, the record, the curve and README.md.

    The storage type, the name and the licence are those of the run's settings.
    Raises LitBertError L507 if the run is not finished, L219 if its weights do not fit the storage type.
    """
    checkpoint = latest_checkpoint(run)
    if checkpoint is None or not (run / NAME).is_file():
        raise LitBertError(Errors.L507.format(path=run, problem="the run is not finished; go on with --resume"))
    record = read_json(run / NAME)
    settings = record["settings"]
    vocabulary = Vocabulary.from_folder(run)
    with replacing_folder(folder) as partial:
        checksums = write_folder(
            partial,
            load_file(checkpoint / "model.safetensors"),
            bert_config(ModelSettings(**settings["model"]), vocabulary, dropout=FINE_TUNING_DROPOUT),
            vocabulary,
            storage=settings["export"]["storage"],
            shard_megabytes=settings["export"]["shard_megabytes"],
            source=str(checkpoint),
        )
        for name in (NAME, "curve.csv", "heldout.csv"):
            shutil.copy(run / name, partial)
        plotted = plot_curve(run, partial / "curve.png")
        card = model_card(record, checksums=checksums, plotted=plotted)
        (partial / "README.md").write_text(card, encoding="utf8")


def bert_config(model: ModelSettings, vocabulary: Vocabulary, *, dropout: float) -> dict[str, Any]:
    """config.json of a model of the given shape."""
    values = {
        "vocab_size": len(vocabulary),
        "hidden_size": model.width,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "intermediate_size": model.inner,
        "max_position_embeddings": model.positions,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "pad_token_id": vocabulary.ids["[PAD]"],
    }
    return written_config(values, "BertForPreTraining")


def main() -> None:
    parser = argparse.ArgumentParser(prog="export", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run (training.output)")
    parser.add_argument("out", type=Path, help="folder for the model")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out)


if __name__ == "__main__":
    main()
