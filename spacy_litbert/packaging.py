"""What a pipeline needs to be packaged: its requirements, spaCy's versions and its licence."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import distribution, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from spacy.util import get_minor_version_range

from .about import __title__, __version__

SOURCES = "LICENSES_SOURCES"  # beside LICENSE, `spacy package` takes it into a package
_NAME = re.compile(r"[A-Za-z0-9._-]*")
_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md")


def set_requirements(meta: dict[str, Any], *, onnx: bool) -> None:
    """Make the requirements in a meta.json those of this package, beside those of others that stand there.

    spaCy is named without a version, because `spacy package` would add the version that is installed; the versions
    of spaCy that this package works with are in its own requirements, and in ``spacy_version``.
    """
    extra = "[onnx]" if onnx else ""
    own = ["spacy", f"{__title__}{extra}{get_minor_version_range(__version__)}"]
    others = [one for one in meta.get("requirements", []) if _name(one) not in ("spacy", __title__)]
    meta["requirements"] = [*own, *others]
    meta["spacy_version"] = _spacy_version()


def add_licence(folder: Path, meta: dict[str, Any], source: Path | None = None) -> None:
    """Put the licence into a pipeline's folder: that of ``source``, else the one of this package and its weights.

    The latter only where meta.json names no other licence.
    """
    for path, name in ((licence_in(source), "LICENSE"), (source / SOURCES, SOURCES)) if source else ():
        if path is not None and path.is_file():
            shutil.copyfile(path, folder / name)
    if not (folder / "LICENSE").exists() and meta.get("license", "") in ("", "MIT"):
        (folder / "LICENSE").write_text(own_licence(), encoding="utf8")


def licence_in(folder: Path) -> Path | None:
    """Find the text of the licence in a folder of weights or of a pipeline; None if there is none."""
    return next((folder / name for name in _LICENCES if (folder / name).is_file()), None)


def _spacy_version() -> str:
    [own] = [one for one in map(Requirement, requires(__title__) or []) if one.name == "spacy"]
    return ",".join(sorted(str(own.specifier).split(","), reverse=True))


def own_licence() -> str:
    """Return the text of this package's licence."""
    # Beside the metadata of an installed wheel, or in the folder of sources that an editable installation points to.
    return next(path for path in distribution(__title__).files or [] if path.name == "LICENSE").read_text("utf8")


def _name(requirement: str) -> str:
    # Not of Requirement, which refuses what older tools wrote into requirements (`foo>=1.0.*`).
    return canonicalize_name(_NAME.findall(requirement)[0])
