"""Loading weights: what fits loads exactly, what does not is refused before any work."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForPreTraining, BertModel

from spacy_litbert.checkpoints.folder import build_checkpoint, load_checkpoint
from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization.vocabulary import Vocabulary

from ..conftest import write_checkpoint


def test_the_weights_are_those_of_transformers(checkpoint: Path) -> None:
    ours = load_checkpoint(checkpoint)
    theirs = BertModel.from_pretrained(checkpoint)
    expected = theirs.state_dict()
    assert ours.bert.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in ours.bert.state_dict().items())
    assert ours.limit == 64


def test_the_config_that_was_given_is_left_as_it_was(checkpoint: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    given = dict(config)
    build_checkpoint(given, load_file(checkpoint / "model.safetensors"), Vocabulary.from_folder(checkpoint), "toy")
    assert given == config


def test_pretraining_heads_are_left_aside(tmp_path: Path, checkpoint: Path) -> None:
    config = BertConfig.from_pretrained(checkpoint)
    BertForPreTraining(config).save_pretrained(tmp_path, safe_serialization=True)
    shutil.copy(checkpoint / "vocab.txt", tmp_path)
    loaded = load_checkpoint(tmp_path)
    assert not [key for key in loaded.bert.state_dict() if key.startswith("cls.")]
    assert loaded.bert.pooler is not None


def test_half_precision_weights_become_float32(tmp_path: Path, checkpoint: Path) -> None:
    folder = _copy(checkpoint, tmp_path)
    _change_weights(folder, lambda w: {key: value.half() for key, value in w.items()})
    assert {p.dtype for p in load_checkpoint(folder).bert.parameters()} == {torch.float32}


def test_the_limit_is_the_encoders_not_the_tokenizers(tmp_path: Path) -> None:
    """The published Bioformer folder says nothing of a length in its tokenizer_config.json."""
    folder = write_checkpoint(tmp_path, limit=32)
    assert json.loads((folder / "tokenizer_config.json").read_text()) == {"do_lower_case": False}
    assert load_checkpoint(folder).limit == 32


KEY = "encoder.layer.0.output.dense.weight"


@pytest.mark.parametrize(
    "change, code, words",
    [
        (lambda w: {k: v for k, v in w.items() if k != KEY}, "L217", f"Missing (1): bert.{KEY}"),
        (lambda w: {**w, "encoder.layer.9.output.dense.bias": w[KEY][0].clone()}, "L217", "Left over (1)"),
        (lambda w: {**w, KEY: w[KEY].T.contiguous()}, "L217", f"{KEY} is (64, 32), not (32, 64)"),
        (lambda w: {**w, KEY: w[KEY].to(torch.int8)}, "L208", "torch.int8"),
        (lambda w: {**w, KEY: w[KEY] * float("nan")}, "L209", "2048 values"),
    ],
    ids=["missing", "extra", "shape", "integers", "nan"],
)
def test_weights_that_do_not_fit(tmp_path: Path, checkpoint: Path, change: Callable, code: str, words: str) -> None:
    folder = _copy(checkpoint, tmp_path)
    _change_weights(folder, change)
    _refused(folder, code, words)


@pytest.mark.parametrize(
    "change, code, words",
    [
        ({"vocab_size": 99}, "L204", "vocab_size = 99"),
        ({"model_type": "roberta"}, "L205", "'roberta'"),
        ({"position_embedding_type": "relative_key"}, "L205", "relative_key"),
        ({"hidden_size": None}, "L205", "hidden_size"),
        ({"num_attention_heads": 5}, "L205", "multiple of 5 heads"),
        ({"num_hidden_layers": 3}, "L217", "Missing (16)"),
    ],
)
def test_configs_that_do_not_fit(
    tmp_path: Path, checkpoint: Path, change: dict[str, object], code: str, words: str
) -> None:
    folder = _copy(checkpoint, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    _refused(folder, code, words)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_missing_files_are_named(tmp_path: Path, checkpoint: Path, name: str) -> None:
    folder = _copy(checkpoint, tmp_path)
    (folder / name).unlink()
    _refused(folder, "L213", name)


@pytest.mark.parametrize("name, code", [("config.json", "L207"), ("model.safetensors", "L207"), ("vocab.txt", "L204")])
def test_cut_files_are_refused(tmp_path: Path, checkpoint: Path, name: str, code: str) -> None:
    folder = _copy(checkpoint, tmp_path)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * 0.9)])
    _refused(folder, code, "")


def test_a_pickle_is_refused_and_not_run(tmp_path: Path, checkpoint: Path) -> None:
    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    folder = _copy(checkpoint, tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload()))
    _refused(folder, "L211", "pytorch_model.bin")
    assert not (tmp_path / "ran").exists()


def _copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def _change_weights(folder: Path, change: Callable) -> None:
    weights = load_file(folder / "model.safetensors")
    changed = {key: value.contiguous() for key, value in change(weights).items()}
    save_file(changed, folder / "model.safetensors")


def _refused(folder: Path, code: str, words: str) -> None:
    with pytest.raises(LitBertError) as error:
        load_checkpoint(folder)
    assert f"[{code}]" in str(error.value)
    assert words in str(error.value)
