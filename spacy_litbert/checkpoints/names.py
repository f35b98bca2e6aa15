"""Translate the names of tensors in folders of transformers into the names of ``layout``.

Folders differ by the class that saved them (``bert.`` in front or not), by its age (``gamma`` and ``beta``, an
index buffer), and by what stands beside the encoder: tied copies, heads of a task.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

_BARE = ("embeddings.", "encoder.", "pooler.")
_OLD = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
# What is left out knowingly, and what it is called in reports.
_LEFT_OUT = {
    "index buffers": re.compile(r"bert\.embeddings\.(position_ids|token_type_ids)"),
    "heads of a fine-tuned task": re.compile(r"(classifier|qa_outputs)\.(weight|bias)"),
}
COPIES = "copies of shared tensors"
# Copies of tensors that BERT shares: (copy, what it is a copy of).
_TIED = (
    ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
)


def canonical_name(name: str) -> str:
    """Return the name in ``layout`` of a tensor's name in a file."""
    if name.startswith(_BARE):
        name = f"bert.{name}"
    for old, new in _OLD.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def left_out_kind(canonical: str) -> str | None:
    """Say what a tensor is beside the parts of ``layout``, if it is anything known."""
    return next((kind for kind, pattern in _LEFT_OUT.items() if pattern.fullmatch(canonical)), None)


def is_copy(canonical: str, names: Collection[str]) -> bool:
    """Tell by its name whether a tensor is the copy of one that is also among ``names``."""
    return any(canonical == copy and shared in names for copy, shared in _TIED)


def canonical_weights(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Counter[str]]:
    """Return the weights by their names in ``layout``, and how many tensors of which kind were left out.

    What is not known keeps its name. A copy of a shared tensor is left out only if it is equal.
    """
    kept: dict[str, Tensor] = {}
    left_out: Counter[str] = Counter()
    for name, value in weights.items():
        canonical = canonical_name(name)
        kind = left_out_kind(canonical)
        if kind is not None:
            left_out[kind] += 1
        elif canonical in kept:
            kept[name] = value  # two names for one tensor: the second is reported as left over
        else:
            kept[canonical] = value
    for copy, shared in _TIED:
        if copy in kept and shared not in kept:
            kept[shared] = kept.pop(copy)
        elif copy in kept and _equal(kept[copy], kept[shared]):
            del kept[copy]
            left_out[COPIES] += 1
    return kept, left_out


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
