"""The folder of the published Bioformer: a pickle, and a tokenizer that knows no limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from transformers import AutoTokenizer, BertForPreTraining, BertModel

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.folder import load_checkpoint

from .bioformer import FILES, write_bioformer

TEXT = "Lithium toxicity in the newborn. " * 40


@pytest.fixture
def bioformer(tmp_path: Path) -> Path:
    folder = write_bioformer(tmp_path / "bioformer-8L")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    return folder


def test_transformers_alone_falls_into_the_trap(bioformer: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(bioformer)
    ids = tokenizer(TEXT, truncation=True, return_tensors="pt")
    assert ids["input_ids"].shape[1] > 48
    with pytest.raises((IndexError, RuntimeError)):
        BertModel.from_pretrained(bioformer)(**ids)


def test_it_is_used_as_it_is(bioformer: Path) -> None:
    checkpoint = load_checkpoint(bioformer)
    assert checkpoint.limit == 48
    expected = BertForPreTraining.from_pretrained(bioformer).bert.state_dict()
    found = checkpoint.bert.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    nlp = spacy.blank("en")
    settings = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(bioformer), "overlap": 8}
    nlp.add_pipe("transformer", config={"model": settings})
    nlp.initialize()
    doc = nlp(TEXT)
    assert len(doc._.trf_data.wordpieces.strings) > 1
    assert all(len(pieces) <= 48 for pieces in doc._.trf_data.wordpieces.strings)
    assert all(np.size(doc._.trf_data.align[token.i].data) for token in doc)


def test_converted_it_has_a_limit_everywhere(bioformer: Path, tmp_path: Path) -> None:
    assert any("no length limit" in note for note in describe(bioformer).notes)
    convert(bioformer, tmp_path / "target")
    assert describe(tmp_path / "target").notes == []
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "target")
    ids = tokenizer(TEXT, truncation=True, return_tensors="pt")
    assert ids["input_ids"].shape[1] == tokenizer.model_max_length == 48
    BertModel.from_pretrained(tmp_path / "target")(**ids)
    assert (
        tokenizer("lithium Lithium").input_ids == AutoTokenizer.from_pretrained(bioformer)("lithium Lithium").input_ids
    )
