"""A finished run → one folder that transformers and this package load, with its model card.

python -m spacy_litbert.pretraining.export RUN_FOLDER OUT
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary, read_json
from .card import model_card
from .checkpoint import latest_checkpoint
from .config import ModelSettings
from .curve import plot_curve
from .record import NAME
from .shards import file_checksum
from .tokenizer_files import write_tokenizer
from .weights import write_weights

_DTYPES = {"float16": torch.float16, "float32": torch.float32}


def export(run: Path, folder: Path) -> None:
    """Write config.json, model.safetensors, the tokenizer's files, the record, the curve and README.md.

    The storage type, the name and the licence are those of the run's settings.
    Raises LitBertError L507 if the run is not finished.
    """
    checkpoint = latest_checkpoint(run)
    if checkpoint is None or not (run / NAME).is_file():
        raise LitBertError(Errors.L507.format(path=run, problem="the run is not finished; go on with --resume"))
    record = read_json(run / NAME)
    settings = record["settings"]
    vocabulary = Vocabulary.from_folder(run)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    dtype = _DTYPES[settings["export"]["storage"]]
    weights = {name: value.to(dtype) for name, value in load_file(checkpoint / "model.safetensors").items()}
    files = write_weights(weights, partial, shard_megabytes=settings["export"]["shard_megabytes"])
    config = bert_config(ModelSettings(**settings["model"]), vocabulary)
    (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    write_tokenizer(vocabulary, partial, limit=settings["model"]["positions"])
    for name in (NAME, "curve.csv", "heldout.csv"):
        shutil.copy(run / name, partial)
    plotted = plot_curve(run, partial / "curve.png")
    card = model_card(record, checksums={path.name: file_checksum(path) for path in files}, plotted=plotted)
    (partial / "README.md").write_text(card, encoding="utf8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def bert_config(model: ModelSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    """config.json for ``BertConfig`` of any transformers: only names that all of them know."""
    return {
        "architectures": ["BertForPreTraining"],
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": model.width,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "intermediate_size": model.inner,
        "max_position_embeddings": model.positions,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "hidden_dropout_prob": model.dropout,
        "attention_probs_dropout_prob": model.dropout,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": vocabulary.ids["[PAD]"],
        # How it computes, not how it is stored: transformers 5 would otherwise compute in float16.
        "torch_dtype": "float32",
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="export", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run (training.output)")
    parser.add_argument("out", type=Path, help="folder for the model")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out)


if __name__ == "__main__":
    main()
