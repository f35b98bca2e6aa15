"""One command for a whole pretraining: settings → training → an exported model.

    python -m spacy_litbert.pretraining.run CONFIG [--resume] [--training.minutes 10 …]
    torchrun --nproc-per-node 8 -m spacy_litbert.pretraining.run CONFIG

Needs torch, transformers, tokenizers, safetensors, numpy and tqdm; no spaCy and no network. SIGTERM makes it
save and exit with 0; ``--resume`` goes on from there as if nothing had happened.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertForPreTraining

from ..checkpoints.tokenizer_files import write_tokenizer
from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary
from .config import Settings, read_overrides, read_settings
from .export import bert_config, export
from .loop import Stopwatch, Trainer
from .masking import Masker
from .model import PretrainingModel
from .processes import Processes, join_processes, keep_freed_memory, leave_processes
from .record import write_record
from .shards import Corpus, vocabulary_checksum
from .state import State, latest_checkpoint, load_checkpoint_state
from .weights import read_pretrained


def pretrain(
    settings: Settings,
    *,
    resume: bool = False,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> bool:
    """Train by the settings and export. False if the run was stopped before its end.

    resume: go on from the last checkpoint, if there is one.
    Raises LitBertError L504 if there is a run already and ``resume`` is not set.
    """
    keep_freed_memory()
    processes = join_processes()
    try:
        trainer = make_trainer(settings, processes, resume=resume, clock=clock, progress=progress)
        finished = trainer.run()
        if finished and processes.first:
            write_record(trainer)
            export(Path(settings.training.output), Path(settings.export.folder))
        processes.wait()
    finally:
        leave_processes(processes)
    return finished


def make_trainer(
    settings: Settings,
    processes: Processes,
    *,
    resume: bool,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> Trainer:
    """A run at its beginning, or where its last checkpoint left it."""
    folder = Path(settings.training.output)
    checkpoint = latest_checkpoint(folder)
    if checkpoint is not None and not resume:
        raise LitBertError(Errors.L504.format(path=folder, step=int(checkpoint.name.rpartition("-")[2])))
    corpus, heldout = Corpus(Path(settings.data.train)), Corpus(Path(settings.data.heldout))
    if vocabulary_checksum(corpus.vocabulary) != vocabulary_checksum(heldout.vocabulary):
        raise LitBertError(Errors.L502.format(path=settings.data.heldout, problem="it has another vocabulary"))
    model = _model(settings, corpus.vocabulary, processes.device)
    optimizer = _optimizer(model, settings)
    state = State()
    if checkpoint is not None:
        state = load_checkpoint_state(checkpoint, model.bert, optimizer, settings.to_dict())
    elif processes.first:
        write_tokenizer(corpus.vocabulary, folder, limit=settings.model.positions)
    stopwatch = Stopwatch(state.elapsed, clock)
    return Trainer(settings, processes, corpus, heldout, model, optimizer, state, stopwatch, progress=progress)


def _model(settings: Settings, vocabulary: Vocabulary, device: torch.device) -> PretrainingModel:
    config = BertConfig.from_dict(bert_config(settings.model, vocabulary, dropout=settings.model.dropout))
    if settings.model.start is None:
        torch.manual_seed(settings.training.seed)
        bert = BertForPreTraining(config)
    else:
        bert = _start_from(Path(settings.model.start), config, vocabulary)
    return PretrainingModel(
        bert.to(device),
        vocabulary,
        Masker(vocabulary, settings.training.mask_share, device),
        pairs=settings.training.objective == "mlm+nsp",
        compiled=settings.training.compile,
    )


def _start_from(folder: Path, config: BertConfig, vocabulary: Vocabulary) -> BertForPreTraining:
    bert = read_pretrained(folder, vocabulary, dropout=config.hidden_dropout_prob)
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
        found, wanted = getattr(bert.config, key), getattr(config, key)
        if found != wanted:
            raise LitBertError(Errors.L507.format(path=folder, problem=f"{key} is {found}, and [model] says {wanted}"))
    return bert


def _optimizer(model: PretrainingModel, settings: Settings) -> torch.optim.Optimizer:
    """AdamW; biases and layer norms don't decay."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1]},
        {"params": [parameter for parameter in trained if parameter.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, weight_decay=settings.training.weight_decay, fused=True
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="pretrain", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint, if there is one")
    known, rest = parser.parse_known_args(arguments)
    pretrain(read_settings(known.config, read_overrides(rest)), resume=known.resume)


if __name__ == "__main__":
    main()
