"""Describe a source of weights: shape, parameters, types, vocabulary, checksums, card, and what does not fit."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import LitBertError
from ..files import read_json
from ..tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary
from .card import read_card
from .folder import activated_config, check_size, coded
from .layout import LITBERT, PARTS, bert_rows
from .names import COPIES, canonical_name, is_copy, left_out_kind
from .read import check_checksums, checksums_of, read_weights, training_kind
from .sources import Kind, Source, open_source
from .tensor_bundle import TensorBundle
from .weight_files import read_files

_HUGE = 1_000_000  # transformers' way to say that there is no limit


@dataclass(frozen=True)
class Tensors:
    """The tensors of a source, without their values.

    shapes, dtypes: by the names in its files.
    files: those that hold them.
    """

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Description:
    """What a source is.

    kind: which reader its weights need.
    shape: of config.json, the keys of ``LITBERT`` and the activation.
    parameters: number of parameters of each part.
    others: number of tensors beside the parts, by kind.
    dtypes: number of tensors of each type.
    vocabulary: size, cased, special tokens, unused entries.
    limit: the tokenizer's model_max_length; None for none.
    files: SHA-256 of each file of weights, by its name.
    card: first line of README.md.
    unlike_litbert: what of the shape differs from ``LITBERT``.
    problems: what keeps it from being loaded or used.
    notes: what is worth knowing, and no problem.
    """

    kind: Kind
    shape: dict[str, Any]
    parameters: dict[str, int]
    others: dict[str, int]
    dtypes: dict[str, int]
    vocabulary: dict[str, Any]
    limit: int | None
    files: dict[str, str]
    card: str | None
    unlike_litbert: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def describe(source: str | Path) -> Description:
    """Look at a folder, a name, or whatever else can be converted; all that loading checks is checked.

    Raises LitBertError L1xx or L2xx for what can't be read at all; what can be read but does not fit is listed.
    """
    with coded(Path(source)), open_source(source) as found:
        config = {"type_vocab_size": 2, **found.read_config()}
        tensors = _tensors_of(found)
        vocabulary = found.read_vocabulary()
        files = checksums_of(tensors.files)
        model_max_length = _model_max_length(found.folder)
        parameters, others = _count(tensors, config, original=found.kind == "tensorflow")
        return Description(
            kind=found.kind,
            shape={key: config.get(key) for key in [*LITBERT, "hidden_act"]},
            parameters=parameters,
            others=others,
            dtypes=dict(Counter(tensors.dtypes.values())),
            vocabulary=_describe_vocabulary(vocabulary),
            limit=model_max_length,
            files=files,
            card=read_card(found.folder)[0],
            unlike_litbert={key: config.get(key) for key, value in LITBERT.items() if config.get(key) != value},
            problems=_problems(found, config, vocabulary, files),
            notes=_notes(found, model_max_length, config),
        )


def _tensors_of(source: Source) -> Tensors:
    if source.kind == "tensorflow":
        bundle = TensorBundle(source.files[0])
        shapes = {name: entry.shape for name, entry in bundle.entries.items()}
        dtypes = {name: entry.dtype for name, entry in bundle.entries.items() if training_kind(name) is None}
        return Tensors(shapes, dtypes, tuple(bundle.files))
    found = read_files(source.files, source.kind)
    dtypes = {name: str(value.dtype).removeprefix("torch.") for name, value in found.items()}
    return Tensors({name: tuple(value.shape) for name, value in found.items()}, dtypes, source.files)


def _kinds(tensors: Tensors, *, original: bool) -> dict[str, str | None]:
    """Say of each name what the tensor is beside the model, if anything is known. Copies go by their names."""
    if original:
        return {name: training_kind(name) for name in tensors.shapes}
    names = {name: canonical_name(name) for name in tensors.shapes}
    canonical = set(names.values())
    return {name: COPIES if is_copy(known, canonical) else left_out_kind(known) for name, known in names.items()}


def _count(tensors: Tensors, config: Mapping[str, Any], *, original: bool) -> tuple[dict[str, int], dict[str, int]]:
    """Count the parameters of each part, and the tensors of each kind beside them."""
    said = config.get("num_hidden_layers")
    num_hidden_layers = min(said, len(tensors.shapes)) if isinstance(said, int) else 0
    parts = {row.original if original else row.name: row.part for row in bert_rows(num_hidden_layers)}
    parameters: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for name, kind in _kinds(tensors, original=original).items():
        part = parts.get(name if original else canonical_name(name))
        if kind is None and part is not None:
            parameters[part] += math.prod(tensors.shapes[name])
        else:
            others[kind or "unknown tensors"] += 1
    return {part: parameters[part] for part in PARTS if part in parameters}, dict(others)


def _describe_vocabulary(vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "size": len(vocabulary),
        "cased": not vocabulary.lowercase,
        "special_tokens": {token: vocabulary.ids[token] for token in SPECIAL_TOKENS},
        "unused_entries": sum(token.startswith("[unused") for token in vocabulary.tokens),
    }


def _problems(source: Source, config: Mapping[str, Any], vocabulary: Vocabulary, files: Mapping[str, str]) -> list[str]:
    """Return the coded errors that loading or converting it would end with, each of its checks for itself."""
    checks: list[Callable[[], object]] = [
        lambda: read_weights(source, activated_config(config, source, called=source.folder)),
        lambda: check_size(vocabulary, {"vocab_size": config.get("vocab_size")}, vocabulary.source),
        lambda: check_checksums(source.folder, files),
    ]
    problems = []
    for check in checks:
        try:
            check()
        except LitBertError as error:
            problems.append(str(error))
    return problems


def _notes(source: Source, model_max_length: int | None, config: Mapping[str, Any]) -> list[str]:
    notes = []
    if source.kind != "tensorflow" and model_max_length != config.get("max_position_embeddings"):
        says = "no length limit" if model_max_length is None else f"a length limit of {model_max_length:,}"
        notes.append(
            f"tokenizer_config.json has {says}; the encoder's is {config.get('max_position_embeddings')}. This package "
            "keeps to the encoder's; plain transformers does so after `spacy litbert convert`."
        )
    if source.kind != "safetensors":
        notes.append("`spacy litbert convert` makes a folder with safetensors of it.")
    return notes


def _model_max_length(folder: Path) -> int | None:
    path = folder / "tokenizer_config.json"
    length = read_json(path).get("model_max_length") if os.path.lexists(path) else None
    return length if type(length) is int and length < _HUGE else None
