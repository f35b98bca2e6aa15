"""Make weights of the same shape and vocabulary as given ones, but random: what pretraining is compared with."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertModel

from ..checkpoints.config import written_config
from ..checkpoints.folder import load_checkpoint
from ..checkpoints.write import write_folder
from ..files import replacing_folder
from ..targets import check_target, checkpoint_made_by

_HEADING = "# Random weights"
_CARD = """{heading}

**Untrained.** The shape and the vocabulary of {name}, with weights drawn from a random generator (BERT's
initialisation, seed {seed}). They have seen no text.
"""


def random_weights(name: str, folder: Path, *, seed: int = 0) -> None:
    """Write a checkpoint like ``name`` with BERT's initialisation; equal seeds give equal weights.

    name: a bundled name, a folder, or a hub id.

    Raises LitBertError L218 if ``folder`` is anything but earlier random weights, or holds what is read.
    """
    source = [Path(name)] if Path(name).exists() else []
    check_target(folder, sources=source, made=checkpoint_made_by(_HEADING), what="random checkpoint", option=None)
    checkpoint = load_checkpoint(name)
    torch.manual_seed(seed)
    bert = BertModel(checkpoint.bert.config)
    card = _CARD.format(heading=_HEADING, name=Path(name).name, seed=seed)
    with replacing_folder(folder) as partial:
        write_folder(
            partial,
            bert.state_dict(),
            written_config(checkpoint.config, "BertModel"),
            checkpoint.vocabulary,
            storage="float32",
            shard_megabytes=None,
            source=name,
        )
        (partial / "README.md").write_text(card, encoding="utf8")
