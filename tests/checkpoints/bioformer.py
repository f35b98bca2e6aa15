"""A folder with exactly the files of the hub's bioformers/bioformer-8L, in small."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import BertConfig, BertForPreTraining

from ..conftest import toy_tokens
from .original import TOY

FILES = ["config.json", "pytorch_model.bin", "tokenizer_config.json", "vocab.txt"]


def write_bioformer(folder: Path) -> Path:
    """config.json, pytorch_model.bin with the pretraining heads, vocab.txt, and a tokenizer without a length limit."""
    folder.mkdir(parents=True)
    config = {**TOY, "vocab_size": len(toy_tokens()), "model_type": "bert", "architectures": ["BertForPreTraining"]}
    (folder / "config.json").write_text(json.dumps(config), "utf8")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}', "utf8")
    (folder / "vocab.txt").write_text("\n".join(toy_tokens()) + "\n", "utf8")
    torch.manual_seed(0)
    torch.save(BertForPreTraining(BertConfig(**config)).state_dict(), folder / "pytorch_model.bin")
    return folder
