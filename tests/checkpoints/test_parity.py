"""The converted model computes what TensorFlow computes with the original graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertForPreTraining

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.encoder.torch_encoder import forward

from ..conftest import toy_tokens
from .conftest import NAME
from .original import TOY, Arrays, gelu_erf, gelu_tanh, run_original, save, write_model

CONFIG = {**TOY, "vocab_size": len(toy_tokens())}


def _inputs(length: int = 40, n: int = 3) -> Arrays:
    """Pairs of texts of several lengths, padded."""
    generator = np.random.default_rng(5)
    ids = generator.integers(5, CONFIG["vocab_size"], (n, length))
    lengths = np.array([length, length // 2, 7])[:n, None]
    positions = np.arange(length)[None]
    mask = (positions < lengths).astype(np.int64)
    return {"ids": ids * mask, "mask": mask, "segments": (positions >= lengths // 2) * mask}


def run_converted(folder: Path, inputs: Arrays) -> Arrays:
    model = BertForPreTraining.from_pretrained(folder, attn_implementation="eager").eval()
    ids, mask, segments = (torch.from_numpy(inputs[name]) for name in ("ids", "mask", "segments"))
    with torch.no_grad():
        bert = model.bert(input_ids=ids, attention_mask=mask, token_type_ids=segments)
        masked, following = model.cls(bert.last_hidden_state, bert.pooler_output)
    outputs = (bert.last_hidden_state, bert.pooler_output, masked, following)
    return {name: value.numpy() for name, value in zip(("sequence", "pooled", "masked", "next"), outputs)}


def largest_difference(a: Arrays, b: Arrays, mask: np.ndarray) -> float:
    """Over all outputs; of padded positions nothing is asked."""
    visible = mask.astype(bool)
    parts = {name: (a[name][visible], b[name][visible]) if a[name].ndim == 3 else (a[name], b[name]) for name in a}
    return max(float(np.abs(x - y).max()) for x, y in parts.values())


@pytest.mark.parametrize("gelu, option", [(gelu_tanh, None), (gelu_erf, "gelu")], ids=["tanh", "erf"])
def test_all_four_outputs(original: Path, tmp_path: Path, gelu: Callable[[Any], Any], option: str | None) -> None:
    inputs = _inputs()
    expected = run_original(original / NAME, CONFIG, **inputs, gelu=gelu)
    convert(original, tmp_path / "target", hidden_act=option)
    found = run_converted(tmp_path / "target", inputs)
    assert largest_difference(found, expected, inputs["mask"]) < 1e-4


def test_the_wrong_gelu_would_be_noticed(original: Path, tmp_path: Path) -> None:
    inputs = _inputs()
    expected = run_original(original / NAME, CONFIG, **inputs, gelu=gelu_tanh)
    convert(original, tmp_path / "target", hidden_act="gelu")
    assert largest_difference(run_converted(tmp_path / "target", inputs), expected, inputs["mask"]) > 2e-4


def test_several_shards(tmp_path: Path, variables: Arrays) -> None:
    inputs = _inputs()
    write_model(tmp_path / "sharded", CONFIG, toy_tokens())
    prefix = save(tmp_path / "sharded", "model.ckpt", variables, n_shards=2)
    convert(prefix, tmp_path / "target")
    expected = run_original(prefix, CONFIG, **inputs, gelu=gelu_tanh)
    assert largest_difference(run_converted(tmp_path / "target", inputs), expected, inputs["mask"]) < 1e-4


def test_the_encoder_of_pipelines(original: Path, tmp_path: Path) -> None:
    """The package's own forward pass, with the activation that conversion wrote."""
    inputs = _inputs()
    inputs["segments"] = np.zeros_like(inputs["segments"])
    expected = run_original(original / NAME, CONFIG, **inputs, gelu=gelu_tanh)
    convert(original, tmp_path / "target")
    assert json.loads((tmp_path / "target" / "config.json").read_text())["hidden_act"] == "gelu_pytorch_tanh"
    visible = inputs["mask"].astype(bool)
    with torch.no_grad():
        checkpoint = load_checkpoint(tmp_path / "target")
        hidden, pooled = forward(
            checkpoint.bert, torch.from_numpy(inputs["ids"][visible]), inputs["mask"].sum(1).tolist()
        )
    assert pooled is not None
    np.testing.assert_allclose(hidden.numpy(), expected["sequence"][visible], atol=1e-4)
    np.testing.assert_allclose(pooled.numpy(), expected["pooled"], atol=1e-4)
