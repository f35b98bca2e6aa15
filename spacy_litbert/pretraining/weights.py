"""A folder of pretrained weights → the model to go on with, all of it or nothing."""

from __future__ import annotations

from pathlib import Path

from transformers import BertForPreTraining

from ..errors import Errors, LitBertError
from ..tokenization.vocabulary import Vocabulary
from .shards import vocabulary_checksum


def read_pretrained(folder: Path, vocabulary: Vocabulary, *, dropout: float = 0.0) -> BertForPreTraining:
    """The model of a folder in float32, with its pretraining heads.

    Raises LitBertError L507 if its vocabulary is not the given one, or if a tensor is missing.
    """
    if vocabulary_checksum(Vocabulary.from_folder(folder)) != vocabulary_checksum(vocabulary):
        raise LitBertError(Errors.L507.format(path=folder, problem="their vocabulary is another one"))
    bert, found = BertForPreTraining.from_pretrained(
        folder, output_loading_info=True, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
    )
    if found["missing_keys"] or found["mismatched_keys"]:
        lacking = ", ".join(sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]]))[:5])
        raise LitBertError(Errors.L507.format(path=folder, problem=f"they lack or misshape {lacking}"))
    return bert.float()
