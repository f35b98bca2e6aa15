"""The learning rate of training: up at first, then down until the last step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Union

from thinc.schedules import warmup_linear

from ..errors import Errors, LitBertError


def build_warmup_linear_v1(initial_rate: float, warmup_steps: int, total_steps: Union[int, str]) -> Iterator[float]:
    """Build rates that rise to ``initial_rate``, then fall to 0 at the last step, ``spacy-litbert.warmup_linear.v1``.

    It is thinc's ``warmup_linear.v1``, except that ``total_steps`` may be a variable of the config.
    ``spacy train`` puts the number in the place of ``${training.max_steps}``. ``nlp.resume_training``,
    ``nlp.initialize``, ``spacy debug data`` and the like read the optimizer's section alone and don't know how long
    training will last, nor does ``nlp.update`` ever step a schedule: the rate is then ``initial_rate`` throughout.

    initial_rate: the highest rate.
    warmup_steps: steps until it is reached.
    total_steps: steps until the rate is 0 again, or a variable such as ``${training.max_steps}``.

    Raises LitBertError L319 for another string, or a number below 1: ``max_steps = 0`` sets no limit, and then nothing
    says when the rate should be 0.
    """
    if isinstance(total_steps, int) and total_steps >= 1:
        return iter(warmup_linear(initial_rate, warmup_steps, total_steps))
    if isinstance(total_steps, int) or not total_steps.startswith("${"):
        raise LitBertError(Errors.L319.format(found=total_steps))
    return repeat(initial_rate)  # which can be copied and pickled, as pipelines are
