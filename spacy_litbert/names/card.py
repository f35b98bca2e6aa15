"""The model card (README.md) of a name encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import about
from ..checkpoints.card import checksum_table, markdown_table


def name_encoder_card(
    settings: Mapping[str, Any],
    start: Mapping[str, Any],
    kb: Mapping[str, str],
    *,
    concepts: int,
    checksums: Mapping[str, str],
) -> str:
    """Write Markdown with Hugging Face's header.

    settings: as of ``NameSettings``. start: what ``spacy_litbert.pretraining.start.describe`` says of the weights.
    kb: name, version, licence and checksum of the knowledge base. concepts: how many of its concepts have synonyms.
    checksums: SHA-256 of each file of weights.
    """
    licence = start["license"]
    rows = [
        ["began with", f"{start['name']} (licence: {licence or 'not said'})"],
        ["synonyms", f"{kb['name']} {kb['version']}".strip() + f", {concepts:,} concepts with several names"],
        ["licence of the names", kb["licence"] or "not said"],
        ["types", ", ".join(settings["types"]) if settings["types"] else "all"],
        ["steps", f"{settings['steps']:,} of two names of {settings['concepts']:,} concepts"],
        ["learning rate", f"{settings['learning_rate']:g} at its peak"],
        ["precision", settings["precision"]],
        ["seed", str(settings["seed"])],
        ["made by", f"{about.__title__} {about.__version__}"],
    ]
    header = ["---", *([f"license: {licence}"] if licence else []), "library_name: transformers", "tags: [bert]", "---"]
    sections = [
        "\n".join(header),
        "# Name encoder\n\nA BERT under which names of the same concept lie close: the vector of a name is the mean of "
        "the last hidden states of all its wordpieces, `[CLS]` and `[SEP]` among them. Names are given in lower case, "
        "without punctuation. It was trained by self-alignment (Liu et al. 2021): the multi-similarity loss over hard "
        "pairs of a batch. It has no pooler.",
        "## How it was trained\n\n" + markdown_table(["", ""], rows),
        "## What it began with\n\n" + checksum_table(start["files"]),
        "## Checksums\n\n" + checksum_table(checksums),
    ]
    if start["notice"]:
        sections.append(f"## Notice of the weights that it began with\n\n{start['notice'].rstrip()}")
    return "\n\n".join(sections) + "\n"
