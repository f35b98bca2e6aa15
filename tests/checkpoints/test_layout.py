"""The table of tensors is transformers' own list, and covers every variable of the original."""

from __future__ import annotations

import pytest
from transformers import BertConfig, BertForPreTraining

from spacy_litbert.checkpoints.layout import PARTS, bert_rows, check_tensors
from spacy_litbert.errors import LitBertError

from .original import TOY, original_variables

CONFIG = {**TOY, "vocab_size": 100}


def test_names_shapes_and_order_are_those_of_transformers() -> None:
    model = BertForPreTraining(BertConfig(**CONFIG))
    expected = [(name, tuple(value.shape)) for name, value in model.named_parameters()]
    assert [(row.name, row.sizes(CONFIG)) for row in bert_rows(CONFIG["num_hidden_layers"])] == expected


def test_original_names_and_shapes_are_those_of_the_original() -> None:
    expected = {name: value.shape for name, value in original_variables(CONFIG).items()}
    assert {row.original: row.original_sizes(CONFIG) for row in bert_rows(2)} == expected


def test_only_dense_kernels_are_transposed() -> None:
    rows = list(bert_rows(2))
    assert all(row.transposed == row.original.endswith("/kernel") for row in rows)
    assert {row.part for row in rows} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_parts_are_there_as_a_whole_or_not_at_all(part: str) -> None:
    found = {row.name: row.sizes(CONFIG) for row in bert_rows(2) if row.part != part}
    if part in ("embeddings", "encoder"):
        with pytest.raises(LitBertError, match=r"L217.*Missing"):
            check_tensors(found, CONFIG, "x")
    else:
        assert {row.part for row in check_tensors(found, CONFIG, "x")} == set(PARTS) - {part}


def test_the_error_lists_everything() -> None:
    found = {row.name: row.sizes(CONFIG) for row in bert_rows(2)}
    lost = [name for name in found if "layer.1.attention" in name]
    for name in lost:
        del found[name]
    found.update({f"head.{i}": (2,) for i in range(12)})
    found["bert.pooler.dense.bias"] = (33,)
    with pytest.raises(LitBertError) as error:
        check_tensors(found, CONFIG, "x")
    message = str(error.value)
    for name in [*lost, *(f"head.{i}" for i in range(12)), "bert.pooler.dense.bias is (33,), not (32,)"]:
        assert name in message
