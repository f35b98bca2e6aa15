"""A saved pipeline with a flipped bit is refused with a coded error, never read as another one."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly

from spacy_litbert.errors import LitBertError
from spacy_litbert.models.seal import is_sealed, seal

from ..conftest import LISTENER, TEXTS, build_ner, examples_for


@pytest.fixture(scope="module")
def saved(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    nlp = build_ner(checkpoint, steps=1)
    model = {"@architectures": "spacy-litbert.LitBertTextCat.v1", "exclusive_classes": False, "tok2vec": LISTENER}
    textcat = nlp.add_pipe("textcat_multilabel", config={"model": model})
    textcat.add_label("drug")
    textcat.initialize(lambda: examples_for(nlp), nlp=nlp)
    nlp.to_disk(folder)
    return folder


@pytest.mark.parametrize("file", ["transformer/model", "textcat_multilabel/model"])
def test_a_flipped_bit_is_found(saved: Path, tmp_path: Path, file: str) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    whole = (saved / file).read_bytes()
    choose = random.Random(0)
    places = [0, 1, len(whole) - 1, len(whole) - 5, len(whole) - 10, *choose.sample(range(len(whole)), 15)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << choose.randrange(8)
        (tmp_path / "copy" / file).write_bytes(damaged)
        with pytest.raises(LitBertError, match="L312"):
            spacy.load(tmp_path / "copy")


@pytest.mark.parametrize("size", [0, 1, 1000, -1])
def test_a_cut_file_is_found(saved: Path, tmp_path: Path, size: int) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    path = tmp_path / "copy" / "transformer" / "model"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(LitBertError, match="L312"):
        spacy.load(tmp_path / "copy")


def test_a_seal_is_an_entry_of_the_map() -> None:
    data = seal(srsly.msgpack_dumps({"a": 1}))
    assert is_sealed(data)
    assert set(srsly.msgpack_loads(data)) == {"a", "crc32c"}
    assert not is_sealed(srsly.msgpack_dumps({"a": 1}))


def test_bytes_without_a_seal_are_read_as_well(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    path = tmp_path / "copy" / "transformer" / "model"
    message = srsly.msgpack_loads(path.read_bytes())
    encoder = srsly.msgpack_loads(message["shims"][0][0])
    for part, added in ((message, ["crc32c"]), (encoder, ["crc32c", "fingerprint"])):
        for key in added:
            del part[key]
    message["shims"][0][0] = srsly.msgpack_dumps({**encoder, "format": "spacy-litbert.encoder.v1"})
    path.write_bytes(srsly.msgpack_dumps(message))
    one, two = (spacy.load(folder)(TEXTS[0])._.trf_data.tensors[0] for folder in (saved, tmp_path / "copy"))
    assert np.array_equal(one, two)
