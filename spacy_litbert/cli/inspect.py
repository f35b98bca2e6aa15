"""``spacy litbert inspect``: say what a checkpoint is, and whether it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..command_line import plain
from ..files import replacing
from ..targets import check_new_file

if TYPE_CHECKING:
    from ..checkpoints.describe import Description


def inspect_cli(
    source: Annotated[str, typer.Argument(help="Folder, bundled name, hub id, zip or .ckpt prefix")],
    out: Annotated[Path | None, typer.Option("--json", "-j", help="File for the same as JSON")] = None,
) -> None:
    """Show shape, parameters, vocabulary, types, checksums and card; fail if it can't be used."""
    if out is not None:
        check_new_file(out, sources=[Path(source)], option=None)
    found = inspect(source)
    msg.divider(f"{Path(source).name or source} ({found.kind})")
    for title, rows in _sections(found).items():
        msg.text(title, color="blue")
        for name, value in rows.items():
            print(plain(f"  {name:<26} {value}"))
    for note in found.notes:
        msg.info(note)
    if out:
        with replacing(out) as partial:
            partial.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf8")
    for problem in found.problems:
        msg.fail(plain(problem))
    if found.problems:
        raise typer.Exit(1)
    msg.good("LitBERT's shape" if not found.unlike_litbert else "Not LitBERT's shape, but whole")


def inspect(source: str | Path) -> Description:
    """Look at a source as ``spacy_litbert.checkpoints.describe.describe`` does."""
    from ..checkpoints.describe import describe

    return describe(source)


def _sections(found: Description) -> dict[str, dict[str, str]]:
    from ..checkpoints.layout import LITBERT

    vocabulary = found.vocabulary
    special = ", ".join(f"{token} {i}" for token, i in vocabulary["special_tokens"].items())
    total = sum(found.parameters.values())
    return {
        "Shape": {
            key: str(value) + (f"   (LitBERT: {LITBERT[key]})" if key in found.unlike_litbert else "")
            for key, value in found.shape.items()
        },
        "Parameters": {part: f"{n:,}" for part, n in {**found.parameters, "all": total}.items()},
        "Tensors": {
            "types": ", ".join(f"{dtype} ({n})" for dtype, n in found.dtypes.items()),
            **{kind: str(n) for kind, n in found.others.items()},
        },
        "Vocabulary": {
            "entries": f"{vocabulary['size']:,}, {'cased' if vocabulary['cased'] else 'lower-cased'}",
            "special tokens": special,
            "unused entries": str(vocabulary["unused_entries"]),
            "length limit": "none" if found.limit is None else str(found.limit),
        },
        "SHA-256": found.files,
        "Card": {"README.md": found.card or "none"},
    }
