"""Make ``models/litbert-tiny``: LitBERT's shape in small, with seeded random weights, UNTRAINED.

    python scripts/make_tiny.py TEXTS.jsonl.xz [MORE …]

Its vocabulary is trained from the given texts (JSON lines with ``title`` and ``paragraphs``); the
weights are drawn from a seeded generator, as BERT draws them, and have seen no text at all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from spacy_litbert.checkpoints.config import written_config
from spacy_litbert.checkpoints.write import write_folder
from spacy_litbert.corpora.text import read_texts
from spacy_litbert.files import replacing_folder
from spacy_litbert.tokenization.alphabet import BIOMEDICAL_ALPHABET
from spacy_litbert.tokenization.vocabulary import Vocabulary, train_vocabulary

SIZE = 8192
SEED = 0
TARGET = Path(__file__).parent.parent / "models" / "litbert-tiny"


def make(vocabulary: Vocabulary, target: Path) -> None:
    shape = {
        "vocab_size": len(vocabulary),
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 512,
        "max_position_embeddings": 512,
    }
    torch.manual_seed(SEED)
    weights = BertModel(BertConfig(**shape)).state_dict()
    card = (target / "README.md").read_text("utf8")
    with replacing_folder(target) as partial:
        write_folder(
            partial,
            weights,
            written_config(shape, "BertModel"),
            vocabulary,
            storage="float16",
            shard_megabytes=None,
            source=target.name,
        )
        (partial / "README.md").write_text(card, encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", nargs="+", type=Path)
    arguments = parser.parse_args()
    vocabulary = train_vocabulary(lambda: read_texts(arguments.texts), SIZE, alphabet=BIOMEDICAL_ALPHABET)
    make(vocabulary, TARGET)
    print(f"{TARGET}: {len(vocabulary)} wordpieces, untrained weights from seed {SEED}")
