"""Model cards (README.md): tables and checksums as every card has them, and the card of a converted model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import srsly

from ..errors import LitBertError
from ..files import LARGEST_TEXT, read_text

_CHECKSUM = re.compile(r"^\| (\S+) \| `([0-9a-f]{64})` \|$", re.MULTILINE)
_PLAIN = re.compile(r"[\w.+-]+")  # needs no quotes in YAML
_LICENCE = re.compile(r"^license:.*(?:\n[ -].*)*", re.MULTILINE)
_LONGEST_LICENCE = 1000
_ACTIVATIONS = {
    "gelu": "GELU, exact",
    "gelu_new": "GELU, tanh approximation",
    "gelu_pytorch_tanh": "GELU, tanh approximation",
}


@dataclass(frozen=True)
class Origin:
    """Where converted weights came from.

    kind: the form of the source, in words.
    files: SHA-256 of each file that was read, by its name.
    step: of the pretraining; None where the source does not say.
    left_out: how many tensors of each kind were passed over.
    source_activation: hidden_act in the source's config.json.
    title, licence: as the source's card has them; None where it does not say.
    """

    kind: str
    files: Mapping[str, str]
    step: int | None
    left_out: Mapping[str, int]
    source_activation: str | None
    title: str | None
    licence: str | None


@dataclass(frozen=True)
class Converted:
    """What was written.

    config: as in config.json.
    parts: number of parameters of each part.
    cased: whether the vocabulary keeps upper case.
    storage: "float32" or "float16".
    checksums: SHA-256 of each file of weights, by its name.
    """

    config: Mapping[str, Any]
    parts: Mapping[str, int]
    cased: bool
    storage: str
    checksums: Mapping[str, str]


def conversion_card(origin: Origin, model: Converted, version: str) -> str:
    """Return the card of a converted model; equal sources give equal cards, wherever they lay.

    version: of this package.
    """
    licence = f"{licence_line(origin.licence)}\n" if origin.licence else ""
    sections = [
        f"---\n{licence}library_name: transformers\ntags: [bert]\n---",
        f"# {origin.title or 'Converted BERT'}\n\nConverted from {origin.kind}. {_shape(model)}",
        "## Where it came from\n\n" + markdown_table(["", ""], _origin_rows(origin, model, version)),
        "Licence and terms are those of the source. The files that were read:\n\n" + checksum_table(origin.files),
        "## Parameters\n\n"
        + markdown_table(["part", "parameters"], ([name, f"{n:,}"] for name, n in model.parts.items())),
        "## Checksums\n\n" + checksum_table(model.checksums),
    ]
    return "\n\n".join(sections) + "\n"


def licence_line(licence: str) -> str:
    """Return the line of a card's header that says the licence, as ``licence_of`` reads it again."""
    return f"license: {licence if _PLAIN.fullmatch(licence) else json.dumps(licence, ensure_ascii=False)}"


def _shape(model: Converted) -> str:
    config = model.config
    stored = "Stored as float32." if model.storage == "float32" else f"Rounded to {model.storage}."
    return (
        f"{config['num_hidden_layers']} layers of width {config['hidden_size']}, "
        f"{config['num_attention_heads']} heads, "
        f"{config['intermediate_size']} in the feed-forward layers, {config['max_position_embeddings']} positions, "
        f"{config['vocab_size']:,} {'cased' if model.cased else 'lower-cased'} wordpieces, "
        f"{sum(model.parts.values()):,} parameters. {stored}"
    )


def _origin_rows(origin: Origin, model: Converted, version: str) -> Iterable[list[str]]:
    yield ["converted from", origin.kind]
    yield ["licence", origin.licence or "not said"]
    yield ["pretraining steps", "not said" if origin.step is None else f"{origin.step:,}"]
    left_out = [f"{kind} ({n:,})" for kind, n in sorted(origin.left_out.items())]
    yield ["left out", ", ".join(left_out) or "nothing"]
    activation = model.config["hidden_act"]
    meaning = _ACTIVATIONS.get(activation, activation)
    yield ["activation", f"`{activation}` ({meaning}); the source says `{origin.source_activation}`"]
    yield ["converted with", f"spacy-litbert {version}"]


def checksum_table(checksums: Mapping[str, str]) -> str:
    """Return a table of files and their SHA-256, in the form that ``read_checksums`` finds again."""
    return markdown_table(["file", "SHA-256"], ([name, f"`{value}`"] for name, value in checksums.items()))


def read_checksums(card: str) -> dict[str, str]:
    """Return the SHA-256 of all files in a card's tables, by their names."""
    return dict(_CHECKSUM.findall(card))


def read_card(folder: Path) -> tuple[str | None, dict[str, str]]:
    """Return the title of a folder's card and the checksums in it; None and no checksums where there is no card."""
    path = folder / "README.md"
    if not path.is_file() or path.stat().st_size > LARGEST_TEXT:
        return None, {}
    text = path.read_text("utf8", errors="replace")
    title = next((line.lstrip("# ") for line in text.split("\n") if line.startswith("# ")), "README.md")
    return title, read_checksums(text)


def licence_of(folder: Path) -> str | None:
    """Return the licence in the header of a folder's card, if it says one that can be read: a name, or a list of some.

    The rest of the header is not read, nor a licence with an alias of YAML (``*``), which can stand for any amount of
    text.
    """
    try:
        found = _LICENCE.search(_header(read_text(folder / "README.md")))
    except LitBertError:
        return None
    if found is None or len(found[0]) > _LONGEST_LICENCE or "*" in found[0]:
        return None
    try:
        said = srsly.yaml_loads(found[0])["license"]
    except Exception:  # whatever a YAML parser makes of a header: weights are not refused for it
        return None
    names = said if isinstance(said, list) else [said]
    if not all(isinstance(name, str) for name in names):
        return None
    try:  # YAML's escapes may write a character as two surrogates
        return ", ".join(names).encode("utf-16", "surrogatepass").decode("utf-16") or None
    except UnicodeDecodeError:
        return None


def _header(card: str) -> str:
    """Return the lines between the first one, ``---``, and the next like it."""
    first, *lines = card.strip().split("\n")
    return "\n".join(takewhile(lambda line: line.rstrip() != "---", lines)) if first.rstrip() == "---" else ""


def markdown_table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
