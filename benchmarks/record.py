"""What every benchmark shares: texts, untrained checkpoints of a given shape, and the record of a result."""

from __future__ import annotations

import datetime
import gzip
import json
import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from spacy_litbert.checkpoints import layout
from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.files import replacing
from spacy_litbert.machine import processor_name
from spacy_litbert.tokenization.vocabulary import Vocabulary

RESULTS = Path(__file__).parent / "results"
PACKAGES = ["spacy-litbert", "spacy", "spacy-transformers", "transformers", "tokenizers", "thinc", "torch", "numpy"]
_OF_THE_ENCODER = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
LITBERT = {key: layout.LITBERT[key] for key in _OF_THE_ENCODER}
BERT_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}


def read_texts(path: Path, limit: int) -> list[str]:
    """Read the ``text`` of the first lines of a JSONL file, plain or gzipped; of all such files of a folder."""
    paths = sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    texts: list[str] = []
    for file in paths:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf8") as lines:
            texts.extend(json.loads(line)["text"] for line in lines)
    return texts[:limit]


def untrained_checkpoint(folder: Path, shape: dict[str, int], vocab_size: int = 32_768) -> Path:
    """Make a checkpoint of the given shape with seeded random weights and the first wordpieces of litbert-oa-small.

    Its entries lie in the order in which it was trained, special tokens and characters first, so the first
    ``vocab_size`` of them are a whole vocabulary too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens = Vocabulary.from_folder(resolve("litbert-oa-small")).tokens[:vocab_size]
    torch.manual_seed(0)
    bert = BertModel(BertConfig(vocab_size=vocab_size, max_position_embeddings=512, **shape))
    bert.config.to_json_file(folder / "config.json")
    save_file(bert.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf8")
    return folder


def memory_of_process(key: str) -> float:
    """Return a figure of this process in MB, by its name in /proc: ``VmRSS``, or the peak ``VmHWM``."""
    for line in Path("/proc/self/status").read_text().split("\n"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1e3
    raise KeyError(key)


def spread(values: list[float]) -> dict[str, float]:
    """Return median, least and greatest of repeated measurements."""
    numbers = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{value:.4g}") for name, value in numbers.items()}


def write(name: str, result: dict[str, Any]) -> None:
    """Write ``benchmarks/results/<name>.json`` with the machine, the versions and the date."""
    record = {
        "benchmark": name,
        "date": datetime.date.today().isoformat(),
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "torch_threads": torch.get_num_threads(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {package: version(package) for package in PACKAGES},
        **result,
    }
    RESULTS.mkdir(exist_ok=True)
    with replacing(RESULTS / f"{name}.json") as partial:
        partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    print(json.dumps(result, indent=2, ensure_ascii=False))
