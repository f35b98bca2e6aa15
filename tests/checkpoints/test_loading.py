"""One way into every checkpoint: the roads agree, names have one order, the weights are the model's and no others."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForPreTraining
from typer.testing import CliRunner

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.folder import load_checkpoint, load_pretraining
from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.cli import app
from spacy_litbert.errors import LitBertError
from spacy_litbert.workflow.protocol import describe_weights

from ..conftest import toy_tokens, write_checkpoint
from .bioformer import write_bioformer
from .conftest import NAME
from .hostile import zip_of
from .original import TOY


def refused(folder: Path | str, tmp_path: Path, code: str, *words: str) -> None:
    """By all three: loading, converting, and describing, which may list it instead."""
    for load in (load_checkpoint, lambda name: convert(name, tmp_path / "target"), _described):
        with pytest.raises(LitBertError) as error:
            load(folder)
        assert f"[{code}]" in str(error.value)
        assert all(word in str(error.value) for word in words), str(error.value)
    assert not (tmp_path / "target").exists()


def _described(name: Path | str) -> None:
    if problems := describe(name).problems:
        raise LitBertError(" ".join(problems))


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "toy"))


def _uncased(folder: Path) -> None:
    (folder / "tokenizer_config.json").unlink()
    tokens = [token if token.startswith("[") else token.lower() for token in toy_tokens()]
    fresh = [token if token not in tokens[:i] else f"[unused{i}]" for i, token in enumerate(tokens)]
    (folder / "vocab.txt").write_text("\n".join(fresh) + "\n", encoding="utf8")


def test_an_uncased_folder_is_uncased_for_everybody(folder: Path, tmp_path: Path) -> None:
    _uncased(folder)
    convert(folder, tmp_path / "target")
    assert load_checkpoint(folder).vocabulary.lowercase
    assert load_checkpoint(tmp_path / "target").vocabulary.lowercase
    assert not describe(folder).vocabulary["cased"]
    shown = CliRunner().invoke(app, ["tokens", str(folder), "--show", "LITHIUM"]).output
    assert "[UNK]" not in shown


def test_every_source_loads(original: Path, tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "original.zip", original)
    convert(original, tmp_path / "converted")
    expected = load_checkpoint(tmp_path / "converted")
    for source in (original, original / NAME, archive):
        found = load_checkpoint(source)
        assert found.config == expected.config
        assert found.config["hidden_act"] == "gelu_pytorch_tanh"
        weights = expected.bert.state_dict()
        assert all(torch.equal(value, weights[key]) for key, value in found.bert.state_dict().items())


def test_a_folder_with_heads_loads_with_them_and_without(tmp_path: Path) -> None:
    folder = write_bioformer(tmp_path / "hf")
    theirs = BertForPreTraining(BertConfig.from_pretrained(folder))
    theirs.load_state_dict(torch.load(folder / "pytorch_model.bin"))
    ours, vocabulary = load_pretraining(folder, dropout=0.0)
    assert len(vocabulary) == len(toy_tokens())
    assert ours.config.hidden_dropout_prob == 0
    assert ours.cls.predictions.decoder.weight is ours.bert.embeddings.word_embeddings.weight
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in ours.state_dict().items())
    ids = torch.arange(20)[None]
    assert torch.equal(ours(ids).prediction_logits, theirs.eval()(ids).prediction_logits)
    assert not [key for key in load_checkpoint(folder).bert.state_dict() if key.startswith("cls.")]
    with pytest.raises(LitBertError, match=r"L217.*no masked-LM head"):
        load_pretraining(write_checkpoint(tmp_path / "bare"))


def _another(folder: Path, name: str, change: Callable[[Any], Any] = lambda value: value + 1) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file({key: change(value) for key, value in weights.items()}, folder / name)


@pytest.mark.parametrize(
    "name", ["model_old.safetensors", "model.bak.safetensors", "backup.safetensors", "model-00001-of-00002.safetensors"]
)
def test_weights_beside_the_weights_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    _another(folder, name)
    refused(folder, tmp_path, "L227", name, "model.safetensors")


def test_shards_without_an_index_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    refused(folder, tmp_path, "L213", "model.safetensors.index.json")


@pytest.fixture
def shards(original: Path, tmp_path: Path) -> Path:
    """A folder of two files and their index."""
    convert(original, tmp_path / "shards")
    folder = tmp_path / "shards"
    (folder / "README.md").unlink()
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    parts = {
        "model-00001-of-00002.safetensors": list(weights)[::2],
        "model-00002-of-00002.safetensors": list(weights)[1::2],
    }
    for name, keys in parts.items():
        save_file({key: weights[key] for key in keys}, folder / name)
    places = {key: name for name, keys in parts.items() for key in keys}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder


def test_shards_are_those_of_the_index(shards: Path, tmp_path: Path) -> None:
    assert describe(shards).problems == []
    index = json.loads((shards / "model.safetensors.index.json").read_text())
    key, place = next(iter(index["weight_map"].items()))
    other = next(name for name in index["weight_map"].values() if name != place)
    wrong = {**index["weight_map"], key: other}
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": wrong}))
    refused(shards, tmp_path, "L207", key, "index.json")


def test_a_tensor_in_two_shards_is_refused(shards: Path, tmp_path: Path) -> None:
    first, second = sorted(shards.glob("*.safetensors"))
    weights = load_file(second)
    key, value = next(iter(load_file(first).items()))
    save_file({**weights, key: value + 1}, second)
    refused(shards, tmp_path, "L228", key, first.name, second.name)


@pytest.mark.parametrize("places", [None, {}, [1], {"a": 1}, {"a": "../model.safetensors"}, {"a": "/etc/passwd"}])
def test_an_index_that_is_none(places: Any, shards: Path, tmp_path: Path) -> None:
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    refused(shards, tmp_path, "L207", "weight_map")


def test_weights_saved_over_others_do_not_pass_for_them(original: Path, tmp_path: Path) -> None:
    convert(original, tmp_path / "converted")
    path = tmp_path / "converted" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    refused(tmp_path / "converted", tmp_path, "L233", "model.safetensors")
    (tmp_path / "converted" / "README.md").unlink()
    assert load_checkpoint(tmp_path / "converted").limit == TOY["max_position_embeddings"]


def test_the_checksum_of_weights_is_that_of_their_files(tmp_path: Path) -> None:
    folder = write_bioformer(tmp_path / "hf")
    found = describe_weights(str(folder))["weights_sha256"]
    assert found == hashlib.sha256((folder / "pytorch_model.bin").read_bytes()).hexdigest()
    path = resolve("litbert-oa-small") / "model.safetensors"
    assert describe_weights("litbert-oa-small")["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_comes_before_a_bundled_name_and_that_before_the_hub(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("litbert-oa-small").parent.name == "bundled"
    shutil.copytree(checkpoint, "litbert-oa-small")
    shutil.copytree(checkpoint, "owner/name")
    for name, limit in (("litbert-oa-small", 64), ("owner/name", 64)):
        assert resolve(name) == Path(name)
        assert load_checkpoint(name).limit == limit
        assert describe(name).limit is None


MISSING = """
import sys
from spacy_litbert.checkpoints.config import check_config
check_config({"vocab_size": 9}, "toy")
"""


def test_the_first_missing_setting_is_always_the_same() -> None:
    messages = set()
    for seed in "012":
        command = [sys.executable, "-c", MISSING]
        run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed})
        messages.add(run.stderr.strip().split("\n")[-1])
    assert len(messages) == 1
    assert "hidden_size" in messages.pop()
