"""What a BERT consists of: the tensors, their names here and in the original code, their shapes and parts.

One table. Conversion maps and transposes by it, checks by it, and ``spacy litbert inspect`` counts by it.
Names here are those of transformers' ``BertForPreTraining``, in its order; the original ones are those of
google-research/bert (``modeling.py``, ``run_pretraining.py``), whose dense kernels are the transposes of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError

# The shape that the package is named for.
LITBERT = {
    "num_hidden_layers": 8,
    "hidden_size": 512,
    "num_attention_heads": 8,
    "intermediate_size": 2048,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "vocab_size": 32768,
}
PARTS = ("embeddings", "encoder", "pooler", "masked-LM head", "next-sentence head")
REQUIRED = ("embeddings", "encoder")

_LAYER, _ORIGINAL_LAYER = "bert.encoder.layer.{i}.", "bert/encoder/layer_{i}/"
_HEAD, _ORIGINAL_HEAD = "cls.predictions.", "cls/predictions/"
_V, _H, _I, _P, _T = "vocab_size", "hidden_size", "intermediate_size", "max_position_embeddings", "type_vocab_size"


@dataclass(frozen=True)
class Row:
    """A tensor: its part, its name, its original name, its shape, and whether the original is transposed.

    shape: keys of config.json, or plain sizes. ``{i}`` in the names stands for each layer.
    """

    part: str
    name: str
    original: str
    shape: tuple[str | int, ...]
    transposed: bool = False

    def sizes(self, config: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the shape under a config."""
        return tuple(config[size] if isinstance(size, str) else size for size in self.shape)

    def original_sizes(self, config: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the shape of the original tensor under a config."""
        return self.sizes(config)[::-1] if self.transposed else self.sizes(config)


def _dense(part: str, name: str, original: str, inputs: str, outputs: str) -> tuple[Row, Row]:
    return (
        Row(part, f"{name}.weight", f"{original}/kernel", (outputs, inputs), transposed=True),
        Row(part, f"{name}.bias", f"{original}/bias", (outputs,)),
    )


def _norm(part: str, name: str, original: str) -> tuple[Row, Row]:
    return (
        Row(part, f"{name}.weight", f"{original}/gamma", (_H,)),
        Row(part, f"{name}.bias", f"{original}/beta", (_H,)),
    )


_EMBEDDINGS = (
    Row(PARTS[0], "bert.embeddings.word_embeddings.weight", "bert/embeddings/word_embeddings", (_V, _H)),
    Row(PARTS[0], "bert.embeddings.position_embeddings.weight", "bert/embeddings/position_embeddings", (_P, _H)),
    Row(PARTS[0], "bert.embeddings.token_type_embeddings.weight", "bert/embeddings/token_type_embeddings", (_T, _H)),
    *_norm(PARTS[0], "bert.embeddings.LayerNorm", "bert/embeddings/LayerNorm"),
)
_LAYERS = (
    *_dense(PARTS[1], f"{_LAYER}attention.self.query", f"{_ORIGINAL_LAYER}attention/self/query", _H, _H),
    *_dense(PARTS[1], f"{_LAYER}attention.self.key", f"{_ORIGINAL_LAYER}attention/self/key", _H, _H),
    *_dense(PARTS[1], f"{_LAYER}attention.self.value", f"{_ORIGINAL_LAYER}attention/self/value", _H, _H),
    *_dense(PARTS[1], f"{_LAYER}attention.output.dense", f"{_ORIGINAL_LAYER}attention/output/dense", _H, _H),
    *_norm(PARTS[1], f"{_LAYER}attention.output.LayerNorm", f"{_ORIGINAL_LAYER}attention/output/LayerNorm"),
    *_dense(PARTS[1], f"{_LAYER}intermediate.dense", f"{_ORIGINAL_LAYER}intermediate/dense", _H, _I),
    *_dense(PARTS[1], f"{_LAYER}output.dense", f"{_ORIGINAL_LAYER}output/dense", _I, _H),
    *_norm(PARTS[1], f"{_LAYER}output.LayerNorm", f"{_ORIGINAL_LAYER}output/LayerNorm"),
)
_REST = (
    *_dense(PARTS[2], "bert.pooler.dense", "bert/pooler/dense", _H, _H),
    Row(PARTS[3], f"{_HEAD}bias", f"{_ORIGINAL_HEAD}output_bias", (_V,)),
    *_dense(PARTS[3], f"{_HEAD}transform.dense", f"{_ORIGINAL_HEAD}transform/dense", _H, _H),
    *_norm(PARTS[3], f"{_HEAD}transform.LayerNorm", f"{_ORIGINAL_HEAD}transform/LayerNorm"),
    Row(PARTS[4], "cls.seq_relationship.weight", "cls/seq_relationship/output_weights", (2, _H)),
    Row(PARTS[4], "cls.seq_relationship.bias", "cls/seq_relationship/output_bias", (2,)),
)


def bert_rows(num_hidden_layers: int) -> Iterator[Row]:
    """Yield every tensor of a BERT of so many layers, pretraining heads included."""
    yield from _EMBEDDINGS
    for i in range(num_hidden_layers):
        for row in _LAYERS:
            yield Row(row.part, row.name.format(i=i), row.original.format(i=i), row.shape, row.transposed)
    yield from _REST


def check_tensors(
    found: Mapping[str, tuple[int, ...]], config: Mapping[str, Any], source: Path | str, *, original: bool = False
) -> list[Row]:
    """Return the rows of the tensors that are there, in order, if they make a whole BERT.

    found: the shapes of the tensors, by their names. Embeddings and encoder must be there; pooler and heads may be
        absent, each as a whole.
    original: names and shapes are the original code's.

    Raises LitBertError L217, which lists every missing, left-over and misshapen tensor.
    """
    rows = list(bert_rows(config["num_hidden_layers"]))
    names = {row: row.original if original else row.name for row in rows}
    parts = {*REQUIRED, *(row.part for row in rows if names[row] in found)}
    wanted = [row for row in rows if row.part in parts]
    problems = []
    if missing := [names[row] for row in wanted if names[row] not in found]:
        problems.append(f"Missing ({len(missing)}): {', '.join(missing)}.")
    if extra := sorted(found.keys() - set(names.values())):
        problems.append(f"Left over ({len(extra)}): {', '.join(extra)}.")
    sizes = {row: row.original_sizes(config) if original else row.sizes(config) for row in wanted}
    misshapen = [
        f"{names[row]} is {found[names[row]]}, not {sizes[row]}"
        for row in wanted
        if names[row] in found and found[names[row]] != sizes[row]
    ]
    if misshapen:
        problems.append(f"Wrong shapes ({len(misshapen)}): {'; '.join(misshapen)}.")
    if problems:
        raise LitBertError(Errors.L217.format(path=source, problems=" ".join(problems)))
    return wanted
