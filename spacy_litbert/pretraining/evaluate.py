"""Weights + held-out text → masked and next-sentence loss and accuracy, the same rows and masks every time.

python -m spacy_litbert.pretraining.evaluate MODEL_FOLDER HELDOUT_FOLDER
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from ..checkpoints.folder import load_pretraining
from ..command_line import errors_in_one_line
from ..encoder.precision import autocast
from ..errors import Errors, LitBertError
from ..files import replacing
from ..targets import check_new_file
from ..types import Precision
from .config import SHORTEST
from .earlier import NAME, read_record
from .masking import Masker
from .model import N_SUMS, PretrainingModel, Sums, losses
from .rows import Epoch, Rows
from .shards import Corpus, vocabulary_checksum

_SEED = 0
MASK_SHARE = 0.15


def heldout_rows(corpus: Corpus, *, length: int, pairs: bool, n: int) -> Rows:
    """Draw at most ``n`` rows of held-out text, always the same ones."""
    epoch = Epoch(corpus, length=length, pairs=pairs, seed=_SEED, epoch=0)
    return epoch.rows(np.arange(min(n, len(epoch))))


def evaluate(model: nn.Module, batches: Iterator[Rows], device: torch.device, precision: Precision) -> Sums:
    """Sum over the batches, without dropout and gradients."""
    model.eval()
    total = torch.zeros(N_SUMS, dtype=torch.float64, device=device)
    with torch.no_grad(), autocast(device, precision):
        for rows in batches:
            total += losses(model, rows.to(device))[1]
    model.train()
    return Sums(*total.tolist())


def evaluate_folder(
    folder: Path, heldout: Path, *, length: int, n: int, pairs: bool | None = None, progress: bool = True
) -> dict[str, float]:
    """Measure an exported model on held-out text.

    pairs: in rows of two segments, for next-sentence prediction as well, or of one; None for what it was trained on,
        by its record (run.json), or two for weights without one.
    Raises LitBertError L004 for less than one row or rows of less than 8 pieces, L507 if the model does not read rows
    that long or the text has another vocabulary, L2xx for a model that lacks its pretraining heads or can't be loaded.
    """
    for name, value, minimum in (("rows", n, 1), ("length", length, SHORTEST)):
        if value < minimum:
            raise LitBertError(Errors.L004.format(name=name, value=value, minimum=minimum))
    corpus = Corpus(heldout)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bert, vocabulary = load_pretraining(folder, dropout=0.0)
    if vocabulary_checksum(vocabulary) != vocabulary_checksum(corpus.vocabulary):
        raise LitBertError(Errors.L507.format(path=folder, problem="their vocabulary is another one"))
    if length > (limit := bert.config.max_position_embeddings):
        problem = f"they read rows of at most {limit} pieces, and `length` is {length}"
        raise LitBertError(Errors.L507.format(path=folder, problem=problem))
    if pairs is None:
        pairs = _knows_pairs(folder, bert.config.type_vocab_size)
    masker = Masker(corpus.vocabulary, MASK_SHARE, device)
    model = PretrainingModel(bert, corpus.vocabulary, masker, pairs=pairs).to(device)
    rows = heldout_rows(corpus, length=length, pairs=pairs, n=n)
    batches = tqdm(list(rows.batches(32)), desc="evaluate", disable=not progress)
    sums = evaluate(model, iter(batches), device, "float32")
    return {"rows": len(rows), "length": length, **sums.means()}


def _knows_pairs(folder: Path, kinds: int) -> bool:
    record = folder / NAME
    objective = read_record(record)["settings"]["training"]["objective"] if record.is_file() else "mlm+nsp"
    return kinds > 1 and objective == "mlm+nsp"


@errors_in_one_line()
def main() -> None:
    parser = argparse.ArgumentParser(prog="evaluate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path, help="folder of an exported model")
    parser.add_argument("heldout", type=Path, help="folder of tokenised text")
    parser.add_argument("--length", type=int, default=128, help="pieces of a row")
    parser.add_argument("--rows", type=int, default=2048, help="rows to evaluate on, at most")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    arguments = parser.parse_args()
    if arguments.out:
        check_new_file(arguments.out, sources=[arguments.model, arguments.heldout], option=None)
    figures = evaluate_folder(arguments.model, arguments.heldout, length=arguments.length, n=arguments.rows)
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.out:
        with replacing(arguments.out) as partial:
            partial.write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
