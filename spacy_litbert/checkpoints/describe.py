"""A source of weights → what it is: shape, parameters, types, vocabulary, checksums, card, and what does not fit."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..errors import Errors, LitBertError
from ..files import file_checksum
from ..tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary, read_json
from .card import read_checksums
from .config import check_config
from .layout import PARTS, bert_rows, check_tensors
from .names import COPIES, canonical_name, is_copy, left_out_kind
from .pickled import read_pickled
from .read import training_kind
from .sources import Kind, Source, open_source
from .tensor_bundle import TensorBundle

LITBERT = {
    "num_hidden_layers": 8,
    "hidden_size": 512,
    "num_attention_heads": 8,
    "intermediate_size": 2048,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "vocab_size": 32768,
}
_HUGE = 1_000_000  # transformers' way to say that there is no limit


@dataclass(frozen=True)
class Tensors:
    """The tensors of a source by the names in its files, without their values: name → shape, type."""

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Description:
    """What a source is.

    shape: of config.json, the keys of ``LITBERT`` and the activation. parameters: of each part; others: tensors
    beside them, by kind. vocabulary: size, cased, special tokens, unused entries. limit: in the tokenizer's config.
    files: name → SHA-256. card: first line of README.md. problems: what keeps it from being loaded or used.
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
    """Look at a folder, a name, or whatever else can be converted; weights are not loaded.

    Raises LitBertError L1xx or L2xx for what can't be read at all; what can be read but does not fit is listed.
    """
    with tempfile.TemporaryDirectory() as scratch, open_source(source, scratch=Path(scratch)) as found:
        config = {"type_vocab_size": 2, **found.read_config()}
        tensors = read_tensors(found)
        vocabulary = found.read_vocabulary()
        files = {path.name: file_checksum(path) for path in tensors.files}
        title, said = _card(found.folder)
        limit = _limit(found.folder)
        parameters, others = _count(tensors, config, original=found.kind == "tensorflow")
        return Description(
            kind=found.kind,
            shape={key: config.get(key) for key in [*LITBERT, "hidden_act"]},
            parameters=parameters,
            others=others,
            dtypes=dict(Counter(tensors.dtypes.values())),
            vocabulary=_describe_vocabulary(vocabulary),
            limit=limit,
            files=files,
            card=title,
            unlike_litbert={key: config.get(key) for key, value in LITBERT.items() if config.get(key) != value},
            problems=_problems(found, config, tensors, vocabulary, files, said),
            notes=_notes(found, limit, config),
        )


def read_tensors(source: Source) -> Tensors:
    """Shapes and types; of safetensors and TensorFlow's files only the index is read."""
    if source.kind == "tensorflow":
        bundle = TensorBundle(source.files[0])
        entries = {name: entry for name, entry in bundle.entries.items() if training_kind(name) is None}
        shapes = {name: entry.shape for name, entry in bundle.entries.items()}
        return Tensors(shapes, {name: entry.dtype for name, entry in entries.items()}, tuple(bundle.files))
    shapes, dtypes = {}, {}
    for path in source.files:
        if source.kind == "pytorch":
            for name, value in read_pickled(path).items():
                shapes[name], dtypes[name] = tuple(value.shape), str(value.dtype).removeprefix("torch.")
            continue
        try:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118
                    part = file.get_slice(name)
                    shapes[name], dtypes[name] = tuple(part.get_shape()), str(part.get_dtype())
        except (SafetensorError, OSError) as error:
            raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    return Tensors(shapes, dtypes, source.files)


def _kinds(tensors: Tensors, *, original: bool) -> dict[str, str | None]:
    """Name → what a tensor is beside the model, if it is known to be something else. Copies go by their names."""
    if original:
        return {name: training_kind(name) for name in tensors.shapes}
    names = {name: canonical_name(name) for name in tensors.shapes}
    canonical = set(names.values())
    return {name: COPIES if is_copy(known, canonical) else left_out_kind(known) for name, known in names.items()}


def _count(tensors: Tensors, config: Mapping[str, Any], *, original: bool) -> tuple[dict[str, int], dict[str, int]]:
    """Parameters of each part, and how many tensors of each kind there are beside them."""
    layers = config.get("num_hidden_layers")
    n_layers = min(layers, len(tensors.shapes)) if isinstance(layers, int) else 0
    parts = {row.original if original else row.name: row.part for row in bert_rows(n_layers)}
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


def _problems(
    source: Source,
    config: Mapping[str, Any],
    tensors: Tensors,
    vocabulary: Vocabulary,
    files: Mapping[str, str],
    said: Mapping[str, str],
) -> list[str]:
    """The coded errors that loading or converting it would end with."""
    problems = []
    original = source.kind == "tensorflow"
    try:
        check_config(config, str(source.folder))
        names = [name for name, kind in _kinds(tensors, original=original).items() if kind is None]
        shapes = {name if original else canonical_name(name): tensors.shapes[name] for name in names}
        check_tensors(shapes, config, source.folder, original=original)
    except LitBertError as error:
        problems.append(str(error))
    if len(vocabulary) != config.get("vocab_size"):
        found = config.get("vocab_size")
        problems.append(Errors.L204.format(path=source.folder, vocabulary=len(vocabulary), config=found))
    for name, checksum in files.items():
        if said.get(name, checksum) != checksum:
            path = source.folder / name
            problems.append(Errors.L210.format(path=path, found=checksum, expected=said[name]))
    return problems


def _notes(source: Source, limit: int | None, config: Mapping[str, Any]) -> list[str]:
    notes = []
    if source.kind != "tensorflow" and limit != config.get("max_position_embeddings"):
        says = "no length limit" if limit is None else f"a length limit of {limit:,}"
        notes.append(
            f"tokenizer_config.json has {says}; the encoder's is {config.get('max_position_embeddings')}. This package "
            "keeps to the encoder's; plain transformers does so after `spacy litbert convert`."
        )
    if source.kind != "safetensors":
        notes.append("`spacy litbert convert` makes a folder with safetensors of it.")
    return notes


def _limit(folder: Path) -> int | None:
    path = folder / "tokenizer_config.json"
    limit = read_json(path).get("model_max_length") if path.is_file() else None
    return limit if isinstance(limit, int) and limit < _HUGE else None


def _card(folder: Path) -> tuple[str | None, dict[str, str]]:
    """The card's title, and the checksums in it."""
    path = folder / "README.md"
    if not path.is_file():
        return None, {}
    text = path.read_text("utf8", errors="replace")
    title = next((line.lstrip("# ") for line in text.split("\n") if line.startswith("# ")), "README.md")
    return title, read_checksums(text)
