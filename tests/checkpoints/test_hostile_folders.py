"""Hostile folders of transformers, and machines that fail: coded errors, no leftovers, nothing runs."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_litbert.checkpoints import archive, pickled
from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.errors import LitBertError

from .conftest import NAME
from .hostile import Change, Payload, cut, refuse, write, zip_of

INDEX, DATA = f"{NAME}.index", f"{NAME}.data-00000-of-00001"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "hf"))


def _as_pickle(folder: Path, data: Any, **options: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(data, folder / "pytorch_model.bin", **options)


def _with_weights(change: Callable[[dict[str, Any], Path], Any], **options: Any) -> Change:
    def apply(folder: Path, tmp_path: Path) -> None:
        _as_pickle(folder, change(load_file(folder / "model.safetensors"), tmp_path), **options)

    return apply


def _plain_pickle(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))


def _other_pickle(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "weights.pt").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))


def _cut_pickle(folder: Path, tmp_path: Path) -> None:
    _as_pickle(folder, load_file(folder / "model.safetensors"))
    cut("pytorch_model.bin", 0.7)(folder, tmp_path)


def _bomb_pickle(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("archive/data.pkl", bytes(50_000_000))


Tensor = torch.Tensor
TRANSFORMERS: dict[str, tuple[Change, str, str]] = {
    "a pickle with code": (_plain_pickle, "L211", "restricted reader refuses it"),
    "code beside the tensors": (
        _with_weights(lambda w, p: {**w, "x": Payload(p / "ran")}),
        "L211",
        "it asks for",
    ),
    "code in the old format": (
        _with_weights(lambda w, p: {**w, "x": Payload(p / "ran")}, _use_new_zipfile_serialization=False),
        "L211",
        "nothing of it was run",
    ),
    "a whole module": (_with_weights(lambda w, p: torch.nn.Linear(2, 2)), "L211", "nothing of it was run"),
    "a list": (_with_weights(lambda w, p: list(w.values())), "L211", "it holds a list"),
    "numbers beside the tensors": (_with_weights(lambda w, p: {**w, "epoch": 3}), "L211", "'epoch' is a int"),
    "a tensor larger than its data": (
        _with_weights(lambda w, p: {**w, "pooler.dense.weight": torch.ones(1).expand(32, 32)}),
        "L211",
        "not stored as a plain tensor",
    ),
    "a sparse tensor": (
        _with_weights(lambda w, p: {**w, "pooler.dense.weight": torch.eye(32).to_sparse()}),
        "L211",
        "not stored as a plain tensor",
    ),
    "a pickle under another name": (_other_pickle, "L213", "weights.pt"),
    "a cut pickle": (_cut_pickle, "L207", "pytorch_model.bin"),
    "a bomb for torch": (_bomb_pickle, "L207", "more than it has"),
    "integers in a pickle": (
        _with_weights(lambda w, p: {**w, "pooler.dense.bias": torch.ones(32, dtype=torch.int32)}),
        "L208",
        "torch.int32",
    ),
    "safetensors cut": (cut("model.safetensors", 0.9), "L207", "model.safetensors"),
    "safetensors of zeros": (write("model.safetensors", bytes(1000)), "L207", "model.safetensors"),
    "safetensors with a huge header": (write("model.safetensors", b"\xff" * 8 + b"{}"), "L207", "model.safetensors"),
    "two names for one tensor": (
        lambda folder, _: save_file(
            {
                **(w := load_file(folder / "model.safetensors")),
                "bert.pooler.dense.bias": w["pooler.dense.bias"].clone(),
            },
            folder / "model.safetensors",
        ),
        "L217",
        "Left over (1)",
    ),
}


@pytest.mark.parametrize("case", TRANSFORMERS)
def test_folders(case: str, folder: Path, tmp_path: Path) -> None:
    change, code, words = TRANSFORMERS[case]
    change(folder, tmp_path)
    refuse(folder, tmp_path, code, words)


def test_an_old_torch_reads_no_pickles(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_pickle(folder, load_file(folder / "model.safetensors"))
    monkeypatch.setattr(pickled.torch, "__version__", "2.5.1+cpu")
    refuse(folder, tmp_path, "L223", "2.5.1")


def _free(n_bytes: int) -> Callable[[Any], Any]:
    usage = namedtuple("usage", "total used free")
    return lambda path: usage(10**9, 10**9 - n_bytes, n_bytes)


def test_no_room_for_the_archive(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = zip_of(tmp_path / "LitBERT.zip", original)
    monkeypatch.setattr(archive.shutil, "disk_usage", _free(1000))
    refuse(source, tmp_path, "L220", "0 MB are free")


def test_no_room_for_the_target(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.shutil, "disk_usage", _free(1_000_000))
    refuse(original, tmp_path, "L220", "16 MB are needed, 1 MB are free")


def test_a_disk_that_fills_while_it_is_written(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *arguments: Any, **options: Any) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    refuse(original, tmp_path, "L222", "No space left on device")


def test_an_unreadable_folder(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(self: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    (original / "checkpoint").unlink()
    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(LitBertError, match=r"L222.*Permission denied"):
        convert(original, tmp_path / "target")
    assert not (tmp_path / "target").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", [INDEX, DATA, "config.json", "vocab.txt"])
def test_an_unreadable_file(name: str, original: Path, tmp_path: Path) -> None:
    (original / name).chmod(0)
    with pytest.raises(LitBertError, match="Permission denied"):
        convert(original, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_target_below_a_file(original: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LitBertError, match="L222"):
        convert(original, tmp_path / "file" / "target")


def test_an_interruption_leaves_nothing(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_litbert.checkpoints.write.write_tokenizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(original, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == [original.name]
