"""What the folder of a knowledge base says of itself: written, told from other folders, checked and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import about
from ..errors import Errors, LitBertError
from ..files import file_checksum, json_text, read_json
from ..targets import only

METADATA = "metadata.json"
FORMAT = 3


def write_metadata(folder: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Write the metadata of a knowledge base whose other files are there; return them.

    said: what they say beside the date, what made them, and the files with their checksums.
    """
    metadata = {
        **said,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "made_by": f"{about.__title__} {about.__version__}",
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": file_checksum(path)}
            for path in sorted(folder.iterdir())
        },
    }
    metadata["checksum"] = metadata_checksum(metadata)
    (folder / METADATA).write_text(json_text(metadata, indent=2) + "\n", encoding="utf8")
    return metadata


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata of a knowledge base; its files must be there, with the sizes that it says.

    Raises LitBertError L525 where there is no knowledge base, L526 for a damaged one.
    """
    if not (path / METADATA).is_file():
        raise LitBertError(Errors.L525.format(path=path))
    metadata = read_json(path / METADATA)
    if metadata.get("format") != FORMAT:
        raise damaged(path, f"its format is {metadata.get('format')!r}, and this version reads {FORMAT}")
    if metadata_checksum(metadata) != metadata.get("checksum"):
        raise damaged(path, f"{METADATA} is not what was written (its checksum differs)")
    for name, expected in metadata["files"].items():
        try:
            found = (path / name).stat().st_size
        except OSError:
            raise damaged(path, f"{name} is missing") from None
        if found != expected["bytes"]:
            raise damaged(path, f"{name} has {found:,} bytes instead of {expected['bytes']:,}")
    return metadata


def damaged(path: Path, problem: str) -> LitBertError:
    """Return the error of a damaged knowledge base."""
    return LitBertError(Errors.L526.format(path=path, problem=problem))


def metadata_checksum(metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what the metadata says, the checksums of all files among it: that of the whole."""
    said = {key: value for key, value in metadata.items() if key != "checksum"}
    return sha256(json.dumps(said, sort_keys=True).encode("ascii")).hexdigest()


def made_by_build(folder: Path) -> str | None:
    """Say what speaks against a folder's being a knowledge base with nothing else in it; None if nothing does."""
    try:
        metadata = json.loads((folder / METADATA).read_text("utf8"))
        is_one = metadata["checksum"] == metadata_checksum(metadata)
        files = [*metadata["files"], METADATA]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_one, files = False, []
    return only(*files)(folder) if is_one else f"it has no {METADATA} of a knowledge base"
