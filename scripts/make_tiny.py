"""Make ``models/litbert-tiny``: LitBERT's shape in small, with seeded random weights, UNTRAINED.

    python scripts/make_tiny.py TEXTS.jsonl.xz [MORE …]

Its vocabulary is trained from the given texts (JSON lines with ``title`` and ``paragraphs``); the
weights are drawn from a seeded generator, as BERT draws them, and have seen no text at all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from spacy_litbert.corpora.text import read_texts
from spacy_litbert.tokenization.alphabet import BIOMEDICAL_ALPHABET
from spacy_litbert.tokenization.vocabulary import Vocabulary, train_vocabulary

SIZE = 8192
SEED = 0
TARGET = Path(__file__).parent.parent / "models" / "litbert-tiny"


def make(vocabulary: Vocabulary, target: Path) -> None:
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=512,
    )
    torch.manual_seed(SEED)
    bert = BertModel(config)
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    config.architectures = ["BertModel"]
    config.to_json_file(partial / "config.json")
    weights = {key: value.half() for key, value in bert.state_dict().items()}
    save_file(weights, partial / "model.safetensors", metadata={"format": "pt"})
    (partial / "vocab.txt").write_text("\n".join(vocabulary.tokens) + "\n", encoding="utf8")
    tokenizer_config = {"do_lower_case": False, "model_max_length": 512, "tokenizer_class": "BertTokenizer"}
    (partial / "tokenizer_config.json").write_text(json.dumps(tokenizer_config, indent=2) + "\n", encoding="utf8")
    card = target / "README.md"
    if card.exists():
        shutil.copy(card, partial)
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", nargs="+", type=Path)
    arguments = parser.parse_args()
    vocabulary = train_vocabulary(lambda: read_texts(arguments.texts), SIZE, alphabet=BIOMEDICAL_ALPHABET)
    make(vocabulary, TARGET)
    print(f"{TARGET}: {len(vocabulary)} wordpieces, untrained weights from seed {SEED}")
