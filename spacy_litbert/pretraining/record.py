"""What a run did, as data: the model card is written from it, and nothing in the card from elsewhere."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from .. import __version__
from ..errors import LitBertError
from ..files import json_text, replacing
from ..machine import processor_name
from .curve import read_curve
from .earlier import NAME, read_record
from .loop import Trainer
from .shards import Corpus, vocabulary_checksum


def write_record(trainer: Trainer) -> None:
    """Write run.json into the run's folder. What a finished run has already stays, but for how it is exported."""
    record = _kept(trainer) or _record(trainer)
    record["settings"]["export"] = _without_places(trainer.settings.to_dict())["export"]
    text = json_text(record, indent=2)
    with replacing(trainer.folder / NAME) as partial:
        partial.write_text(text + "\n", encoding="utf8")


def remove_record(folder: Path) -> None:
    """Remove what an earlier run in the folder, whose checkpoints are gone, has left of itself."""
    (folder / NAME).unlink(missing_ok=True)


def _kept(trainer: Trainer) -> dict[str, Any] | None:
    """Read the record of this run, if it has ended before."""
    path = trainer.folder / NAME
    try:
        record = read_record(path) if path.is_file() else None
    except LitBertError:  # damaged: it is made again
        return None
    return record if record is not None and record["steps"] == trainer.state.step else None


def _record(trainer: Trainer) -> dict[str, Any]:
    state, settings, corpus = trainer.state, trainer.settings, trainer.corpus
    start = dict(state.start or {})
    curve, heldout = read_curve(trainer.folder / "curve.csv"), read_curve(trainer.folder / "heldout.csv")
    return {
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "settings": _without_places(settings.to_dict()),
        "before": start.pop("before", []),
        "start": start or None,
        "parameters": n_parameters(trainer.model),
        "vocabulary": {"size": len(corpus.vocabulary), "checksum": vocabulary_checksum(corpus.vocabulary)},
        "text": _text(corpus),
        "steps": state.step,
        "tokens": round(state.tokens),
        "epochs": round(max((place.epoch + 1 for place in state.places.values()), default=0)),
        "hours": round(state.elapsed / 3600, 4),
        "hardware": _hardware(trainer),
        "speed": [_speed(trainer, length, curve) for length in sorted(state.places)],
        "last": curve[-1] if curve else {},
        "heldout": heldout[-1] if heldout else {},
        "versions": {
            "spacy-litbert": __version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
    }


def _without_places(settings: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name folders in the settings by their names alone: where they lay on a machine is nobody's business."""
    paths = {("data", "train"), ("data", "heldout"), ("training", "output"), ("export", "folder"), ("model", "start")}
    return {
        section: {
            name: Path(value).name if (section, name) in paths and value is not None else value
            for name, value in values.items()
        }
        for section, values in settings.items()
    }


def _text(corpus: Corpus) -> dict[str, Any]:
    documents: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    for description in corpus.descriptions:
        for origin in description["origins"]:
            key = origin["source"], origin["license"]
            documents[key] += origin["documents"]
            tokens[key] += origin["tokens"]
    return {
        "files": [{key: one[key] for key in ("file", "file_checksum", "tokens")} for one in corpus.descriptions],
        "wordpiece_dropout": sorted({one.get("wordpiece_dropout", 0.0) for one in corpus.descriptions}),
        "documents": len(corpus.document_starts) - 1,
        "sentences": len(corpus.sentence_starts) - 1,
        "tokens": corpus.n_tokens,
        "origins": [
            {"source": source, "license": license, "documents": documents[source, license], "tokens": n}
            for (source, license), n in tokens.most_common()
        ],
    }


def _hardware(trainer: Trainer) -> dict[str, Any]:
    device = trainer.processes.device
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else processor_name()
    return {
        "device": name,
        "processes": trainer.processes.n,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "matrix_rate": matrix_rate(device, trainer.settings.training.precision),
    }


def _speed(trainer: Trainer, length: int, curve: list[dict[str, float]]) -> dict[str, float]:
    """Measure tokens a second at one length: the median over the curve, which start-up and evaluations don't move."""
    rates = sorted(row["tokens_per_second"] for row in curve if row["length"] == length)
    settings = trainer.settings
    flops = flops_of_token(
        trainer.state.config,
        length=length,
        mlm_probability=settings.training.mlm_probability,
    )
    return {"length": length, "tokens_per_second": rates[len(rates) // 2] if rates else 0.0, "flops_of_token": flops}


def flops_of_token(config: Mapping[str, Any], *, length: int, mlm_probability: float) -> float:
    """Count the floating-point operations of a training step for each token: three times the forward pass's.

    config: config.json. Counted are matrix products: the layers, attention, and the masked pieces' head and logits.
    """
    size, inner, n_layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    layer = 8 * size**2 + 4 * size * inner + 4 * length * size
    head = mlm_probability * (2 * size**2 + 2 * size * config["vocab_size"])
    flops: float = 3.0 * (n_layers * layer + head)
    return flops


def matrix_rate(device: torch.device, precision: str) -> float:
    """Measure the floating-point operations a second of one large matrix product, on random data."""
    size, repeats = (8192, 10) if device.type == "cuda" else (1024, 5)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    _finish(device)
    begin = time.perf_counter()
    for _ in range(repeats):
        a @ b
    _finish(device)
    return repeats * 2 * size**3 / (time.perf_counter() - begin)


def n_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
