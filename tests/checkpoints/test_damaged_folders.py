"""Damaged settings and tokenizer files, pipes and devices, shared memory, leftovers: a code each, by every road."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertTokenizerFast

from spacy_litbert import files
from spacy_litbert.checkpoints.card import licence_of
from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.errors import LitBertError

from .test_loading import refused


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A toy with tokenizer.json and vocab.txt."""
    folder = Path(shutil.copytree(checkpoint, tmp_path / "toy"))
    BertTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    for name in ("special_tokens_map.json",):
        (folder / name).unlink()
    return folder


def _json(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = json.loads((folder / name).read_text("utf8"))
        change(data)
        (folder / name).write_text(json.dumps(data), "utf8")

    return apply


def _config(**changes: Any) -> Callable[[Path], None]:
    return _json("config.json", lambda data: data.update(changes))


def _tokenizer(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return _json("tokenizer.json", change)


DAMAGED: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "padding beyond the vocabulary": (_config(pad_token_id=999), "L205", "pad_token_id"),
    "padding of text": (_config(pad_token_id="0"), "L205", "pad_token_id"),
    "a spread of text": (_config(initializer_range="x"), "L205", "initializer_range"),
    "an epsilon of nothing": (_config(layer_norm_eps=None), "L205", "layer_norm_eps"),
    "an activation in a list": (_config(hidden_act=["gelu"]), "L221", "gelu"),
    "a decoder by a number": (_config(is_decoder=0), "L205", "is_decoder"),
    "types of text": (_config(type_vocab_size="2"), "L205", "type_vocab_size"),
    "a number of 5,000 digits": (
        lambda folder: (folder / "config.json").write_text('{"hidden_size": ' + "9" * 5000 + "}") and None,
        "L207",
        "config.json",
    ),
    "no longest word": (
        _tokenizer(lambda data: data["model"].pop("max_input_chars_per_word")),
        "L230",
        "max_input_chars_per_word",
    ),
    "a list for a vocabulary": (
        _tokenizer(lambda d: d["model"].update(vocab=["a"])),
        "L103",
        "list",
    ),
    "ids of text": (_tokenizer(lambda d: d["model"]["vocab"].update(a="5")), "L103", "no integers"),
    "a part that is a number": (_tokenizer(lambda data: data.update(normalizer=5)), "L103", "normalizer"),
    "a normaliser without settings": (_tokenizer(lambda d: d["normalizer"].pop("lowercase")), "L230", "lowercase"),
    "added tokens of a number": (_tokenizer(lambda data: data.update(added_tokens=7)), "L230", "added_tokens"),
    "added tokens without content": (_tokenizer(lambda data: data.update(added_tokens=[{}])), "L230", "added_tokens"),
    "an added token of another id": (_tokenizer(lambda d: d["added_tokens"][0].update(id=7)), "L230", "[PAD]"),
    "another unknown token": (_tokenizer(lambda data: data["model"].update(unk_token="?")), "L103", "unk_token"),
    "half a character": (
        _tokenizer(lambda d: d["model"]["vocab"].update({"\ud800": len(d["model"]["vocab"])})),
        "L232",
        "ud800",
    ),
    "a case of text": (_json("tokenizer_config.json", lambda d: d.update(do_lower_case="no")), "L230", "do_lower_case"),
    "two cases": (_json("tokenizer_config.json", lambda d: d.update(do_lower_case=True)), "L231", "lowercase"),
    "two vocabularies": (
        lambda folder: (folder / "vocab.txt").write_text("\n".join([*_lines(folder)[:-1], "Mithium"])) and None,
        "L231",
        "Mithium",
    ),
}


def _lines(folder: Path) -> list[str]:
    return (folder / "vocab.txt").read_text("utf8").rstrip("\n").split("\n")


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_settings(case: str, folder: Path, tmp_path: Path) -> None:
    change, code, words = DAMAGED[case]
    change(folder)
    refused(folder, tmp_path, code, words)


@pytest.mark.parametrize(
    "settings", [{"id2label": 5}, {"torch_dtype": "nonsense"}, {"num_labels": "x"}, {"pruned_heads": 3}]
)
def test_settings_of_others_do_no_harm(settings: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    expected = load_checkpoint(folder).config
    _config(**settings)(folder)
    assert load_checkpoint(folder).config == expected
    convert(folder, tmp_path / "target")
    assert load_checkpoint(tmp_path / "target").config == expected
    assert describe(folder).problems == []


FILES = ["config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json"]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(path))


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 37)


