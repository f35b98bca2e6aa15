"""What TensorFlow wrote is read as TensorFlow reads it, number for number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from spacy_litbert.checkpoints.tensor_bundle import TensorBundle
from spacy_litbert.errors import LitBertError

from .conftest import NAME
from .original import STEP, Arrays, adam_slots, save, save_quickly


def _agrees(prefix: Path) -> TensorBundle:
    reader, bundle = tf.train.load_checkpoint(str(prefix)), TensorBundle(prefix)
    shapes = reader.get_variable_to_shape_map()
    assert {name: list(entry.shape) for name, entry in bundle.entries.items()} == shapes
    for name, entry in bundle.entries.items():
        if entry.dtype == "float32":
            np.testing.assert_array_equal(bundle.read(name), reader.get_tensor(name))
    return bundle


def test_the_savers_checkpoint(original: Path, variables: Arrays) -> None:
    bundle = _agrees(original / NAME)
    assert bundle.entries.keys() == {*variables, *adam_slots(variables), "global_step"}
    assert bundle.read_counter("global_step") == STEP
    assert bundle.read_counter("bert/pooler/dense/bias") is None
    assert [path.name for path in bundle.files] == [f"{NAME}.index", f"{NAME}.data-00000-of-00001"]


def test_several_shards(tmp_path: Path, variables: Arrays) -> None:
    prefix = save(tmp_path, "model.ckpt-7", {**variables, **adam_slots(variables)}, n_shards=3, step=7)
    bundle = _agrees(prefix)
    assert len(bundle.files) >= 4
    assert len({entry.shard for entry in bundle.entries.values()}) >= 3
    assert bundle.read_counter("global_step") == 7


def test_an_index_of_many_blocks(tmp_path: Path) -> None:
    names = [f"bert/encoder/layer_{i}/{'deep/' * (i % 40)}weights" for i in range(6000)]
    save_quickly(tmp_path / "many", {name: np.float32([i]) for i, name in enumerate(names)})
    assert (tmp_path / "many.index").stat().st_size > 300_000
    _agrees(tmp_path / "many")


def test_shapes_of_all_ranks_and_no_elements(tmp_path: Path) -> None:
    shapes: list[tuple[int, ...]] = [(), (1,), (0, 3), (2, 3, 4), (300, 200)]
    save_quickly(tmp_path / "x", {f"v{i}": np.ones(shape, "f4") for i, shape in enumerate(shapes)})
    bundle = _agrees(tmp_path / "x")
    assert [entry.shape for entry in bundle.entries.values()] == shapes


def test_a_flipped_byte_of_a_tensor_is_found_where_it_is(original: Path) -> None:
    prefix = original / NAME
    entry = TensorBundle(prefix).entries["bert/pooler/dense/kernel"]
    path = prefix.with_name(f"{NAME}.data-00000-of-00001")
    data = bytearray(path.read_bytes())
    data[entry.offset + 5] ^= 1
    path.write_bytes(data)
    bundle = TensorBundle(prefix)
    bundle.read("bert/pooler/dense/bias")
    with pytest.raises(LitBertError, match=r"L215.*checksum of bert/pooler/dense/kernel"):
        bundle.read("bert/pooler/dense/kernel")
