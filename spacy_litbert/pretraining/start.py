"""Weights of whatever origin → the model that a pretraining goes on from, and what is to be said of it.

What the weights lack is made: embeddings for another vocabulary, a masked-LM head, a pooler and a next-sentence head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertConfig, BertForPreTraining

from ..checkpoints.card import licence_of
from ..checkpoints.config import written_config
from ..checkpoints.folder import coded, read_parts
from ..checkpoints.layout import PARTS
from ..checkpoints.read import Weights
from ..checkpoints.resolve import bundled_names
from ..checkpoints.sources import open_source
from ..errors import LitBertError
from ..files import file_checksum, read_text
from ..tokenization.vocabulary import Vocabulary
from .earlier import NAME, read_earlier
from .shards import vocabulary_checksum
from .transfer import Transfer, transfer_vocabulary

_WORDS, _BIAS = "bert.embeddings.word_embeddings.weight", "cls.predictions.bias"
_ARCHITECTURE = "BertForPreTraining"
_NOTICES = ("NOTICE", "NOTICE.txt", "NOTICE.md")


@dataclass(frozen=True)
class Start:
    """A model to go on from.

    config: its config.json, as it will be exported.
    description: name, license, files (SHA-256), notice; same, composed and lacking pieces of the vocabulary, None
        where it is the same; made: the parts that the source lacks; before: our own runs that made it.
    """

    bert: BertForPreTraining
    config: dict[str, Any]
    description: dict[str, Any]


def read_start(name: str, vocabulary: Vocabulary, *, dropout: float = 0.0, seed: int = 0) -> Start:
    """Read a folder, a bundled name or a hub id as float32, with ``vocabulary`` in place of its own.

    dropout: of the encoder and its attention. seed: for what is drawn at random.
    Raises LitBertError L201 or L213 where there are no weights, L1xx and L2xx for damaged or foreign ones.
    """
    with coded(Path(name)), open_source(name) as source:
        parts = read_parts(source)
        said, old = parts.config, parts.vocabulary
        description = describe(name, source.folder, parts.weights.files)
        weights = {key: value.float().clone() for key, value in parts.weights.tensors.items()}
    description["transfer"] = None
    if vocabulary_checksum(old) != vocabulary_checksum(vocabulary):
        transfer = transfer_vocabulary(weights[_WORDS], weights.get(_BIAS), old, vocabulary, seed=seed)
        weights[_WORDS] = transfer.embeddings
        if _BIAS in weights:
            weights[_BIAS] = transfer.bias
        description["transfer"] = _counts(transfer)
    values = {**said, "vocab_size": len(vocabulary), "pad_token_id": vocabulary.ids["[PAD]"]}
    config = written_config(
        {**values, "hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}, _ARCHITECTURE
    )
    description["made"] = _lacking_parts(parts.weights)
    return Start(_build(config, weights, seed), config, description)


def report(start: Mapping[str, Any]) -> str:
    """Say in a few lines what a run starts from. start: a description as in ``Start``."""
    lines = [f"Start: {start['name']} (licence: {start['license'] or 'not said'})"]
    if start["transfer"]:
        counts = start["transfer"]
        examples = f", such as {' '.join(counts['examples'])}" if counts["examples"] else ""
        lines.append(
            f"Its vocabulary is another one: of {counts['pieces']:,} pieces {counts['same']:,} are one piece there, "
            f"{counts['composed']:,} are composed of several, {counts['lacking']:,} have characters that it lacks and "
            f"are drawn at random{examples}"
        )
    if start["made"]:
        lines.append(f"It lacks what is made anew: {', '.join(start['made'])}")
    return "\n".join(lines)


def _build(config: dict[str, Any], weights: dict[str, Tensor], seed: int) -> BertForPreTraining:
    """Make the model with these weights; a head without weights begins as nothing but the embeddings themselves."""
    torch.manual_seed(seed)
    bert = BertForPreTraining(BertConfig.from_dict(config))
    if _BIAS not in weights:
        transform = bert.cls.predictions.transform.dense
        with torch.no_grad():
            transform.weight.copy_(torch.eye(config["hidden_size"]))
            transform.bias.zero_()
    bert.load_state_dict(weights, strict=False)  # names and shapes were checked when they were read
    bert.tie_weights()
    return bert


def describe(name: str, folder: Path, files: Iterable[Path]) -> dict[str, Any]:
    """Say where weights come from, as in ``Start``: name, license, files, notice and before."""
    card = _read_text(folder / "README.md")
    title = next((line.removeprefix("# ").strip() for line in card.split("\n") if line.startswith("# ")), "")
    # A path is nobody's business; a hub id says more than the title of a card.
    here = Path(name).exists() and name not in bundled_names()
    return {
        "name": (title or Path(name).resolve().name) if here else name,
        "license": licence_of(folder),
        "files": {path.name: file_checksum(path) for path in files},
        "notice": next((text for file in _NOTICES if (text := _read_text(folder / file))), None),
        "before": read_earlier(folder / NAME),
    }


def _counts(transfer: Transfer) -> dict[str, Any]:
    lacking = transfer.lacking
    return {
        "pieces": len(transfer.embeddings),
        "same": transfer.n_same,
        "composed": transfer.n_composed,
        "lacking": len(lacking),
        "examples": list(lacking[:20]),
    }


def _lacking_parts(weights: Weights) -> list[str]:
    found = {row.part for row in weights.rows}
    return [part for part in PARTS if part not in found]


def _read_text(path: Path) -> str:
    try:
        return read_text(path)
    except LitBertError:
        return ""
