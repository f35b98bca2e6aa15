"""Find and read the files of weights in a folder of transformers, and nothing that only looks like them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import Errors, LitBertError
from ..files import read_json
from .pickled import read_pickled
from .safetensor_files import read_safetensors

# The whole model in one file, and what weights beside it are called.
_FORMS = {"safetensors": ("model.safetensors", "*.safetensors"), "pytorch": ("pytorch_model.bin", "pytorch_model*.bin")}


def find_files(folder: Path, kind: str) -> tuple[Path, ...]:
    """Return the files of a folder's weights of one kind, in order: those that the index names, else the single file.

    kind: "safetensors" or "pytorch". No files where there are no weights of this kind.

    Raises LitBertError L227 if further weights lie beside them, L207 for a damaged index, L213 where the files of
    weights have neither the single file's name nor an index.
    """
    single, pattern = _FORMS[kind]
    index = folder / f"{single}.index.json"
    names = [single] if os.path.lexists(folder / single) else []
    found = sorted(path.name for path in folder.glob(pattern))
    if os.path.lexists(index):
        names = sorted(set(read_index(index).values()))
    if names and (others := [name for name in found if name not in names]):
        raise LitBertError(Errors.L227.format(path=folder, chosen=", ".join(names[:5]), others=", ".join(others[:10])))
    if not names and found and (kind == "pytorch" or any(name.startswith("model") for name in found)):
        missing = f"{single} and no {index.name}"
        raise LitBertError(Errors.L213.format(path=folder, missing=missing, found=", ".join(found[:10])))
    return tuple(folder / name for name in names)


def read_index(path: Path) -> dict[str, str]:
    """Return the file of each tensor, from an index of transformers. Raises LitBertError L207 for one that is none."""
    places: Any = read_json(path).get("weight_map")
    if not isinstance(places, dict) or not places or not all(map(_is_plain, places.values())):
        raise LitBertError(Errors.L207.format(path=path, reason="its weight_map does not name files beside it"))
    return places


def read_files(files: tuple[Path, ...], kind: str) -> dict[str, Tensor]:
    """Read the tensors of all files, by the names in them.

    kind: "safetensors" or "pytorch".

    Raises LitBertError L228 for a tensor that is in two files, L207 where the index says otherwise than the files.
    """
    read = read_pickled if kind == "pytorch" else read_safetensors
    tensors: dict[str, Tensor] = {}
    places: dict[str, str] = {}
    for path in files:
        for name, value in read(path).items():
            if name in places:
                raise LitBertError(
                    Errors.L228.format(path=path.parent, name=name, first=places[name], second=path.name)
                )
            tensors[name], places[name] = value, path.name
    index = files[0].with_name(f"{_FORMS[kind][0]}.index.json")
    if os.path.lexists(index):
        _check_places(read_index(index), places, index)
    return tensors


def _check_places(said: Mapping[str, str], found: Mapping[str, str], index: Path) -> None:
    wrong = sorted(name for name in said.keys() | found.keys() if said.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        reason = f"it says that {name} is in {said.get(name, 'no file')}, but it is in {found.get(name, 'none')}"
        raise LitBertError(Errors.L207.format(path=index, reason=reason))


def _is_plain(name: Any) -> bool:
    return isinstance(name, str) and bool(name) and Path(name).name == name and name != ".." and "\0" not in name
