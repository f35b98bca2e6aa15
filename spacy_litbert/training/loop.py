"""spaCy's own loop of updates, from its beginning or from where it was stopped.

The loop is a generator of spaCy's, whose batches, schedules and results can't be saved. They can be replayed: for each
step that was taken it draws the batch again, is given no text to update on, and is told the score that there was. Then
weights, moments and random numbers are put back, and what follows is what would have followed.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import IO, Any

import numpy as np
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.loop import (
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
    train_while_improving,
    update_meta,
)
from spacy.util import registry, resolve_dot_names
from thinc.api import fix_random_seed

from ..errors import Errors, LitBertError
from ..files import replacing_folder
from .random_numbers import draw_from, drawn
from .state import Saved, State, Trained

BEST, LAST = "model-best", "model-last"
_SECONDS = 300.0  # between two saves of the state
_ANNOTATIONS = ("tensor", "strings", "user_data")  # of a Doc's bytes: what is no annotation, or in any order

Batches = Iterator[tuple[int, list[Example]]]  # with the epoch of each


class Loop:
    """One sitting of a training. ``run`` returns False if it was told to stop before the end.

    nlp: initialized. file: for the state. saved: where to go on; None for the beginning.
    """

    def __init__(self, nlp: Language, output: Path, file: Path, saved: Saved | None, config: dict[str, Any]):
        self.nlp, self.output, self.file = nlp, output, file
        self.state = State(config=config) if saved is None else saved.state
        self._stop = False  # asked for
        self._is_stopped = False  # and done
        self._saved = saved
        self._is_live = saved is None
        self._losses: dict[str, float] = {}
        self._texts = sha256()
        interpolated = nlp.config.interpolate()
        if (seed := interpolated["training"]["seed"]) is not None:
            fix_random_seed(seed)
        self._settings = registry.resolve(interpolated["training"], schema=ConfigSchemaTraining)
        names = [self._settings["train_corpus"], self._settings["dev_corpus"]]
        self._train_corpus, self._dev_corpus = resolve_dot_names(interpolated, names)
        self._frozen: list[str] = self._settings["frozen_components"]
        self._trained = Trained(nlp, self._settings["optimizer"], self._frozen)
        self._trained.check()
        self._begin = time.monotonic() - self.state.seconds
        self._last_save = time.monotonic()

    def run(self, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr) -> bool:
        """Train; the best checkpoint lies in ``output / "model-best"``, the last one in ``output / "model-last"``."""
        settings, words = self._settings, self.state.words
        with self.nlp.select_pipes(disable=self._frozen):
            log_step, finalize_logger = settings["logger"](self.nlp, stdout, stderr)
        try:
            for _, info, is_best in self._steps():
                evaluated = is_best is not None
                self._losses = {} if evaluated else info["losses"]
                if not self._is_live:
                    continue
                info["words"] += words
                info["seconds"] = int(self._elapsed())
                if evaluated:
                    with self.nlp.select_pipes(disable=self._frozen):
                        update_meta(settings, self.nlp, info)
                    self._save_pipeline(is_best=bool(is_best))
                    info["output_path"] = str(self.output / LAST)
                log_step(info if evaluated else None)
                self.state.steps, self.state.words = info["step"] + 1, info["words"]
        finally:
            finalize_logger()
        if self._is_stopped:
            return False
        if not self._is_live:
            raise self._other_texts()
        self._save_pipeline(is_best=False)
        self.file.unlink(missing_ok=True)
        return True

    def request_stop(self) -> None:
        """Have the state saved, and the loop end, before the next step; after the last one, the training is done."""
        self._stop = True

    def _steps(self) -> Iterator[tuple[Any, dict[str, Any], bool | None]]:
        settings = self._settings
        evaluate = create_evaluation_callback(self.nlp, self._dev_corpus, settings["score_weights"])
        batches = create_train_batches(self.nlp, self._train_corpus, settings["batcher"], settings["max_epochs"])
        kept = ("dropout", "accumulate_gradient", "patience", "max_steps", "eval_frequency", "annotating_components")
        yield from train_while_improving(
            self.nlp,
            settings["optimizer"],
            self._batches(batches),
            self._evaluation(evaluate),
            exclude=self._frozen,
            before_update=settings["before_update"],
            **{name: settings[name] for name in kept},
        )

    def _batches(self, batches: Batches) -> Batches:
        done, draws = self.state.steps, dict(self.state.draws)
        for step in count():
            if step in draws:
                draw_from(draws[step])
            before = drawn()
            try:
                epoch, batch = next(batches)
            except StopIteration:
                return
            if step not in draws and not np.array_equal(before, drawn(), equal_nan=True):
                self.state.draws.append((step, before))
            self._read(epoch, batch)
            if step < done:
                yield epoch, []
                continue
            if not self._is_live:
                self._go_on()
            elif self._is_to_save(step):
                self._save_state()
            if self._stop:
                self._is_stopped = True
                return
            yield epoch, batch

    def _evaluation(self, evaluate: Callable[[], tuple[float, dict[str, Any]]]) -> Callable[[], Any]:
        scores = iter(list(self.state.scores))

        def score() -> tuple[float, dict[str, Any]]:
            if not self._is_live:
                return next(scores, float("nan")), {}
            score, others = evaluate()
            self.state.scores.append(float(score))
            return score, others

        return score

    def _read(self, epoch: int, batch: list[Example]) -> None:
        """Add a batch to the checksum: with its annotations, as long as no update can have changed them."""
        for example in batch:
            reference = example.reference
            self._texts.update(reference.text.encode("utf8") if epoch else reference.to_bytes(exclude=_ANNOTATIONS))

    def _go_on(self) -> None:
        assert self._saved is not None
        if self._texts.hexdigest() != self.state.texts:
            raise self._other_texts()
        self._trained.put_back(self._saved)
        self._losses.update(self.state.losses)
        self.nlp.meta["performance"] = self.state.performance
        for string in self.state.strings:
            self.nlp.vocab.strings.add(string)
        self._saved, self._is_live = None, True

    def _other_texts(self) -> LitBertError:
        return LitBertError(Errors.L652.format(path=self.file, steps=self.state.steps))

    def _is_to_save(self, step: int) -> bool:
        if step == 1:  # the optimizer knows by now what it trains
            self._trained.check()
        return self._stop or (step > 0 and time.monotonic() - self._last_save >= _SECONDS)

    def _save_state(self) -> None:
        self.state.seconds = self._elapsed()
        self.state.losses = {name: float(loss) for name, loss in self._losses.items()}
        self.state.texts = self._texts.hexdigest()
        self.state.performance = self.nlp.meta.get("performance", {})
        self.state.strings = list(self.nlp.vocab.strings)
        self._trained.save(self.file, self.state)
        self._last_save = time.monotonic()

    def _save_pipeline(self, *, is_best: bool) -> None:
        before_to_disk = create_before_to_disk_callback(self._settings["before_to_disk"])
        with self.nlp.use_params(self._settings["optimizer"].averages), replacing_folder(self.output / LAST) as partial:
            before_to_disk(self.nlp).to_disk(partial)
        if is_best:
            with replacing_folder(self.output / BEST) as partial:
                shutil.copytree(self.output / LAST, partial, dirs_exist_ok=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._begin
