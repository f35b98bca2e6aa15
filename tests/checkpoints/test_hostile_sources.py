"""Wrong configs and vocabularies, damaged and hostile archives: each gets its coded error and leaves nothing."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import toy_tokens
from .conftest import NAME
from .hostile import Change, change_zip, cut, refuse, remove, write, zip_of

INDEX, DATA = f"{NAME}.index", f"{NAME}.data-00000-of-00001"


def _config(**changes: Any) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return change


def _vocabulary(tokens: list[str]) -> Change:
    return write("vocab.txt", "\n".join([*tokens, ""]).encode())


TOKENS = toy_tokens()
SETTINGS: dict[str, tuple[Change, str, str]] = {
    "no config": (remove("config.json"), "L213", "config.json"),
    "config cut": (cut("config.json", 0.6), "L207", "config.json"),
    "config is a list": (write("config.json", b"[]"), "L207", "no JSON object"),
    "config is deep": (write("config.json", b"[" * 100_000), "L207", "config.json"),
    "config is no text": (write("config.json", b"\xff\xff"), "L207", "config.json"),
    "config of RoBERTa": (_config(model_type="roberta"), "L205", "roberta"),
    "a width of text": (_config(hidden_size="32"), "L205", "hidden_size"),
    "a billion layers": (_config(num_hidden_layers=10**9), "L205", "num_hidden_layers"),
    "a huge width": (_config(hidden_size=2**40), "L205", "hidden_size"),
    "no positions": (_config(max_position_embeddings=0), "L205", "max_position_embeddings"),
    "heads that do not divide": (_config(num_attention_heads=5), "L205", "5 heads"),
    "dropout above one": (_config(hidden_dropout_prob=3), "L205", "hidden_dropout_prob"),
    "an epsilon of text": (_config(layer_norm_eps="small"), "L205", "layer_norm_eps"),
    "an unknown activation": (_config(hidden_act="__import__('os')"), "L221", "gelu_new"),
    "another shape": (_config(intermediate_size=128), "L217", "Wrong shapes (6)"),
    "another depth": (_config(num_hidden_layers=3), "L217", "Missing (16)"),
    "no vocabulary": (remove("vocab.txt"), "L213", "vocab.txt"),
    "vocabulary too short": (_vocabulary(TOKENS[:-1]), "L204", f"has {len(TOKENS) - 1} entries"),
    "vocabulary too long": (_vocabulary([*TOKENS, "more"]), "L204", f"has {len(TOKENS) + 1} entries"),
    "vocabulary with a duplicate": (_vocabulary([*TOKENS[:-1], TOKENS[-2]]), "L101", TOKENS[-2]),
    "vocabulary without special tokens": (_vocabulary(["[GONE]", *TOKENS[1:]]), "L102", "[PAD]"),
    "vocabulary of bytes": (write("vocab.txt", b"\xff\xfe\n"), "L207", "vocab.txt"),
    "vocabulary of SentencePiece": (write("tokenizer.json", b'{"model": {"type": "BPE"}}'), "L103", "WordPiece"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_wrong_settings(case: str, original: Path, tmp_path: Path) -> None:
    change, code, words = SETTINGS[case]
    change(original, tmp_path)
    refuse(original, tmp_path, code, words)


def _symlink(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _lzma(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.write(folder / "vocab.txt", "vocab.txt")
    return path


def _doubled(folder: Path, path: Path) -> Path:
    return zip_of(path, folder, ("VOCAB.txt", b"x"))


def _cut_zip(share: float) -> Callable[[Path, Path], Path]:
    def make(folder: Path, path: Path) -> Path:
        data = zip_of(path, folder).read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        return path

    return make


def _flipped_zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(zip_of(path, folder)) as opened:
        at = opened.getinfo(DATA).header_offset + 2000
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    return path


CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
ARCHIVES: dict[str, tuple[Callable[[Path, Path], Path], str, str]] = {
    "absolute": (lambda f, p: zip_of(p, f, ("/etc/vocab.txt", b"x")), "L212", "leads out"),
    "parent": (lambda f, p: zip_of(p, f, ("../vocab.txt", b"x")), "L212", "leads out"),
    "parent inside": (lambda f, p: zip_of(p, f, ("a/../../vocab.txt", b"x")), "L212", "leads out"),
    "backslashes": (lambda f, p: zip_of(p, f, ("..\\vocab.txt", b"x")), "L212", "leads out"),
    "a drive": (lambda f, p: zip_of(p, f, ("C:vocab.txt", b"x")), "L212", "leads out"),
    "a link": (lambda f, p: zip_of(p, f, (_symlink("more.json"), b"/etc/passwd")), "L212", "a link"),
    "encrypted": (
        lambda f, p: change_zip(change_zip(zip_of(p, f), CENTRAL, 8, b"\x01"), LOCAL, 6, b"\x01"),
        "L212",
        "encrypted",
    ),
    "another compression": (_lzma, "L212", "another way"),
    "two of one name": (_doubled, "L212", "one name"),
    "cut in half": (_cut_zip(0.5), "L212", "damaged"),
    "cut at the end": (_cut_zip(0.999), "L212", "damaged"),
    "a flipped byte": (_flipped_zip, "L212", "damaged"),
    "a bomb": (lambda f, p: zip_of(p, f, ("more.json", bytes(60_000_000))), "L212", "would unpack"),
    "a bomb that no one asks for": (lambda f, p: zip_of(p, f, ("x.bmp", bytes(60_000_000))), "L212", "would unpack"),
    "a lie about sizes": (
        lambda f, p: change_zip(zip_of(p, f), CENTRAL, 24, b"\x05\x00\x00\x00"),
        "L212",
        "damaged",
    ),
    "entries that overlap": (
        lambda f, p: change_zip(zip_of(p, f), CENTRAL, 20, b"\x00\xff\xff\x00"),
        "L212",
        "overlap",
    ),
    "not a zip": (lambda f, p: p.write_bytes(b"hello") and p, "L212", "damaged"),
    "a zip of a picture": (
        lambda f, p: zip_of(p, f.parent / "nothing", ("picture.png", b"x")),
        "L213",
        "TensorFlow checkpoint",
    ),
    "a zip in a zip": (
        lambda f, p: zip_of(p, f.parent / "nothing", ("LitBERT.zip", zip_of(p, f).read_bytes())),
        "L213",
        "TensorFlow checkpoint",
    ),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(case: str, original: Path, tmp_path: Path) -> None:
    make, code, words = ARCHIVES[case]
    (tmp_path / "nothing").mkdir()
    refuse(make(original, tmp_path / "LitBERT.zip"), tmp_path, code, words)
    assert not (tmp_path.parent / "vocab.txt").exists()
