"""One command for a whole pretraining: settings → training → an exported model.

    python -m spacy_litbert.pretraining.run CONFIG [--resume] [--training.minutes 10 …]
    torchrun --nproc-per-node 8 -m spacy_litbert.pretraining.run CONFIG

Needs neither spaCy nor, but for a start from a hub, network. SIGTERM and Ctrl-C make it save and exit with 0;
``--resume`` goes on from there as if nothing had happened.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import BertConfig, BertForPreTraining

from ..checkpoints.tokenizer_files import check_no_model, check_no_other, write_tokenizer
from ..command_line import errors_in_one_line
from ..errors import Errors, LitBertError
from ..files import alone
from ..tokenization.vocabulary import Vocabulary
from .config import Settings, read_overrides, read_settings, with_shape
from .curve import HELDOUT, TRAINING, check_curve
from .earlier import NAME, read_earlier
from .export import bert_config, check_export, export
from .loop import Stopwatch, Trainer, budget
from .masking import Masker
from .model import PretrainingModel
from .optimizer import make_optimizer
from .processes import Processes, join_processes, keep_freed_memory, leave_processes
from .record import remove_record, write_record
from .shards import Corpus, vocabulary_checksum
from .start import read_start, report
from .state import (
    Saved,
    State,
    check_settings,
    latest_checkpoint,
    load_weights,
    read_checkpoint,
    remove_leftovers,
)


def pretrain(
    settings: Settings,
    *,
    resume: bool = False,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> bool:
    """Train by the settings and export. False if the run was stopped before its end.

    resume: go on from the last checkpoint, if there is one.
    Raises LitBertError L504 if there is a run already and ``resume`` is not set, L218 if the export would replace
    anything but an earlier one or the run lies over a model or another vocabulary, L514 or L516 over other files of the
    names of its own, L505 if settings or text are not those that the run was
    begun with, L517 if it is finished and should be longer, L518 if another process is at it, L519 if held-out texts
    stand among those to train on, L222 if the disk is full or can't be written to; other codes for text, weights and
    checkpoints that don't fit.
    """
    keep_freed_memory()
    processes = join_processes()
    try:
        with _alone(settings, processes):
            trainer = make_trainer(settings, processes, resume=resume, clock=clock, progress=progress)
            finished = trainer.run()
            if finished and processes.first:
                write_record(trainer)
                export(Path(settings.training.output), Path(settings.export.folder))
            processes.wait()
    except (OSError, SafetensorError) as error:  # the latter is safetensors' word for a full disk
        path = getattr(error, "filename", None) or settings.training.output
        raise LitBertError(Errors.L222.format(path=path, reason=error)) from error
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
    """Put a run together at its beginning, or where its last checkpoint left it."""
    folder = Path(settings.training.output)
    checkpoint = latest_checkpoint(folder)
    if checkpoint is not None and not resume:
        raise LitBertError(Errors.L504.format(path=folder, step=int(checkpoint.name.rpartition("-")[2])))
    corpus, heldout = Corpus(Path(settings.data.train)), Corpus(Path(settings.data.heldout))
    if vocabulary_checksum(corpus.vocabulary) != vocabulary_checksum(heldout.vocabulary):
        raise LitBertError(Errors.L502.format(path=settings.data.heldout, problem="it has another vocabulary"))
    _check_apart(corpus, heldout, settings.data.heldout)
    if processes.first:
        remove_leftovers(folder)
    saved = None if checkpoint is None else read_checkpoint(checkpoint)
    if saved is None:
        _check_remains(folder, corpus.vocabulary)
        settings, state, bert = _begin(settings, corpus.vocabulary)
        state.text, state.heldout = corpus.checksum(), heldout.checksum()
        if processes.first:
            remove_record(folder)
            _say(state, progress)
            write_tokenizer(corpus.vocabulary, folder, model_max_length=state.config["max_position_embeddings"])
    else:
        settings, state, bert = _go_on(settings, saved, corpus, heldout)
    model = _model(settings, bert, corpus.vocabulary, processes.device)
    optimizer = make_optimizer(model, settings.training.weight_decay)
    if saved is not None:
        load_weights(saved, model.bert, optimizer)
    stopwatch = Stopwatch(state.elapsed, clock)
    return Trainer(settings, processes, corpus, heldout, model, optimizer, state, stopwatch, progress=progress)


def _check_remains(folder: Path, vocabulary: Vocabulary) -> None:
    """Check that what a new run replaces in its folder is another run's, whose checkpoints are gone."""
    check_no_model(folder)
    check_no_other(folder, vocabulary)
    check_curve(folder / "curve.csv", TRAINING)
    check_curve(folder / "heldout.csv", HELDOUT)
    read_earlier(folder / NAME)


