"""What ``spacy litbert inspect`` finds: the same as is true, in every kind of source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForPreTraining

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.layout import LITBERT
from spacy_litbert.errors import LitBertError
from spacy_litbert.files import file_checksum

from ..conftest import toy_tokens
from .bioformer import write_bioformer
from .conftest import NAME
from .original import TOY, write_model


def test_a_tensorflow_checkpoint_and_what_becomes_of_it(original: Path, tmp_path: Path) -> None:
    before = describe(original)
    convert(original, tmp_path / "target")
    after = describe(tmp_path / "target")
    assert before.parameters == after.parameters
    assert sum(after.parameters.values()) == 27_000
    assert before.others == {"optimizer slots": 92, "counters": 1}
    assert after.others == {}
    assert (before.dtypes, after.dtypes) == ({"float32": 46}, {"float32": 46})
    assert (before.shape["hidden_act"], after.shape["hidden_act"]) == ("gelu", "gelu_pytorch_tanh")
    assert (before.limit, after.limit) == (None, 48)
    assert (before.card, after.card) == (None, "Converted BERT")
    assert after.files == {"model.safetensors": file_checksum(tmp_path / "target" / "model.safetensors")}
    assert before.problems == after.problems == []
    assert before.vocabulary == after.vocabulary
    assert before.vocabulary["size"] == len(toy_tokens())
    assert before.vocabulary["special_tokens"] == {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
    assert describe(original / NAME) == before


def test_a_folder_with_a_pickle(tmp_path: Path) -> None:
    found = describe(write_bioformer(tmp_path / "bioformer"))
    assert found.kind == "pytorch"
    assert found.problems == []
    assert found.parameters.keys() == {"embeddings", "encoder", "pooler", "masked-LM head", "next-sentence head"}


def test_the_bundled_weights() -> None:
    found = describe("litbert-oa-small")
    assert found.dtypes == {"float16": 110}
    assert found.limit == 512
    assert found.unlike_litbert["hidden_size"] == 384
    assert not {"vocab_size", "max_position_embeddings"} & found.unlike_litbert.keys()
    assert sum(found.parameters.values()) == 23_757_826


def test_litberts_own_shape(tmp_path: Path) -> None:
    tokens = [*toy_tokens(), *(f"[unused{i}]" for i in range(LITBERT["vocab_size"] - len(toy_tokens())))]
    write_model(tmp_path / "litbert", {**TOY, **LITBERT}, tokens)
    BertForPreTraining(BertConfig(**{**TOY, **LITBERT})).save_pretrained(tmp_path / "litbert")
    found = describe(tmp_path / "litbert")
    assert found.unlike_litbert == {}
    # The published number is 42,820,610: encoder, pooler and pretraining heads.
    assert sum(found.parameters.values()) == 42_820_610


def test_what_does_not_fit_is_listed(tmp_path: Path, original: Path) -> None:
    folder = tmp_path / "target"
    convert(original, folder)
    weights = load_file(folder / "model.safetensors")
    del weights["bert.pooler.dense.bias"]
    save_file(weights, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 99}))
    codes = [problem[1:5] for problem in describe(folder).problems]
    assert codes == ["L217", "L204", "L233"]


def test_what_can_not_be_read_is_an_error(tmp_path: Path, original: Path) -> None:
    (original / "config.json").unlink()
    with pytest.raises(LitBertError, match="L213"):
        describe(original)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LitBertError, match="L213"):
        describe(tmp_path / "empty")
