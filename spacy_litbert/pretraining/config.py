"""A config file → checked settings. Its dialect is that of spaCy's configs, read by confection.

    [model]
    num_hidden_layers = 4

Every setting is there, none is unknown, and each has the type that its dataclass says; a value can refer to
another one (``${section.name}``) and be overridden on the command line as ``--model.num_hidden_layers 8``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import Error as ConfigParserError
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from confection import Config

from ..checkpoints.config import largest_size
from ..errors import Errors, LitBertError
from ..files import read_text


@dataclass(frozen=True)
class ModelSettings:
    """BERT's shape, by the names of its config.json.

    hidden_dropout_prob: in pretraining, of the attention as well.
    start: weights to go on from (a folder, a bundled name or a hub id), whatever their vocabulary; the shape may then
        be left out, and is theirs. null draws weights from the seed.
    """

    hidden_dropout_prob: float
    start: str | None
    num_hidden_layers: int | None = None
    hidden_size: int | None = None
    num_attention_heads: int | None = None
    intermediate_size: int | None = None
    max_position_embeddings: int | None = None


@dataclass(frozen=True)
class DataSettings:
    """Folders made by ``prepare``, with one vocabulary."""

    train: str
    heldout: str


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    output: folder for checkpoints, curve and record.
    objective: "mlm+nsp" or "mlm". mlm_probability: share of the pieces to predict.
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
    mlm_probability: float
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


Problem = tuple[str, str]  # the name of a setting, and what is wrong with it
SHORTEST = 8  # pieces of a row
SHAPE = tuple(field.name for field in fields(ModelSettings) if field.default is None)
_CHOICES = {
    "training.objective": ("mlm+nsp", "mlm"),
    "training.precision": ("float32", "bfloat16"),
    "export.storage": ("float32", "float16"),
}
_SHARES = (
    "model.hidden_dropout_prob", "training.mlm_probability", "training.warmup", "training.long_share",
    "training.shifted_share",
)  # fmt: skip
_POSITIVE = (
    *(f"model.{name}" for name in SHAPE),
    "training.mlm_probability", "training.steps", "training.minutes", "training.batch_tokens",
    "training.micro_tokens", "training.learning_rate", "training.length",
    "training.long_length", "report.log_steps", "report.heldout_rows",
    "export.shard_megabytes",
)  # fmt: skip
_NOT_NEGATIVE = ("training.seed", "training.weight_decay", "report.evaluations", "report.checkpoints")
_ONE_LINE = ("export.name", "export.license")
_SEEDS = 1 << 32
_LARGEST = 1 << 40  # of any number


def read_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """Turn the command-line arguments ``--section.name value …`` into overrides.

    Raises LitBertError L510 for anything else.
    """
    names = arguments[::2]
    if len(arguments) % 2 or not all(re.fullmatch(r"--\w+(\.\w+)+", name) for name in names):
        raise LitBertError(Errors.L510.format(found=" ".join(arguments)))
    return {name.removeprefix("--"): value for name, value in zip(arguments[::2], arguments[1::2])}


def read_settings(path: Path, overrides: Mapping[str, str]) -> Settings:
    """Read a config file. overrides: "section.name" → JSON value, or text as it is, such as a name made of digits.

    Paths in it are as they are: relative to where the command runs.
    Raises LitBertError as ``read_text`` does, L501 for what does not fit, L512 for what is no config.
    """
    sections = get_type_hints(Settings)
    known = {f"{name}.{field.name}": field for name, kind in sections.items() for field in fields(kind)}
    types = {
        f"{name}.{field}": get_args(hint) or (hint,)
        for name, kind in sections.items()
        for field, hint in get_type_hints(kind).items()
    }
    values = _read_values(path, {name: _value(text, types.get(name, ())) for name, text in overrides.items()})
    for name in sorted(values.keys() - known.keys()):
        raise _problem((name, "is unknown"), path)
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            raise _problem((name, "is missing"), path)
    typed = {name: _typed(name, values.get(name), kinds, path) for name, kinds in types.items()}
    settings = Settings(
        **{
            name: kind(**{field.name: typed[f"{name}.{field.name}"] for field in fields(kind)})
            for name, kind in sections.items()
        }
    )
    for problem in (*_problems(settings), *shape_problems(settings)):
        raise _problem(problem, path)
    return settings


def with_shape(settings: Settings, config: Mapping[str, Any], start: str) -> Settings:
    """Fill in the shape from the config.json of the weights to start from.

    Raises LitBertError L507 if the settings ask for another shape, L501 if the rows don't fit into it.
    """
    for name in SHAPE:
        wanted = getattr(settings.model, name)
        if wanted not in (None, config[name]):
            raise LitBertError(Errors.L507.format(path=start, problem=f"{name} is {config[name]}, not {wanted}"))
    model = replace(settings.model, **{name: config[name] for name in SHAPE})
    settings = replace(settings, model=model)
    for problem in shape_problems(settings):
        raise _problem(problem, Path("the config"))
    return settings


def shape_problems(settings: Settings) -> Iterator[Problem]:
    """Find what does not fit the shape, as far as it is known."""
    training, model = settings.training, settings.model
    for name in SHAPE:
        if model.start is None and getattr(model, name) is None:
            yield f"model.{name}", "is missing (it may be left out where `model.start` names weights)"
        elif (value := getattr(model, name)) is not None and value > (largest := largest_size(name)):
            yield f"model.{name}", f"is {value}, but must be at most {largest:,}"
    size, heads, limit = model.hidden_size, model.num_attention_heads, model.max_position_embeddings
    if size and heads and size % heads:
        yield "model.hidden_size", f"is {size}, no multiple of {heads} heads"
    for name, length in (("length", training.length), ("long_length", training.long_length)):
        if length < SHORTEST or (limit and length > limit):
            yield f"training.{name}", f"is {length}, but must be from {SHORTEST} to {limit} (max_position_embeddings)"


def _read_values(path: Path, overrides: dict[str, Any]) -> dict[str, Any]:
    """Read "section.name" → value, interpolated, with the overrides in place."""
    text = read_text(path)
    try:
        sections = Config().from_str(text, interpolate=False)
        for name, value in overrides.items():
            section, _, key = name.partition(".")
            sections.setdefault(section, {})[key] = value
        sections = sections.interpolate()
    except (ValueError, ConfigParserError) as error:  # confection's errors are of the former kind
        reason = " ".join(str(error).split())
        raise LitBertError(Errors.L512.format(path=path, reason=reason)) from None
    flat = {}
    for section, values in sections.items():
        for key, value in values.items() if isinstance(values, dict) else ():
            flat[f"{section}.{key}"] = value
    return flat


def _value(text: str, types: tuple[type, ...]) -> Any:
    """Read an override as JSON, or take it as it is. types: of the setting; where it is text, ``2024`` is text too."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a JSONDecodeError, or a number with too many digits
        return text
    return text if str in types and not isinstance(value, str | None) else value


