"""Rows → steps → a trained model: the budget, the learning rate, the loop, and what it does beside the steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from math import floor, isfinite
from pathlib import Path
from typing import cast

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from ..encoder.precision import autocast
from ..errors import Errors, LitBertError
from ..stopping import stopping
from ..types import Precision
from .config import Settings, TrainingSettings
from .curve import HELDOUT, TRAINING, Curve
from .evaluate import evaluate, heldout_rows
from .model import N_SUMS, PretrainingModel, Sums, losses
from .optimizer import CLIP, learning_rate_factor
from .processes import Processes
from .rows import Place, Rows, RowStream
from .shards import Corpus
from .state import State, check_finite, save_checkpoint


@dataclass(frozen=True)
class Budget:
    """What a run may use: steps, or seconds of wall-clock time; one of the two is None."""

    steps: int | None
    seconds: float | None

    def progress(self, step: int, elapsed: float) -> float:
        """Count from 0 at the beginning to exactly 1 at the end, or beyond it."""
        done = step / self.steps if self.steps is not None else elapsed / (self.seconds or 1.0)
        return min(1.0, done)


def budget(training: TrainingSettings) -> Budget:
    """Return the budget of a run."""
    return Budget(training.steps, None if training.minutes is None else training.minutes * 60)


class Stopwatch:
    """Seconds since a run began, over all its interruptions. before: those of earlier calls."""

    def __init__(self, before: float = 0.0, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._begin = clock() - before

    def elapsed(self) -> float:
        return self._clock() - self._begin


class Trainer:
    """One run in progress. ``run`` returns True when the budget is spent, False when it was told to stop.

    corpus, heldout: text to train on and to evaluate on.
    state: where to begin; it is kept up to date, and saved with the weights.
    """

    def __init__(
        self,
        settings: Settings,
        processes: Processes,
        corpus: Corpus,
        heldout: Corpus,
        model: PretrainingModel,
        optimizer: torch.optim.Optimizer,
        state: State,
        stopwatch: Stopwatch,
        *,
        progress: bool = True,
    ):
        self.settings, self.processes, self.corpus = settings, processes, corpus
        self.model, self.optimizer, self.state, self.stopwatch = model, optimizer, state, stopwatch
        training = settings.training
        for length in (training.length, training.long_length):
            if training.batch_tokens % (length * processes.n):
                raise LitBertError(
                    Errors.L506.format(batch=training.batch_tokens, length=length, processes=processes.n)
                )
        self.folder = Path(training.output)
        self.budget = budget(training)
        self._precision = cast(Precision, training.precision)
        self._pairs = training.objective == "mlm+nsp"
        self._wrapped = processes.wrap(model)
        self._heldout = heldout_rows(heldout, length=training.length, pairs=self._pairs, n=settings.report.heldout_rows)
        sums = state.sums if processes.first else [0.0] * N_SUMS
        self._sums = torch.tensor(sums, dtype=torch.float64).to(processes.device)
        self._since = (state.tokens, stopwatch.elapsed())
        self._reported = self.budget.progress(state.step, state.elapsed)
        self._bar_shown = progress and processes.first
        self.stop = False
        if processes.first:
            self._curve = Curve(self.folder / "curve.csv", TRAINING, state.step)
            self._heldout_curve = Curve(self.folder / "heldout.csv", HELDOUT, state.step)

    def run(self) -> bool:
        """Train until the budget is spent or ``stop`` is set, and save. A finished run is left as it is."""
        self.model.train()
        stream: RowStream | None = None
        length = 0
        with stopping(self._request_stop), self._bar() as bar:
            while True:
                elapsed, stop = self.processes.agree(self.stopwatch.elapsed(), self.stop)
                progress = self.budget.progress(self.state.step, elapsed)
                if stop or progress >= 1:
                    break
                if self._length(progress) != length:
                    if stream is not None:
                        stream.close()
                    length = self._length(progress)
                    stream = self._stream(length)
                assert stream is not None
                rows, self.state.places[length] = stream.take()
                rate = self._step(rows, progress)
                self.state.step += 1
                self.state.finished = False
                self._report(length, rate, bar)
            if stream is not None:
                stream.close()
            if not stop and not self.state.finished:
                self._log(length or next(reversed(self.state.places), 0), 0.0)
                self._evaluate()
                self.state.finished = True
                self._save()
            elif stop:
                self._save()
        return not stop

    def _length(self, progress: float) -> int:
        training = self.settings.training
        return training.length if progress < 1 - training.long_share else training.long_length

    def _stream(self, length: int) -> RowStream:
        training = self.settings.training
        return RowStream(
            self.corpus,
            length=length,
            pairs=self._pairs,
            seed=training.seed,
            n=training.batch_tokens // length,
            place=self.state.places.get(length, Place()),
            rank=self.processes.rank,
            processes=self.processes.n,
        )

    def _step(self, rows: Rows, progress: float) -> float:
        """Update the weights once; returns the learning rate."""
        training, processes = self.settings.training, self.processes
        self.model.shifting = progress >= 1 - training.shifted_share
        # Dropout follows from the step, so that a resumed run draws what an uninterrupted one would.
        torch.manual_seed((training.seed * 1_000_003 + self.state.step) * processes.n + processes.rank)
        rate = training.learning_rate * learning_rate_factor(progress, training.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        rows = rows.to(processes.device)
        length = rows.ids.shape[1]
        parts = list(rows.batches(training.micro_tokens // length))
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            wrapped = self._wrapped
            with wrapped.no_sync() if isinstance(wrapped, DistributedDataParallel) and not last else nullcontext():
                with autocast(processes.device, self._precision):
                    loss, sums = losses(wrapped, part)
                # Gradients are averaged over processes, and each of them has its share of the rows.
                (loss * length / training.batch_tokens * processes.n).backward()
            self._sums += sums
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return rate

    def _report(self, length: int, rate: float, bar: tqdm) -> None:
        """Do what is due after a step: a line of the curve, an evaluation, a checkpoint."""
        report = self.settings.report
        elapsed, _ = self.processes.agree(self.stopwatch.elapsed(), False)
        # Since the last report, not since the step began: an evaluation takes time, and what falls due in it is due.
        before, now = self._reported, self.budget.progress(self.state.step, elapsed)
        self._reported = now
        if self.state.step % report.log_steps == 0:
            figures = self._log(length, rate)
            bar.set_postfix({name: f"{value:.4g}" for name, value in figures.items()}, refresh=False)
        bar.update(min(bar.total, self.state.step if self.budget.steps else round(elapsed)) - bar.n)
        if floor(now * report.evaluations) > floor(before * report.evaluations) and now < 1:
            self._evaluate()
        if floor(now * report.checkpoints) > floor(before * report.checkpoints) and now < 1:
            self._save()

    def _log(self, length: int, rate: float) -> dict[str, float]:
        """Add what has been summed since the last line to the curve."""
        sums = Sums(*self.processes.total(self._sums).tolist())
        self._sums = torch.zeros_like(self._sums)
        if not sums.n_tokens:
            return {}
        if not isfinite(sums.masked_loss + sums.next_loss):
            raise LitBertError(Errors.L509.format(step=self.state.step, what="the loss"))
        self.state.tokens += sums.n_tokens
        elapsed = self.stopwatch.elapsed()
        speed = (self.state.tokens - self._since[0]) / max(1e-9, elapsed - self._since[1])
        self._since = (self.state.tokens, elapsed)
        figures = {"tokens_per_second": round(speed), **sums.means()}
        if self.processes.first:
            place = {"step": self.state.step, "elapsed": round(elapsed, 3), "tokens": round(self.state.tokens)}
            self._curve.add({**place, "length": length, "learning_rate": rate, **figures})
        return figures

    def _evaluate(self) -> None:
        """Add the held-out figures to their curve."""
        processes, training = self.processes, self.settings.training
        mine = Rows(*(value[processes.rank :: processes.n] for value in self._heldout.tensors()))
        batches = mine.batches(training.micro_tokens // training.length)
        sums = evaluate(self.model, batches, processes.device, self._precision)
        total = processes.total(torch.tensor(sums.to_list(), dtype=torch.float64))
        if processes.first:
            place = {"step": self.state.step, "tokens": round(self.state.tokens)}
            self._heldout_curve.add({**place, **Sums(*total.tolist()).means()})

    def _save(self) -> None:
        # Each process has the same weights, so all of them stop here.
        check_finite(self.model, self.state.step)
        self.state.elapsed = self.stopwatch.elapsed()
        self.state.sums = self.processes.total(self._sums.clone()).tolist()
        if self.processes.first:
            save_checkpoint(self.folder, self.state, self.model.bert, self.optimizer, self.settings.to_dict())
        self.processes.wait()

    def _request_stop(self) -> None:
        self.stop = True

    def _bar(self) -> tqdm:
        by_steps = self.budget.steps is not None
        total = self.budget.steps if by_steps else round(self.budget.seconds or 0)
        done = self.state.step if by_steps else round(self.state.elapsed)
        unit = "step" if by_steps else "s"
        return tqdm(total=total, initial=done, desc="pretrain", unit=unit, disable=not self._bar_shown)
