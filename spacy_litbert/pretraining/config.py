"""A config file → checked settings. Its dialect is that of spaCy's configs: INI sections, JSON values.

    [model]
    layers = 4

Every setting is there, none is unknown, and each has the type that its dataclass says; a value can be
overridden on the command line as ``--model.layers 8``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from ..errors import Errors, LitBertError


@dataclass(frozen=True)
class ModelSettings:
    """BERT's shape. inner: width of the feed-forward layers. positions: the longest input.

    start: a folder with weights to go on from, in the same shape; null draws them from the seed.
    """

    layers: int
    width: int
    heads: int
    inner: int
    positions: int
    dropout: float
    start: str | None


@dataclass(frozen=True)
class DataSettings:
    """Folders made by ``prepare``, with one vocabulary."""

    train: str
    heldout: str


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    output: folder for checkpoints, curve and record.
    objective: "mlm+nsp" or "mlm". mask_share: of the pieces, those to predict.
    steps or minutes: the budget, the other one null; minutes are wall-clock time, all included.
    batch_tokens: pieces of a step over all processes; micro_tokens: those computed at once in one process.
    warmup: share of the budget in which the learning rate rises, before it falls to zero at the end.
    length, long_length, long_share: rows of ``length``, and of ``long_length`` in the last share of the budget.
    shifted_share: in this last share of the budget, half of the rows that are shorter than the encoder reads begin at
        any position where they fit.
    """

    output: str
    seed: int
    objective: str
    mask_share: float
    steps: int | None
    minutes: float | None
    batch_tokens: int
    micro_tokens: int
    learning_rate: float
    weight_decay: float
    warmup: float
    length: int
    long_length: int
    long_share: float
    shifted_share: float
    precision: str
    compile: bool


@dataclass(frozen=True)
class ReportSettings:
    """log_steps: steps between two lines of the curve. evaluations, checkpoints: how many, evenly over the budget.

    heldout_rows: rows of held-out text to evaluate on, of the first length.
    """

    log_steps: int
    evaluations: int
    checkpoints: int
    heldout_rows: int


@dataclass(frozen=True)
class ExportSettings:
    """folder: where the finished model goes. storage: "float32" or "float16".

    shard_megabytes: the most that one file of weights holds (a larger tensor has one alone); null for one file.
    """

    folder: str
    name: str
    license: str
    storage: str
    shard_megabytes: int | None


@dataclass(frozen=True)
class Settings:
    model: ModelSettings
    data: DataSettings
    training: TrainingSettings
    report: ReportSettings
    export: ExportSettings

    def to_dict(self) -> dict[str, dict[str, Any]]:
        return asdict(self)


_CHOICES = {
    "training.objective": ("mlm+nsp", "mlm"),
    "training.precision": ("float32", "bfloat16"),
    "export.storage": ("float32", "float16"),
}
_SHARES = ("model.dropout", "training.mask_share", "training.warmup", "training.long_share", "training.shifted_share")
_POSITIVE = (
    "model.layers", "model.width", "model.heads", "model.inner", "model.positions",
    "training.steps", "training.minutes", "training.batch_tokens", "training.micro_tokens", "training.length",
    "training.long_length", "report.log_steps", "report.heldout_rows",
    "export.shard_megabytes",
)  # fmt: skip


def read_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """Command-line arguments ``--section.name value …`` → overrides. Raises LitBertError L510 for anything else."""
    if len(arguments) % 2 or not all(name.startswith("--") and "." in name for name in arguments[::2]):
        raise LitBertError(Errors.L510.format(found=" ".join(arguments)))
    return {name.removeprefix("--"): value for name, value in zip(arguments[::2], arguments[1::2])}


def read_settings(path: Path, overrides: dict[str, str]) -> Settings:
    """Read a config file. overrides: "section.name" → JSON value.

    Paths in it are as they are: relative to where the command runs.
    Raises LitBertError L501 for what does not fit and L207 for a file that can't be read.
    """
    parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string(path.read_text(encoding="utf8"))
    except (OSError, UnicodeDecodeError, ConfigParserError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    values = {f"{section}.{key}": text for section in parser.sections() for key, text in parser[section].items()}
    sections = get_type_hints(Settings)
    known = {f"{name}.{field.name}" for name, kind in sections.items() for field in fields(kind)}
    for name in (values | overrides).keys() - known:
        raise _problem(name, path, "is unknown")
    for name in known - (values | overrides).keys():
        raise _problem(name, path, "is missing")
    parsed = {name: _parse(name, text, path) for name, text in (values | overrides).items()}
    settings = Settings(
        **{
            name: kind(**{field.name: _typed(kind, field.name, parsed, name, path) for field in fields(kind)})
            for name, kind in sections.items()
        }
    )
    _check(settings, parsed, path)
    return settings


def _parse(name: str, text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise _problem(name, path, f"is {text}, which is no JSON value; put text in double quotes") from None


def _typed(kind: type, field: str, parsed: dict[str, Any], section: str, path: Path) -> Any:
    name = f"{section}.{field}"
    value = parsed[name]
    hint = get_type_hints(kind)[field]
    types = get_args(hint) or (hint,)
    if float in types and type(value) is int:
        value = float(value)
    if type(value) not in types:
        wanted = " or ".join("null" if t is NoneType else t.__name__ for t in types)
        raise _problem(name, path, f"is {value!r}, but must be {wanted}")
    return value


def _check(settings: Settings, parsed: dict[str, Any], path: Path) -> None:
    for name, choices in _CHOICES.items():
        if parsed[name] not in choices:
            raise _problem(name, path, f"is {parsed[name]!r}. Choose one of: {', '.join(choices)}")
    for name in _SHARES:
        if not 0 <= parsed[name] < 1:
            raise _problem(name, path, f"is {parsed[name]}, but must be at least 0 and below 1")
    for name in _POSITIVE:
        if parsed[name] is not None and parsed[name] <= 0:
            raise _problem(name, path, f"is {parsed[name]}, but must be more than 0")
    training, model = settings.training, settings.model
    if (training.steps is None) == (training.minutes is None):
        raise _problem("training.steps", path, "and `training.minutes` are two ways to say one thing: set one to null")
    if model.width % model.heads:
        raise _problem("model.width", path, f"is {model.width}, no multiple of {model.heads} heads")
    for name, length in (("length", training.length), ("long_length", training.long_length)):
        if not 8 <= length <= model.positions:
            raise _problem(f"training.{name}", path, f"is {length}, but must be 8 to {model.positions} (positions)")
        if training.batch_tokens % length or training.micro_tokens % length:
            raise _problem(f"training.{name}", path, f"is {length}; batch_tokens and micro_tokens must be multiples")


def _problem(name: str, path: Path, problem: str) -> LitBertError:
    return LitBertError(Errors.L501.format(name=name, path=path, problem=problem))
