"""What a linker has learned as bytes, and the knowledge base that it belongs to: copied, or referred to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors, LitBertError
from ..files import replacing_folder
from ..models.seal import is_sealed, seal
from ..targets import check_target
from .knowledge_base import KnowledgeBase, open_expected
from .metadata import METADATA, made_by_build

Learned = dict[str, Any]
# Where a knowledge base lies (None: beside what was learned), its checksum, and what the config named when it was
# saved.
Reference = dict[str, Any]


def reference_to(kb: KnowledgeBase) -> Reference:
    """Refer to a knowledge base where it lies."""
    return {"path": str(kb.path), "checksum": kb.checksum}


def open_reference(reference: Reference) -> KnowledgeBase:
    """Open the knowledge base referred to. Raises LitBertError L525, L526 and L529 if it is not there as it was."""
    return open_expected(Path(reference["path"]), reference["checksum"])


def pack(learned: Learned, reference: Reference | None) -> bytes:
    """Return what was learned as bytes with a checksum."""
    return seal(srsly.msgpack_dumps({**learned, "kb": reference}))


def unpack(data: bytes, source: str, take: Callable[[Learned], None]) -> Reference | None:
    """Give what ``pack`` packed to ``take``, and return the reference.

    source: what errors call the bytes.

    Raises LitBertError L312 and L532 for damaged ones, and what ``take`` raises.
    """
    if not is_sealed(data):
        raise LitBertError(Errors.L532.format(path=source, problem="there is no checksum at the end"))
    try:
        learned = srsly.msgpack_loads(data)
        take(learned)
        reference: Reference | None = learned["kb"]
    except LitBertError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise LitBertError(Errors.L532.format(path=source, problem=error)) from None
    return reference


def copy_kb(kb: KnowledgeBase, target: Path) -> None:
    """Copy a knowledge base to ``target``, over an earlier one.

    Raises LitBertError L218 if it may not lie there, L525, L526 and L529 if it is not where it was, or another one.
    """
    if target.resolve() == kb.path.resolve():
        return
    check_target(target, sources=[kb.path], made=made_by_build, what="knowledge base", option=None)
    open_expected(kb.path, kb.checksum)
    with replacing_folder(target) as partial:
        for name in (*kb.metadata["files"], METADATA):
            shutil.copyfile(kb.path / name, partial / name)


def remove_copy(target: Path, kb: KnowledgeBase | None) -> None:
    """Remove a knowledge base that was copied to ``target`` before, unless it is the one that is used."""
    if target.is_dir() and made_by_build(target) is None and (kb is None or kb.path.resolve() != target.resolve()):
        shutil.rmtree(target)