def _typed(name: str, value: Any, types: tuple[type, ...], path: Path) -> Any:
    """Return a value as one of the types. Raises LitBertError L501 for any other, and for what is not finite."""
    if float in types and type(value) is int:
        value = _as_float(value)
    if type(value) not in types:
        wanted = " or ".join("null" if t is NoneType else t.__name__ for t in types)
        raise _problem((name, f"is {value!r}, but must be {wanted}"), path)
    if isinstance(value, float) and not math.isfinite(value):
        raise _problem((name, f"is {value}, but must be a finite number"), path)
    return value


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _problems(settings: Settings) -> Iterator[Problem]:
    values = {
        f"{section}.{name}": value for section, kept in settings.to_dict().items() for name, value in kept.items()
    }
    for name, choices in _CHOICES.items():
        if values[name] not in choices:
            yield name, f"is {values[name]!r}. Choose one of: {', '.join(choices)}"
    for name in _SHARES:
        if not 0 <= values[name] < 1:
            yield name, f"is {values[name]}, but must be at least 0 and below 1"
    for name in _POSITIVE:
        if values[name] is not None and values[name] <= 0:
            yield name, f"is {values[name]}, but must be more than 0"
    for name in _NOT_NEGATIVE:
        if values[name] < 0:
            yield name, f"is {values[name]}, but must be at least 0"
    for name in _ONE_LINE:
        if not values[name].strip() or len(values[name].splitlines()) > 1:
            yield name, f"is {values[name]!r}, but must be a line of text"
    training = settings.training
    if training.seed >= _SEEDS:
        yield "training.seed", f"is {training.seed}, but must be below {_SEEDS}"
    if (training.steps is None) == (training.minutes is None):
        yield "training.steps", "and `training.minutes` are two ways to say one thing: set one to null"
    for name, length in (("length", training.length), ("long_length", training.long_length)):
        if length > 0 and (training.batch_tokens % length or training.micro_tokens % length):
            yield f"training.{name}", f"is {length}; batch_tokens and micro_tokens must be multiples"
    for name, value in values.items():
        if isinstance(value, int | float) and value > _LARGEST:
            yield name, f"is {value}, but must be at most {_LARGEST:,}"


def _problem(problem: Problem, path: Path) -> LitBertError:
    name, what = problem
    return LitBertError(Errors.L501.format(name=name, path=path, problem=what))