def _begin(settings: Settings, vocabulary: Vocabulary) -> tuple[Settings, State, BertForPreTraining]:
    """Make the model at a run's beginning: random, or with the weights to start from."""
    name, dropout, seed = settings.model.start, settings.model.hidden_dropout_prob, settings.training.seed
    if name is None:
        config = bert_config(settings.model, vocabulary, dropout=dropout)
        torch.manual_seed(seed)
        return settings, State(config=config), BertForPreTraining(BertConfig.from_dict(config))
    start = read_start(name, vocabulary, dropout=dropout, seed=seed)
    kinds = start.config["type_vocab_size"]
    if kinds < 2 and settings.training.objective == "mlm+nsp":
        raise LitBertError(Errors.L515.format(path=name, found=kinds))
    settings = with_shape(settings, start.config, name)
    return settings, State(config=start.config, start=start.description), start.bert


def _go_on(
    settings: Settings, saved: Saved, corpus: Corpus, heldout: Corpus
) -> tuple[Settings, State, BertForPreTraining]:
    """Make the model of a checkpoint, still without its weights. What it started from is not asked for again."""
    state, folder = saved.state, saved.path.parent
    if settings.model.start is not None:
        settings = with_shape(settings, state.config, str(saved.path))
    check_settings(saved, settings.to_dict())
    for name, expected, text in (("train", state.text, corpus), ("heldout", state.heldout, heldout)):
        if (found := text.checksum()) != expected:
            what = f"the text of data.{name}"
            raise LitBertError(Errors.L505.format(name=what, found=found[:12], expected=expected[:12], path=folder))
    if state.finished and budget(settings.training).progress(state.step, state.elapsed) < 1:
        raise LitBertError(Errors.L517.format(path=folder, step=state.step, export=settings.export.folder))
    return settings, state, BertForPreTraining(BertConfig.from_dict(state.config))


def _check_apart(corpus: Corpus, heldout: Corpus, name: str) -> None:
    """Raise LitBertError L519 if texts stand in both."""
    shared = np.intersect1d(corpus.fingerprints(), heldout.fingerprints())
    if len(shared):
        raise LitBertError(Errors.L519.format(n=len(shared), total=len(heldout.fingerprints()), heldout=name))


@contextmanager
def _alone(settings: Settings, processes: Processes) -> Iterator[None]:
    """Have the run's folder for these processes, and check where the model will be written before it is trained.

    Only the first process does, and all of them stop if it can't.
    """
    with ExitStack() as stack:
        refused: LitBertError | None = None
        if processes.first:
            try:
                _check_export(settings)
                if not stack.enter_context(alone(Path(settings.training.output))):
                    refused = LitBertError(Errors.L518.format(path=settings.training.output))
            except LitBertError as error:
                refused = error
        _, stop = processes.agree(0.0, refused is not None)
        if stop:
            problem = "see the first process"
            raise refused or LitBertError(Errors.L218.format(path=settings.export.folder, problem=problem))
        yield


def _check_export(settings: Settings) -> None:
    """Check where the model will be written. Weights to start from are read at a run's beginning alone."""
    run, start = Path(settings.training.output), settings.model.start
    read = [Path(settings.data.train), Path(settings.data.heldout)]
    if start is not None and Path(start).exists() and latest_checkpoint(run) is None:
        read.append(Path(start))
    check_export(Path(settings.export.folder), run, sources=read)


def _say(state: State, progress: bool) -> None:
    if state.start is not None and progress:
        print(report(state.start), flush=True)


def _model(
    settings: Settings, bert: BertForPreTraining, vocabulary: Vocabulary, device: torch.device
) -> PretrainingModel:
    model = PretrainingModel(
        bert,
        vocabulary,
        Masker(vocabulary, settings.training.mlm_probability, device),
        pairs=settings.training.objective == "mlm+nsp",
        compiled=settings.training.compile,
    )
    return model.to(device)


@errors_in_one_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="pretrain", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint, if there is one")
    known, rest = parser.parse_known_args(arguments)
    pretrain(read_settings(known.config, read_overrides(rest)), resume=known.resume)


if __name__ == "__main__":
    main()
