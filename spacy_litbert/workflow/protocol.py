"""Describe how a project's figures came about: weights, settings, versions and machine, for its metrics files."""

from __future__ import annotations

import hashlib
import platform
import re
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from spacy.language import Language

from ..checkpoints.read import weight_files
from ..checkpoints.sources import open_source
from ..machine import processor_name

_HEAD = re.compile(r"(?:---\r?\n(.*?)^---\s*$)?(.*)", re.DOTALL | re.MULTILINE)
PACKAGES = ("spacy", "spacy-litbert", "spacy-transformers", "transformers", "thinc", "torch", "numpy")


def describe_weights(weights: str) -> dict[str, str]:
    """Return the name of the weights that training started from, their checksum, licence, and what their card says."""
    return {
        "weights": Path(weights).resolve().name if Path(weights).is_dir() else weights,
        "weights_sha256": weights_checksum(weights),
        **_card(weights),
    }


def describe_training(nlp: Language) -> dict[str, Any]:
    """Describe how a pipeline on LitBERT was trained: from which weights and with which settings.

    ``scored_in`` is the precision in which it computes now, which is not always that of its training.
    """
    config = nlp.config.interpolate()
    return {
        "tokenizer": config["nlp"]["tokenizer"]["@tokenizers"],
        **describe_weights(config["paths"]["weights"]),
        "seed": config["training"]["seed"],
        "peak_learning_rate": config["training"]["optimizer"]["learn_rate"]["initial_rate"],
        "scored_in": config["components"]["transformer"]["model"]["precision"],
    }


def describe_run(packages: tuple[str, ...] = PACKAGES, *, gpu_id: int = -1) -> dict[str, Any]:
    """Return versions, date and machine of this moment."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": _machine(gpu_id),
    }


def weights_checksum(weights: str) -> str:
    """Return the SHA-256 of all files of the weights behind a bundled name, a folder, or a hub id.

    Raises LitBertError L2xx where there are none.
    """
    digest = hashlib.sha256()
    with open_source(weights) as source:
        for path in weight_files(source):
            with path.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()


def _card(weights: str) -> dict[str, str]:
    """Return what the weights' model card says: its licence, and its first paragraph, what they were trained on."""
    with open_source(weights) as source:
        path = source.folder / "README.md"
        card = path.read_text("utf8", errors="replace") if path.is_file() else ""
    head, text = _HEAD.fullmatch(card).groups(default="")  # type: ignore[union-attr]
    paragraphs = [
        part.strip() for part in re.split(r"\n\s*\n", text) if part.strip() and not part.lstrip().startswith("#")
    ]
    said = (
        " ".join(paragraphs[0].replace("**", "").split()) if paragraphs else "These weights came without a model card."
    )
    return {"weights_license": _license(head), "weights_card": said}


def _license(head: str) -> str:
    """Return the licence in the head of a card, by its name in SPDX where it has one."""
    named = re.search(r"^license: *(\S+)", head, re.MULTILINE)
    if named is None:
        return "not said"
    try:
        return canonicalize_license_expression(named[1])
    except InvalidLicenseExpression:
        return named[1]


def _machine(gpu_id: int) -> str:
    if gpu_id >= 0:
        return str(torch.cuda.get_device_name(gpu_id))
    return f"CPU {processor_name()}, {torch.get_num_threads()} threads"
