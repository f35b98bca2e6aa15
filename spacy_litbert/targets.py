"""Check whether a command may put its folder there: only over nothing or what it made itself, never over its source."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from stat import S_ISREG
from typing import Any

from .errors import Errors, LitBertError

_MARK = "spacy_litbert"
_OF_THE_FINDER = ".DS_Store"  # macOS puts it into every folder that is looked at
_OF_A_PIPELINE = ("meta.json", "config.cfg", "tokenizer", "vocab", "LICENSE", "LICENSES_SOURCES", "README.md")
# What a checkpoint may have beside it to say where it comes from, and under which terms.
FILES_OF_THE_TERMS = ("NOTICE", "NOTICE.txt", "NOTICE.md", "LICENSE", "LICENSE.txt", "LICENSE.md")
FILES_OF_THE_ORIGIN = (*FILES_OF_THE_TERMS, "run.json")
FILES_OF_A_CHECKPOINT = (
    "config.json",
    "model.safetensors",
    f"model-{5 * '[0-9]'}-of-{5 * '[0-9]'}.safetensors",
    "model.safetensors.index.json",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "README.md",
)


def check_target(
    target: Path,
    *,
    sources: Iterable[Path] = (),
    made: Callable[[Path], str | None],
    what: str,
    option: str | None,
    in_place: bool = False,
) -> None:
    """Raise LitBertError L218 unless a command may put a new folder at ``target``.

    sources: what the command reads. It must not lie in the target, nor the target in it.
    made: what speaks against a folder's being an earlier ``what``; None for one that may be replaced.
    option: what the user gives to replace an earlier one; None if it was given or none is needed.
    in_place: the folder is written to where it is, instead of being replaced by another one.
    """
    _check_apart(target, sources)
    if target.is_symlink():
        raise _refused(target, f"what is there is no {what}, and is not replaced by one: it is a link")
    if not in_place:
        _check_movable(target)
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return
    against = made(target) if target.is_dir() else "it is a file"
    if against is not None:
        problem = f"what is there is no {what}, and is not replaced by one: {against}"
        raise _refused(target, f"{problem}. Choose another place, or move it away")
    if option is not None:
        raise _refused(target, f"it is there already; {option} replaces a {what}")


def check_new_file(target: Path, *, sources: Iterable[Path], option: str | None) -> None:
    """Raise LitBertError L218 unless a command may write a file at ``target``: there is nothing, or a file.

    sources: what the command reads, and folders that it makes; the file must be none of it, nor lie in it.
    option: what the user gives to replace a file that is there; None if it was given.
    """
    _check_apart(target, sources)
    if target.is_dir():
        raise _refused(target, "it is a folder; give the name of a file")
    if os.path.lexists(target) and not S_ISREG(target.lstat().st_mode):
        raise _refused(target, "what is there is no file but a link, a pipe or a device; give the name of a file")
    if os.path.lexists(target) and option is not None:
        raise _refused(target, f"it is there already; {option} replaces it")


def mark_pipeline(meta: dict[str, Any], command: str) -> None:
    """Note in the meta.json of a pipeline which command writes it, for ``pipeline_made_by``."""
    meta[_MARK] = {"written_by": command}


def pipeline_made_by(command: str) -> Callable[[Path], str | None]:
    """Return a ``made`` for pipelines that a command wrote and marked."""

    def against(folder: Path) -> str | None:
        meta = _read(folder / "meta.json")
        mark = meta.get(_MARK)
        if not isinstance(mark, dict) or mark.get("written_by") != command:
            return f"its meta.json does not say that {command} wrote it"
        names = [meta.get("pipeline"), meta.get("disabled")]
        components = [str(name) for part in names if isinstance(part, list) for name in part]
        return _foreign(folder, (*_OF_A_PIPELINE, *components))

    return against


def checkpoint_made_by(heading: str) -> Callable[[Path], str | None]:
    """Return a ``made`` for checkpoints whose card starts with a heading.

    heading: "" for checkpoints of any origin.
    """

    def against(folder: Path) -> str | None:
        if not (folder / "config.json").is_file():
            return "it has no config.json"
        card = folder / "README.md"
        if heading and not (card.is_file() and card.read_text("utf8", errors="replace").startswith(heading)):
            return f"its README.md does not begin with {heading!r}"
        return _foreign(folder, (*FILES_OF_A_CHECKPOINT, *(() if heading else FILES_OF_THE_ORIGIN)))

    return against


def only(*patterns: str) -> Callable[[Path], str | None]:
    """Return a ``made`` for folders that hold nothing but files of these names."""
    return lambda folder: _foreign(folder, patterns)


def _check_apart(target: Path, sources: Iterable[Path]) -> None:
    place = target.resolve()
    for source in (source.resolve() for source in sources):
        if place in (source, *source.parents):
            raise _refused(target, "the source lies in it")
        if source in place.parents:
            raise _refused(target, f"it lies in {source}, which the command reads or makes")


def _check_movable(target: Path) -> None:
    with suppress(FileNotFoundError):  # the working directory was removed
        here = Path.cwd()
        if target.resolve() in (here, *here.parents):
            raise _refused(target, "a new folder takes its place, and you are in it. Give a folder in it, or elsewhere")
    if os.path.ismount(target):
        raise _refused(target, "a file system is mounted there, which no folder can replace. Give a folder in it")


def _foreign(folder: Path, patterns: Iterable[str]) -> str | None:
    allowed = (*patterns, _OF_THE_FINDER)
    found = [path.name for path in folder.iterdir() if not any(fnmatch(path.name, pattern) for pattern in allowed)]
    return f"it holds {', '.join(sorted(found)[:5])} as well" if found else None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refused(target: Path, problem: str) -> LitBertError:
    return LitBertError(Errors.L218.format(path=target, problem=problem))
