"""A knowledge base's synonyms → a name encoder: the training, its state on disk, and the folder at its end."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm
from transformers import BertConfig, BertModel

from ..checkpoints.config import written_config
from ..checkpoints.folder import load_checkpoint
from ..checkpoints.sources import open_source
from ..checkpoints.tokenizer_files import write_tokenizer
from ..checkpoints.write import write_folder
from ..encoder import torch_encoder
from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..linking.knowledge_base import KnowledgeBase
from ..models.settings import check_minimum, check_positive, check_precision, check_seed
from ..pretraining.loop import Stopwatch
from ..pretraining.optimizer import CLIP, learning_rate_factor, make_optimizer
from ..pretraining.start import describe
from ..pretraining.state import (
    State,
    check_finite,
    check_settings,
    is_checkpoint,
    latest_checkpoint,
    load_weights,
    read_checkpoint,
    remove_leftovers,
    save_checkpoint,
)
from ..stopping import stopping
from ..targets import check_target, checkpoint_made_by, only
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.wordpieces import WordpieceEncoder
from ..types import Precision
from .card import name_encoder_card
from .encoder import mean_of_rows, rows_of
from .loss import multi_similarity
from .synonyms import Synonyms

_WARMUP = 0.1
_WEIGHT_DECAY = 0.01
_CHECKPOINTS = 10
_BUDGET = 2048  # wordpieces of a micro-batch
_ACTIVATIONS = 1 << 16  # wordpieces whose activations are kept: all of a step's
_ARCHITECTURE = "BertModel"
_OF_A_RUN = ("checkpoint-*", "vocab.txt", "tokenizer.json", "tokenizer_config.json", ".*.partial")


@dataclass(frozen=True)
class NameSettings:
    """How a name encoder is trained.

    start: the weights to begin with: a folder, a bundled name or a hub id.
    types: of the concepts whose synonyms are learned; None for all.
    steps: updates; each sees two names of ``concepts`` concepts.
    learning_rate: its peak, after a tenth of the steps.
    precision: of the forward pass; bfloat16 takes half the time on processors that know it.
    """

    start: str = "litbert-oa-small"
    types: tuple[str, ...] | None = None
    steps: int = 200
    concepts: int = 256
    learning_rate: float = 1e-4
    precision: Precision = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        check_minimum("steps", self.steps, 1)
        check_minimum("concepts", self.concepts, 2)
        check_positive("learning_rate", self.learning_rate)
        check_seed("seed", self.seed)
        check_precision(self.precision, "torch")


def train_names(
    kb: KnowledgeBase,
    folder: Path,
    settings: NameSettings,
    *,
    resume: bool = False,
    force: bool = False,
    progress: bool = False,
) -> bool:
    """Train an encoder on the synonyms of a knowledge base and write it to ``folder``, as transformers loads it.

    resume: go on where an earlier call was stopped.
    force: replace an earlier checkpoint folder.

    SIGTERM and Ctrl-C save what was reached beside ``folder``, in ``FOLDER.run``; False is returned then.

    Raises LitBertError L218 if ``folder`` may not be replaced or ``FOLDER.run`` holds anything else, L504 if there is a
    run already and ``resume`` is not set, L505 if it was begun with other settings, L509 if it diverges, L540 without
    synonyms; other codes for weights and checkpoints that don't fit.
    """
    option = None if force else "--force (force=True)"
    sources = [kb.path, Path(settings.start)]
    check_target(folder, sources=sources, made=checkpoint_made_by(""), what="checkpoint folder", option=option)
    run = folder.absolute().with_name(f"{folder.absolute().name}.run")
    check_target(run, sources=sources, made=_made, what="folder of a training", option=None, in_place=True)
    checkpoint = latest_checkpoint(run)
    if checkpoint is not None and not resume:
        raise LitBertError(Errors.L504.format(path=run, step=int(checkpoint.name.rpartition("-")[2])))
    synonyms = Synonyms(kb, settings.types)
    trainer = _Trainer(synonyms, settings, run, checkpoint)
    with stopping(trainer.request_stop):
        finished = trainer.run(progress=progress)
    if finished:
        _write(folder, trainer, kb)
        shutil.rmtree(run, ignore_errors=True)
    return finished


def _made(run: Path) -> str | None:
    other = [path.name for path in run.glob("checkpoint-*") if not is_checkpoint(path)]
    return f"{other[0]} is no checkpoint of ours" if other else only(*_OF_A_RUN)(run)


class _Trainer:
    def __init__(self, synonyms: Synonyms, settings: NameSettings, run: Path, checkpoint: Path | None) -> None:
        self.synonyms, self.settings, self.folder = synonyms, settings, run
        self.said = _sections(settings, synonyms.kb)
        self.stop = False
        saved = None if checkpoint is None else read_checkpoint(checkpoint)
        if saved is None:
            self.state, self.bert, self.vocabulary = _begin(settings)
            write_tokenizer(self.vocabulary, run, model_max_length=self.state.config["max_position_embeddings"])
        else:
            check_settings(saved, self.said)
            remove_leftovers(run)
            self.state, self.vocabulary = saved.state, Vocabulary.from_folder(run)
            self.bert = BertModel(BertConfig.from_dict(self.state.config), add_pooling_layer=False)
        self.optimizer = make_optimizer(self.bert, _WEIGHT_DECAY)
        if saved is not None:
            load_weights(saved, self.bert, self.optimizer)
        self._wordpieces = WordpieceEncoder(self.vocabulary)
        self._stopwatch = Stopwatch(self.state.elapsed)

    def request_stop(self) -> None:
        self.stop = True

    def run(self, *, progress: bool) -> bool:
        """Train until all steps are done or ``stop`` is set, which saves."""
        steps = self.settings.steps
        every = max(1, steps // _CHECKPOINTS)
        with tqdm(total=steps, initial=self.state.step, desc="names", unit="step", disable=not progress) as bar:
            while self.state.step < steps and not self.stop:
                loss = self._step(self.state.step)
                if not isfinite(loss):
                    raise LitBertError(Errors.L509.format(step=self.state.step, what="the loss"))
                self.state.step += 1
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update()
                if self.state.step % every == 0 and self.state.step < steps:
                    self._save()
        if self.state.step < steps:
            self._save()
        return self.state.step >= steps

    def _step(self, step: int) -> float:
        """Update the weights once; what is drawn follows from the seed and the step alone."""
        settings = self.settings
        batch = self.synonyms.batch(settings.concepts, settings.seed, step)
        rows, owners = rows_of(self._wordpieces, batch.names, self.state.config["max_position_embeddings"])
        torch.manual_seed(settings.seed * 1_000_003 + step)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * learning_rate_factor(step / settings.steps, _WARMUP)
        (hidden, _), backprop = torch_encoder.begin_update(
            self.bert, rows, precision=settings.precision, budget=_BUDGET, keep=_ACTIVATIONS
        )
        hidden = hidden.detach().requires_grad_()
        vectors = mean_of_rows(hidden, owners, len(batch.names))
        if not vectors.isfinite().all():
            return nan  # which no pair counts in
        concepts, forms = (torch.from_numpy(values).to(hidden.device) for values in (batch.concepts, batch.forms))
        loss = multi_similarity(vectors, concepts, forms)
        loss.backward()
        assert hidden.grad is not None
        backprop(hidden.grad, None)
        nn.utils.clip_grad_norm_(self.bert.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.item()

    def _save(self) -> None:
        check_finite(self.bert, self.state.step)
        self.state.elapsed = self._stopwatch.elapsed()
        save_checkpoint(self.folder, self.state, self.bert, self.optimizer, self.said)


def _begin(settings: NameSettings) -> tuple[State, BertModel, Vocabulary]:
    loaded = load_checkpoint(settings.start)
    loaded.bert.pooler = None
    with open_source(settings.start) as source:
        start = describe(settings.start, source.folder, source.files)
    config = written_config({**loaded.config, "pad_token_id": loaded.vocabulary.ids["[PAD]"]}, _ARCHITECTURE)
    return State(config=config, start=start), loaded.bert, loaded.vocabulary


def _sections(settings: NameSettings, kb: KnowledgeBase) -> dict[str, Any]:
    """Return the settings as the state of a run keeps them."""
    training = asdict(settings)
    types = training.pop("types")
    return {
        "model": {"start": training.pop("start")},
        "data": {"knowledge_base": kb.checksum, "types": None if types is None else sorted(types)},
        "training": training,
    }


def _write(folder: Path, trainer: _Trainer, kb: KnowledgeBase) -> None:
    with replacing_folder(folder) as partial:
        checksums = write_folder(
            partial,
            trainer.bert.state_dict(),
            trainer.state.config,
            trainer.vocabulary,
            storage="float16",
            shard_megabytes=None,
            source=str(folder),
        )
        assert trainer.state.start is not None
        card = name_encoder_card(
            asdict(trainer.settings),
            trainer.state.start,
            {key: kb.metadata[key] for key in ("name", "version", "licence", "checksum")},
            concepts=len(trainer.synonyms),
            checksums=checksums,
        )
        (partial / "README.md").write_text(card, encoding="utf8")
