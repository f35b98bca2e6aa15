"""Convert weights of any origin into a folder as the package exports everywhere."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..targets import FILES_OF_THE_ORIGIN, check_target, checkpoint_made_by
from ..types import FolderStorage
from .archive import check_space
from .card import Converted, Origin, conversion_card, licence_of, read_card
from .config import written_config
from .folder import coded, read_parts
from .layout import PARTS
from .read import Weights, checksums_of
from .sources import Source, find_weights, open_source
from .write import write_folder

_KINDS = {
    "tensorflow": "a TensorFlow checkpoint in the original BERT's form",
    "safetensors": "a folder of transformers (safetensors)",
    "pytorch": "a folder of transformers (pytorch_model.bin)",
}
_BYTES = {"float32": 4, "float16": 2}
_OVERHEAD = 16_000_000  # room for the tokenizer's files and the card


@dataclass(frozen=True)
class Conversion:
    """What was converted.

    kind: the form of the source, in words.
    config: as written to config.json.
    parts: number of parameters of each part.
    left_out: number of tensors of each kind that were passed over.
    step: of the pretraining; None where the source does not say.
    checksums: SHA-256 of each file of weights, by its name.
    """

    kind: str
    config: dict[str, Any]
    parts: dict[str, int]
    left_out: Counter[str]
    step: int | None
    checksums: dict[str, str]


def convert(
    source: str | Path,
    target: Path,
    *,
    hidden_act: str | None = None,
    storage: FolderStorage = "float32",
    shard_megabytes: int | None = None,
    config: Path | None = None,
    vocabulary: Path | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Conversion:
    """Convert ``source`` into the new folder ``target``, which appears whole or not at all.

    What the source says of its origin (title and licence of its card, NOTICE, LICENSE, run.json of a pretraining) goes
    with it.

    source: a zip, an unpacked folder, a prefix of a TensorFlow checkpoint, a training directory, a folder of
        transformers, a bundled name, or a hub id.
    hidden_act: the activation in transformers' words. By default that of the source's config.json, where "gelu"
        of a TensorFlow checkpoint means the tanh approximation, as the original code computes it.
    storage: "float32", or "float16" for half the size.
    shard_megabytes: the most that a file of weights holds; None for a single file.
    config: config.json, if it does not lie beside the weights.
    vocabulary: vocab.txt or a folder with a tokenizer, if it does not lie beside the weights.
    overwrite: replace ``target``, if it is a checkpoint folder.
    progress: show bars of what is unpacked and read.

    Raises LitBertError L003 or L004 for settings that can't be, L1xx or L2xx for all that can be wrong with a source,
    L218 for a target that can't be written to, L220 if there is no room for it.
    """
    if storage not in _BYTES:
        raise LitBertError(Errors.L003.format(name="storage", value=storage, choices=", ".join(_BYTES)))
    if shard_megabytes is not None and shard_megabytes < 1:
        raise LitBertError(Errors.L004.format(name="shard_megabytes", value=shard_megabytes, minimum=1))
    target = Path(target).absolute()
    option = None if overwrite else "--overwrite (overwrite=True)"
    check = partial(check_target, target, made=checkpoint_made_by(""), what="checkpoint folder", option=option)
    check(sources=[Path(source)])
    with coded(target), open_source(source, scratch=_existing(target), progress=progress) as found:
        check(sources=[found.folder])
        parts = read_parts(found, hidden_act=hidden_act, config=config, vocabulary=vocabulary, progress=progress)
        words, weights = parts.vocabulary, parts.weights
        check_space(_existing(target), _OVERHEAD + _BYTES[storage] * sum(parts_of(weights).values()))
        with replacing_folder(target) as folder:
            values = written_config({**parts.config, "pad_token_id": words.ids["[PAD]"]}, _architecture(weights))
            options: Any = {"storage": storage, "shard_megabytes": shard_megabytes, "source": found.name}
            checksums = write_folder(folder, weights.tensors, values, words, **options)
            model = Converted(values, parts_of(weights), not words.lowercase, storage, checksums)
            card = conversion_card(_origin(found, weights, parts.said), model, __version__)
            (folder / "README.md").write_text(card, encoding="utf8")
            for path in (found.folder / name for name in FILES_OF_THE_ORIGIN):
                if path.is_file():
                    shutil.copyfile(path, folder / path.name)
            read_parts(find_weights(folder))  # what could not be loaded is not left there
            check(sources=[found.folder])  # what is at the target may have come meanwhile
        return Conversion(found.kind, values, parts_of(weights), weights.left_out, weights.step, checksums)


def parts_of(weights: Weights) -> dict[str, int]:
    """Count the parameters of each part that is there."""
    counts: Counter[str] = Counter()
    for row in weights.rows:
        counts[row.part] += weights.tensors[row.name].numel()
    return {part: counts[part] for part in PARTS if part in counts}


def _architecture(weights: Weights) -> str:
    """Return the name of the class of transformers that has all these parts."""
    parts = set(parts_of(weights))
    if {"masked-LM head", "next-sentence head"} <= parts:
        return "BertForPreTraining"
    return "BertForMaskedLM" if "masked-LM head" in parts else "BertModel"


def _origin(source: Source, weights: Weights, said: str | None) -> Origin:
    title, licence = read_card(source.folder)[0], licence_of(source.folder)
    files = checksums_of(weights.files)
    return Origin(_KINDS[source.kind], files, weights.step, weights.left_out, said, title, licence)


def _existing(path: Path) -> Path:
    """Return the nearest folder above ``path`` that is there."""
    return next(parent for parent in path.parents if parent.is_dir())
