"""Damaged and hostile checkpoints of TensorFlow: each gets its coded error and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.layout import bert_rows
from spacy_litbert.checkpoints.protobuf import read_varint
from spacy_litbert.checkpoints.tensor_bundle import TensorBundle
from spacy_litbert.errors import LitBertError

from .conftest import NAME
from .hostile import Change, cut, entry, header, message, number, refuse, remove, table, write
from .original import Arrays

Resave = Callable[[Arrays], None]
INDEX, DATA = f"{NAME}.index", f"{NAME}.data-00000-of-00001"
POOLER = "bert/pooler/dense/bias"


@pytest.mark.parametrize("name", [row.original for row in bert_rows(2) if "layer_0" not in row.original])
def test_a_missing_tensor(name: str, original: Path, variables: Arrays, resave: Resave, tmp_path: Path) -> None:
    resave({key: value for key, value in variables.items() if key != name})
    refuse(original, tmp_path, "L217", f"Missing (1): {name}.")


TENSORS: dict[str, tuple[Callable[[Arrays], Arrays], str, str]] = {
    "left over": (lambda v: {**v, "output_weights": np.ones((3, 32), "f4")}, "L217", "Left over (1): output_weights"),
    "a layer more": (
        lambda v: {**v, **{k.replace("layer_1", "layer_2"): x for k, x in v.items() if "layer_1" in k}},
        "L217",
        "Left over (16)",
    ),
    "wrong shape": (lambda v: {**v, POOLER: np.ones(31, "f4")}, "L217", f"{POOLER} is (31,), not (32,)"),
    "transposed": (
        lambda v: {k: x.T if k.endswith("intermediate/dense/kernel") else x for k, x in v.items()},
        "L217",
        "Wrong shapes (2)",
    ),
    "float64": (lambda v: {**v, POOLER: v[POOLER].astype("f8")}, "L208", "float64"),
    "float16": (lambda v: {**v, POOLER: v[POOLER].astype("f2")}, "L208", "float16"),
    "integers": (lambda v: {**v, POOLER: np.ones(32, "i4")}, "L208", "int32"),
    "strings": (lambda v: {**v, POOLER: np.array([b"x"] * 32)}, "L208", "string"),
    "not a number": (lambda v: {**v, POOLER: v[POOLER] * np.float32("nan")}, "L209", "32 values"),
    "infinite": (lambda v: {**v, POOLER: v[POOLER] + np.float32("inf")}, "L209", "32 values"),
    "nothing but slots": (lambda v: {f"{k}/adam_m": x for k, x in v.items()}, "L217", "Missing (37)"),
    "saved as objects": (
        lambda v: {"_CHECKPOINTABLE_OBJECT_GRAPH": np.array(b"x"), "model/w/.ATTRIBUTES/VARIABLE_VALUE": v[POOLER]},
        "L216",
        "TensorFlow 2",
    ),
}


@pytest.mark.parametrize("case", TENSORS)
def test_wrong_tensors(case: str, original: Path, variables: Arrays, resave: Resave, tmp_path: Path) -> None:
    change, code, words = TENSORS[case]
    resave(change(variables))
    refuse(original, tmp_path, code, words)


def test_values_too_large_for_half_precision(original: Path, variables: Arrays, resave: Resave, tmp_path: Path) -> None:
    resave({**variables, POOLER: variables[POOLER] + np.float32(1e6)})
    refuse(original, tmp_path, "L219", "bert.pooler.dense.bias", storage="float16")


def _flip(name: str, at: Callable[[Path, int], int]) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[at(folder, len(data))] ^= 0x10
        (folder / name).write_bytes(data)

    return change


def _handle(folder: Path, size: int) -> int:
    """Where the footer says where the index block lies: behind two numbers for the metaindex."""
    footer = (folder / INDEX).read_bytes()[-48:]
    return size - 48 + read_varint(footer, read_varint(footer, 0)[1])[1]


def _offset(name: str, further: int) -> Callable[[Path, int], int]:
    return lambda folder, size: TensorBundle(folder / NAME).entries[name].offset + further


def _folder_instead(folder: Path, tmp_path: Path) -> None:
    (folder / DATA).unlink()
    (folder / DATA).mkdir()


def _table(*entries: tuple[bytes, bytes], **options: Any) -> Change:
    def change(folder: Path, tmp_path: Path) -> None:
        (folder / INDEX).write_bytes(table(list(entries), **options))

    return change


FILES: dict[str, tuple[Change, str, str]] = {
    "no data": (remove(DATA), "L215", "there is no"),
    "no index": (remove(INDEX), "L215", "No such file"),
    "no checkpoint at all": (remove(INDEX, DATA, "checkpoint", f"{NAME}.meta"), "L213", "TensorFlow checkpoint"),
    "empty index": (write(INDEX, b""), "L215", "its end is missing"),
    "empty data": (write(DATA, b""), "L215", "beyond the end"),
    "index of zeros": (write(INDEX, bytes(5000)), "L215", "not that of a table"),
    "index cut in half": (cut(INDEX, 0.5), "L215", "its end is missing"),
    "index without its first byte": (
        lambda folder, _: write(INDEX, (folder / INDEX).read_bytes()[1:])(folder, folder),
        "L215",
        "a block lies beyond its end",
    ),
    "data cut in half": (cut(DATA, 0.5), "L215", "beyond the end"),
    "data cut at the last byte": (cut(DATA, 0.99999), "L215", "beyond the end"),
    "a flipped bit in the index's keys": (_flip(INDEX, lambda folder, n: 60), "L215", "checksum"),
    "a flipped bit in the index's entries": (_flip(INDEX, lambda folder, n: n // 2), "L215", "checksum"),
    "a flipped bit in the index's footer": (_flip(INDEX, _handle), "L215", "block"),
    "a flipped bit in the index's end": (_flip(INDEX, lambda folder, n: n - 1), "L215", "not that of a table"),
    "a flipped bit in a matrix": (_flip(DATA, _offset("bert/pooler/dense/kernel", 7)), "L215", "bert/pooler"),
    "a flipped bit in the last tensor": (
        _flip(DATA, _offset("cls/seq_relationship/output_weights", 255)),
        "L215",
        "cls/",
    ),
    "a flipped bit in the step": (_flip(DATA, _offset("global_step", 0)), "L215", "global_step"),
    "a shard too few": (
        lambda folder, _: (folder / DATA).rename(folder / f"{NAME}.data-00000-of-00002") and None,
        "L215",
        "there is no",
    ),
    "a data file that is a folder": (
        _folder_instead,
        "L215",
        "there is no",
    ),
    "a file checkpoint that leads out": (
        write("checkpoint", b'model_checkpoint_path: "../../../etc/passwd"\n'),
        "L215",
        "passwd",
    ),
    "a file checkpoint of nothing": (
        write("checkpoint", b"model_checkpoint_path: 7\n"),
        "L207",
        "names no checkpoint",
    ),
    "a file checkpoint of no text": (write("checkpoint", b"\xff\xfe\x00"), "L207", "checkpoint"),
    "compressed index": (_table((b"", header()), (b"a", entry()), compression=1), "L215", "compressed"),
    "index without header": (_table((b"a", entry())), "L215", "no header"),
    "keys out of order": (_table((b"", header()), (b"b", entry()), (b"a", entry())), "L215", "out of order"),
    "one block a thousand times": (
        _table((b"a", entry()), (b"b", entry()), repeat=1000),
        "L215",
        "out of order",
    ),
    "a key without end": (_table((b"", header()), (b"a" * 5000, entry())), "L215", "does not fit"),
    "a name that is no text": (_table((b"", header()), (b"\xff\xfe", entry())), "L215", INDEX),
    "big-endian": (_table((b"", header(endianness=1)), (b"a", entry())), "L216", "big-endian"),
    "a billion shards": (_table((b"", header(n_shards=10**9)), (b"a", entry())), "L215", "data files"),
    "no shards": (_table((b"", header(n_shards=0)), (b"a", entry())), "L215", "data files"),
    "a shard that is not there": (_table((b"", header()), (b"a", entry(shard=7))), "L215", "beyond"),
    "beyond the data": (_table((b"", header()), (b"a", entry(offset=2**60))), "L215", "beyond"),
    "negative offset": (_table((b"", header()), (b"a", entry(offset=2**64 - 8))), "L215", "beyond"),
    "slices": (_table((b"", header()), (b"a", entry(extra=message(7, b"")))), "L216", "slices"),
    "a size that is not the shape's": (
        _table((b"", header()), *sorted((row.original.encode(), entry()) for row in bert_rows(2))),
        "L217",
        "Wrong shapes",
    ),
    "a message cut off": (_table((b"", header()), (b"a", b"\x12\xff\x01")), "L215", "cut off"),
    "an endless number": (_table((b"", header()), (b"a", b"\x80" * 40)), "L215", "cut off"),
    "an unknown data type": (
        _table((b"", header()), (b"a", entry(dtype=99) + number(3, 0))),
        "L217",
        "Left over (1): a",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_damaged_files(case: str, original: Path, tmp_path: Path) -> None:
    change, code, words = FILES[case]
    change(original, tmp_path)
    refuse(original, tmp_path, code, words)


@pytest.mark.parametrize("shape", [(2**63 - 1,) * 300, (2**63 - 1,) * 8, (1,) * 60_000, (33,)], ids=len)
def test_inspect_refuses_a_shape_that_is_not_its_bytes(shape: tuple[int, ...], original: Path) -> None:
    (original / INDEX).write_bytes(table([(b"", header()), (POOLER.encode(), entry(shape))]))
    with pytest.raises(LitBertError, match=rf"L215.*{POOLER} has .*(dimensions|bytes)"):
        describe(original)
