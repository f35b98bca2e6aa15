"""How far a run is, by steps or by the clock, and the learning rate that follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What a run may use: steps, or seconds of wall-clock time; one of the two is None."""

    steps: int | None
    seconds: float | None

    def progress(self, step: int, elapsed: float) -> float:
        """From 0 at the beginning to exactly 1 at the end, or beyond it."""
        done = step / self.steps if self.steps is not None else elapsed / (self.seconds or 1.0)
        return min(1.0, done)


class Stopwatch:
    """Seconds since a run began, over all its interruptions. before: those of earlier sittings."""

    def __init__(self, before: float = 0.0, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._begin = clock() - before

    def elapsed(self) -> float:
        return self._clock() - self._begin


def learning_rate_factor(progress: float, warmup: float) -> float:
    """The share of the peak learning rate: up to 1 during ``warmup``, then down to exactly 0 at the end."""
    if progress < warmup:
        return progress / warmup
    return (1.0 - progress) / (1.0 - warmup)
