"""How texts are cut, as the config says: checked when a model is built and when its weights come."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from numbers import Integral, Real

from ..errors import Errors, LitBertError
from ..tokenization.windows import N_SPECIAL
from ..types import Backend, Boundaries, Precision

MIN_WINDOW = 8
SEEDS = 1 << 32  # of numpy and torch alike
PRECISIONS = {"torch": ("float32", "bfloat16", "float16"), "onnx": ("float32", "int8")}


@dataclass(frozen=True)
class WindowSettings:
    """How texts are cut into wordpieces and windows; see ``build_litbert_model_v1``.

    They are those that the model was built with, and not part of its saved bytes: thinc restores a model's saved
    ``attrs`` over what a config asks for, so that an override at load would be ignored.
    """

    name: str
    window: int | None
    overlap: int
    boundaries: Boundaries
    wordpiece_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_share("wordpiece_dropout", self.wordpiece_dropout)
        check_choice("boundaries", self.boundaries, ("token", "sentence"))
        check_minimum("overlap", self.overlap, 0)
        if self.window is not None:
            check_minimum("window", self.window, MIN_WINDOW)
            self._check_overlap(self.window)

    def check(self, max_position_embeddings: int) -> None:
        """Raise LitBertError L001 or L002 if the encoder's ``max_position_embeddings`` are too few."""
        if self.window is not None and self.window > max_position_embeddings:
            raise LitBertError(Errors.L001.format(window=self.window, name=self.name, limit=max_position_embeddings))
        self._check_overlap(self.window or max_position_embeddings)

    def _check_overlap(self, window: int) -> None:
        room = window - N_SPECIAL
        if self.overlap > room // 2:
            raise LitBertError(Errors.L002.format(overlap=self.overlap, room=room, limit=room // 2))


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise LitBertError L003 for a value that is none of the choices."""
    if value not in choices:
        raise LitBertError(Errors.L003.format(name=name, value=value, choices=", ".join(choices)))


def check_minimum(name: str, value: int, minimum: int) -> None:
    """Raise LitBertError L004 for what is no whole number, or below the minimum."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise LitBertError(Errors.L004.format(name=name, value=repr(value), minimum=f"{minimum}, and a whole number"))


def check_positive(name: str, value: float) -> None:
    """Raise LitBertError L004 for what is no number above 0, or not finite."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < inf:
        raise LitBertError(Errors.L004.format(name=name, value=repr(value), minimum="above 0, and a finite number"))


def check_seed(name: str, value: int) -> None:
    """Raise LitBertError L007 for what is no whole number from 0 to 2³² - 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= value < SEEDS:
        raise LitBertError(Errors.L007.format(name=name, value=repr(value), smallest=0, largest=SEEDS - 1))


def check_share(name: str, value: float) -> None:
    """Raise LitBertError L005 for what is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value <= 1:
        raise LitBertError(Errors.L005.format(name=name, value=repr(value)))


def check_precision(precision: Precision, backend: Backend) -> None:
    """Raise LitBertError L310 for a precision that the backend doesn't have."""
    choices = PRECISIONS[backend]
    if precision not in choices:
        raise LitBertError(Errors.L310.format(precision=precision, backend=backend, choices=", ".join(choices)))
