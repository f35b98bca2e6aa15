"""Weights to go on from: of the same vocabulary, of another one, with and without heads; and what is said of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForPreTraining, BertModel

from spacy_litbert.checkpoints.config import written_config
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.checkpoints.write import write_folder
from spacy_litbert.errors import LitBertError
from spacy_litbert.files import file_checksum
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.run import pretrain
from spacy_litbert.pretraining.start import read_start
from spacy_litbert.pretraining.transfer import old_pieces
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

from .conftest import stop_after

MakeSettings = Callable[..., Settings]
WORDS = "bert.embeddings.word_embeddings.weight"
CARD = "---\nlanguage: en\nlicense: apache-2.0\ntags:\n- bert\n---\n\n\n# tiny-uncased\nIt is small.\n"


@pytest.fixture(scope="module")
def uncased() -> Vocabulary:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,-()%"
    words = ["the", "of", "and", "in", "mice", "cells", "with", "was", "patients"]
    return Vocabulary((*SPECIAL_TOKENS, *letters, *(f"##{x}" for x in letters), *words), lowercase=True)


def _save(folder: Path, vocabulary: Vocabulary, *, heads: bool, pooler: bool = True, **config: Any) -> Path:
    """Weights as transformers saves them, with a card and a notice."""
    torch.manual_seed(7)
    values = {"vocab_size": len(vocabulary), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    values |= {"intermediate_size": 128, "max_position_embeddings": 512, "layer_norm_eps": 1e-6}
    full = written_config({**values, **config}, "BertForPreTraining" if heads else "BertModel")
    made = BertConfig.from_dict(full)
    model = BertForPreTraining(made) if heads else BertModel(made, add_pooling_layer=pooler)
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.05)
    weights = {name: value.detach().clone() for name, value in model.named_parameters()}
    folder.mkdir(parents=True)
    write_folder(folder, weights, full, vocabulary, storage="float32", shard_megabytes=None, source="test")
    (folder / "README.md").write_text(CARD, "utf8")
    (folder / "NOTICE").write_text("Tiny, by somebody.\n", "utf8")
    return folder


def test_another_vocabulary_is_carried_over(tmp_path: Path, uncased: Vocabulary, vocabulary: Vocabulary) -> None:
    folder = _save(tmp_path / "model", uncased, heads=True)
    start = read_start(str(folder), vocabulary)
    before = load_file(folder / "model.safetensors")
    state = start.bert.state_dict()
    for i, token in enumerate(vocabulary.tokens):
        if pieces := old_pieces(token, uncased):
            torch.testing.assert_close(state[WORDS][i], before[WORDS][pieces].mean(0))
            torch.testing.assert_close(state["cls.predictions.bias"][i], before["cls.predictions.bias"][pieces].mean())
    for name in before.keys() - {WORDS, "cls.predictions.bias"}:
        assert torch.equal(state[name], before[name]), name
    assert start.bert.cls.predictions.decoder.weight is start.bert.bert.embeddings.word_embeddings.weight
    counts = start.description["transfer"]
    assert counts["same"] + counts["composed"] + counts["lacking"] == len(vocabulary)
    assert counts["lacking"] > 10  # Greek letters, say
    assert (start.config["vocab_size"], start.config["layer_norm_eps"]) == (len(vocabulary), 1e-6)


def test_the_same_vocabulary_is_left_alone(tmp_path: Path, vocabulary: Vocabulary) -> None:
    folder = _save(tmp_path / "model", vocabulary, heads=True)
    start = read_start(str(folder), vocabulary)
    expected = BertForPreTraining.from_pretrained(folder).state_dict()
    assert start.description["transfer"] is None
    assert start.description["made"] == []
    found = start.bert.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_heads_that_are_lacking_are_made(tmp_path: Path, vocabulary: Vocabulary) -> None:
    folder = _save(tmp_path / "model", vocabulary, heads=False, pooler=False)
    one, same, other = (read_start(str(folder), vocabulary, seed=seed) for seed in (3, 3, 4))
    assert one.description["made"] == ["pooler", "masked-LM head", "next-sentence head"]
    transform = one.bert.cls.predictions.transform
    assert torch.equal(transform.dense.weight, torch.eye(64))
    assert not transform.dense.bias.any()
    assert torch.equal(transform.LayerNorm.weight, torch.ones(64))
    assert not one.bert.cls.predictions.bias.any()
    assert one.bert.cls.predictions.decoder.weight is one.bert.bert.embeddings.word_embeddings.weight
    for name in ("bert.pooler.dense.weight", "cls.seq_relationship.weight"):
        assert torch.equal(one.bert.state_dict()[name], same.bert.state_dict()[name])
        assert not torch.equal(one.bert.state_dict()[name], other.bert.state_dict()[name])


def test_what_is_said_of_the_source(tmp_path: Path, uncased: Vocabulary, vocabulary: Vocabulary) -> None:
    folder = _save(tmp_path / "model", uncased, heads=False)
    said = read_start(str(folder), vocabulary).description
    assert (said["name"], said["license"], said["before"]) == ("tiny-uncased", "apache-2.0", [])
    assert said["files"] == {"model.safetensors": file_checksum(folder / "model.safetensors")}
    (folder / "README.md").write_text("---\nlicense: [mit\n---\nno title", "utf8")
    said = read_start(str(folder), vocabulary).description
    assert (said["name"], said["license"]) == ("model", None)
    for name in ("README.md", "NOTICE"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    said = read_start(str(folder), vocabulary).description
    assert (said["name"], said["license"], said["notice"]) == ("model", None, None)
    assert read_start("litbert-oa-small", vocabulary).description["name"] == "litbert-oa-small"


def test_refuses_what_does_not_fit(tmp_path: Path, uncased: Vocabulary, make_settings: MakeSettings) -> None:
    folder = _save(tmp_path / "model", uncased, heads=True)
    with pytest.raises(LitBertError, match=r"L507.*num_attention_heads is 4, not 2"):
        pretrain(make_settings(model__start=str(folder)), progress=False)
    with pytest.raises(LitBertError, match=r"L201|L229"):
        pretrain(make_settings(model__start="nowhere"), progress=False)
    one = _save(tmp_path / "one", uncased, heads=True, type_vocab_size=1)
    with pytest.raises(LitBertError, match=r"L515.*1 kinds"):
        pretrain(make_settings(model__start=str(one), model__num_attention_heads=None), progress=False)
    weights = load_file(folder / "model.safetensors")
    del weights["bert.encoder.layer.1.output.dense.bias"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(LitBertError, match=r"L217.*layer.1.output.dense.bias"):
        pretrain(make_settings(model__start=str(folder)), progress=False)


def test_resumes_exactly_without_the_start(
    tmp_path: Path,
    uncased: Vocabulary,
    make_settings: MakeSettings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = _save(tmp_path / "model", uncased, heads=False)
    shape = {f"model__{name}": None for name in ("num_hidden_layers", "hidden_size", "num_attention_heads")}
    shape |= {"model__intermediate_size": None, "model__max_position_embeddings": None}
    options = {"model__start": str(folder), "export__storage": "float32", **shape}
    whole, cut = make_settings("whole", **options), make_settings("cut", **options)
    assert pretrain(whole)
    assert "tiny-uncased (licence: apache-2.0)" in capsys.readouterr().out
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        assert not pretrain(cut, progress=False)
    shutil.rmtree(folder)
    assert pretrain(cut, resume=True, progress=False)
    exported = Path(cut.export.folder)
    assert file_checksum(exported / "model.safetensors") == file_checksum(
        Path(whole.export.folder, "model.safetensors")
    )
    assert load_checkpoint(exported).config["layer_norm_eps"] == 1e-6
    for name in ("README.md", "NOTICE"):
        text = (exported / name).read_text("utf8")
        for words in ("tiny-uncased", "apache-2.0", "Fast Vocabulary Transfer", "masked-LM head"):
            assert words in text, (name, words)
        assert "random weights" not in text
        assert str(tmp_path) not in text + (exported / "run.json").read_text("utf8")
    assert "Tiny, by somebody." in (exported / "NOTICE").read_text("utf8")
    assert json.loads((exported / "run.json").read_text("utf8"))["start"]["license"] == "apache-2.0"


def test_a_run_that_goes_on_from_ours_names_what_that_began_with(
    tmp_path: Path, uncased: Vocabulary, make_settings: MakeSettings
) -> None:
    folder = _save(tmp_path / "model", uncased, heads=False)
    first = make_settings("first", model__start=str(folder), model__num_attention_heads=4, training__steps=1)
    assert pretrain(first, progress=False)
    second = make_settings("second", model__start=first.export.folder, model__num_attention_heads=4, training__steps=1)
    assert pretrain(second, progress=False)
    card = (Path(second.export.folder) / "README.md").read_text("utf8")
    assert "further from the weights of tiny-uncased (licence apache-2.0)" in card
    assert "random weights" not in card
    notice = (Path(second.export.folder) / "NOTICE").read_text("utf8")
    assert notice.count("Tiny, by somebody.") == 1
    assert "Fast Vocabulary Transfer" in notice