SPECIAL: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "pipe": (_pipe, "L225", "a pipe"),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "L225", "a device"),
    "folder": (lambda path: path.mkdir(), "L225", "a folder"),
    "socket": (_socket, "L225", "a socket"),
    "broken link": (lambda path: path.symlink_to("nowhere"), "L224", "no file"),
    "huge": (_huge, "L226", "137,438,953,472"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("case", SPECIAL)
def test_only_regular_files_are_read(
    case: str, name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, code, words = SPECIAL[case]
    monkeypatch.chdir(folder)
    (folder / name).unlink()
    make(folder / name)
    started = time.monotonic()
    refused(folder, tmp_path, code, name, words)
    assert time.monotonic() - started < 5


def test_a_card_that_is_a_pipe_is_no_card(folder: Path) -> None:
    os.mkfifo(folder / "README.md")
    assert describe(folder).card is None
    assert licence_of(folder) is None
    assert load_checkpoint(folder).limit == 64


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        (" mit", "mit"),
        (' "CC BY 4.0"  # of the texts', "CC BY 4.0"),
        ("\n- mit\n- apache-2.0", "mit, apache-2.0"),
        (" [mit,\n  apache-2.0]", "mit, apache-2.0"),
        ("", None),
        (" []", None),
        (" 4.0", None),
        (" {name: mit}", None),
        ("\n- [mit]", None),
        (' "\\ud800"', None),
        ('\n- "\\ud800"', None),
        (' "MIT \\ud83d\\ude00"', "MIT \U0001f600"),
        (f" {'long ' * 1000}", None),
        ("\n- &a [x,x,x,x,x,x,x,x,x]" + "".join(f"\n- &{b} [{f'*{a},' * 9}]" for a, b in pairwise("abcdefg")), None),
    ],
)
def test_a_licence_is_a_name_or_some(licence: str, expected: str | None, folder: Path) -> None:
    (folder / "README.md").write_text(f"---\nlanguage: en\nlicense:{licence}\ntags: [bert]\n---\n\n# Toy\n", "utf8")
    assert licence_of(folder) == expected


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_inspect_sees_values_that_are_no_numbers(value: str, folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][3] = float(value)
    save_file(weights, folder / "model.safetensors")
    refused(folder, tmp_path, "L209", "1 values")


def test_values_that_float32_can_not_hold_are_no_numbers(folder: Path, tmp_path: Path) -> None:
    weights = {name: value.double() for name, value in load_file(folder / "model.safetensors").items()}
    weights["encoder.layer.0.output.dense.bias"][3] = 1e300
    save_file(weights, folder / "model.safetensors")
    refused(folder, tmp_path, "L209", "1 values")


def test_weights_of_any_float_are_read(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"] = torch.ones(32).to(torch.float8_e4m3fn)
    save_file(weights, folder / "model.safetensors")
    assert load_checkpoint(folder).bert.encoder.layer[0].output.dense.bias.tolist() == [1] * 32


def test_inspect_sees_them_in_tensorflows_files(original: Path, resave: Any, variables: Any, tmp_path: Path) -> None:
    resave({**variables, "bert/pooler/dense/bias": variables["bert/pooler/dense/bias"] * float("nan")})
    refused(original, tmp_path, "L209", "32 values")


def test_tensors_that_share_memory_are_stored_apart(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    attention = "encoder.layer.0.attention.self"
    weights[f"{attention}.key.weight"] = weights[f"{attention}.query.weight"]
    whole = torch.randn(64)
    weights["encoder.layer.0.output.dense.bias"], weights["encoder.layer.1.output.dense.bias"] = (
        whole[:32],
        whole[16:48],
    )
    torch.save(weights, folder / "pytorch_model.bin")
    convert(folder, tmp_path / "target")
    before, after = load_checkpoint(folder).bert.state_dict(), load_checkpoint(tmp_path / "target").bert.state_dict()
    assert all(torch.equal(before[key], value) for key, value in after.items())


def test_what_is_written_can_be_loaded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong while a folder is written, there is none that can't be loaded."""

    def forgetful(vocabulary: Any, folder: Path, *, model_max_length: int) -> None:
        (folder / "vocab.txt").write_text("[PAD]\n")

    monkeypatch.setattr("spacy_litbert.checkpoints.write.write_tokenizer", forgetful)
    with pytest.raises(LitBertError, match="L102"):
        convert(folder, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_what_killed_processes_left_behind_is_removed(folder: Path, tmp_path: Path) -> None:
    dead = [".target.abcdefgh.partial", ".unpacked.abcdefgh.partial"]
    for name in [*dead, ".target.livingxx.partial", ".other.abcdefgh.partial"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(bytes(1000))
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "config.json").touch()
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    living = os.open(tmp_path / ".target.livingxx.partial", os.O_RDONLY)
    try:
        fcntl.flock(living, fcntl.LOCK_EX)
        convert(tmp_path / "toy.zip", tmp_path / "target", overwrite=True)
    finally:
        os.close(living)
    hidden = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert hidden == {".target.livingxx.partial", ".other.abcdefgh.partial"}


def test_what_was_moved_aside_is_put_back(folder: Path, tmp_path: Path) -> None:
    left = tmp_path / ".target.abcdefgh.partial"
    left.mkdir()
    folder.rename(left / "before")
    with files.workspace(tmp_path / "target"):
        assert load_checkpoint(tmp_path / "target").limit == 64
    assert not left.exists()


MANY = """
import resource, sys
from pathlib import Path
from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.errors import LitBertError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    convert(sys.argv[1], Path(sys.argv[1] + ".target"))
except LitBertError as error:
    print(str(error)[1:5], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_zip_of_many_entries_is_refused_before_they_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for i in range(200_000):
            archive.writestr(f"{i}", b"")
    command = [sys.executable, "-c", MANY, str(tmp_path / "many.zip")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    code, megabytes = run.stdout.split()
    assert code == "L212"
    assert int(megabytes) < 30
