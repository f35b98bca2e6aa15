from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertForPreTraining

from spacy_litbert.pretraining.config import ModelSettings
from spacy_litbert.pretraining.export import bert_config
from spacy_litbert.pretraining.masking import Masker
from spacy_litbert.pretraining.model import PretrainingModel, Sums, losses
from spacy_litbert.pretraining.rows import IGNORED, Epoch, Rows
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.types import IntArray

CPU = torch.device("cpu")
LENGTH = 64


@pytest.fixture
def model(corpus: Corpus) -> PretrainingModel:
    torch.manual_seed(0)
    shape = ModelSettings(
        num_hidden_layers=2,
        hidden_size=32,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        start=None,
    )
    bert = BertForPreTraining(BertConfig.from_dict(bert_config(shape, corpus.vocabulary, dropout=0.0)))
    torch.nn.init.normal_(bert.cls.predictions.decoder.bias)
    masker = Masker(corpus.vocabulary, 0.15, CPU)
    return PretrainingModel(bert, corpus.vocabulary, masker, pairs=True).eval()


def _packed(corpus: Corpus, *, pairs: bool) -> Rows:
    epoch = Epoch(corpus, length=LENGTH, pairs=pairs, seed=0, epoch=0)
    full = [i for i in range(len(epoch)) if epoch._row_count[i] > 1]
    return epoch.rows(_array(full))


def _array(values: list[int]) -> IntArray:
    return torch.tensor(values).numpy()


def _reference(model: PretrainingModel, rows: Rows, corpus: Corpus, *, pairs: bool) -> Sums:
    """The sums by Hugging Face's own forward pass, example by example and without padding."""
    masked = model._masker(rows.ids, rows.keys)
    labels = torch.full(rows.ids.shape, IGNORED).scatter(1, masked.positions, masked.labels)
    cls, sep, pad = (corpus.vocabulary.ids[token] for token in ("[CLS]", "[SEP]", "[PAD]"))
    sums = Sums()
    for row, ids in enumerate(rows.ids):
        starts = [*torch.nonzero(ids == cls).flatten().tolist(), int((ids != pad).sum())]
        for i, (start, end) in enumerate(itertools.pairwise(starts)):
            first_end = start + ids[start:end].tolist().index(sep) + 1
            token_type_ids = torch.tensor([0] * (first_end - start) + [1] * (end - first_end))
            with torch.no_grad():
                output = model.bert(masked.ids[None, row, start:end], token_type_ids=token_type_ids[None])
            logits, target = output.prediction_logits[0], labels[row, start:end]
            loss = functional.cross_entropy(logits, target, ignore_index=IGNORED, reduction="sum")
            sums.masked_loss += float(loss)
            sums.n_masked += int((target != IGNORED).sum())
            sums.n_masked_right += int((logits.argmax(1) == target).sum())
            sums.n_tokens += end - start
            if pairs:
                label = rows.is_random[row, i : i + 1]
                sums.next_loss += float(functional.cross_entropy(output.seq_relationship_logits, label))
                sums.n_pairs += 1
                sums.n_pairs_right += int(output.seq_relationship_logits.argmax() == label[0])
    return sums


@pytest.mark.parametrize("pairs", [True, False])
def test_packed_rows_give_what_transformers_gives_for_each_example(
    model: PretrainingModel, corpus: Corpus, pairs: bool
) -> None:
    model = PretrainingModel(model.bert, corpus.vocabulary, model._masker, pairs=pairs).eval()
    rows = _packed(corpus, pairs=pairs)
    assert len(rows) > 1
    _, tensor = losses(model, rows)
    found, expected = Sums(*tensor.tolist()), _reference(model, rows, corpus, pairs=pairs)
    assert found.to_list() == pytest.approx(expected.to_list(), rel=1e-5)


def test_the_loss_of_a_batch_is_that_of_its_parts(model: PretrainingModel, corpus: Corpus) -> None:
    rows = _packed(corpus, pairs=True)
    whole = losses(model, rows)[0]
    parts = [losses(model, part)[0] for part in (rows.part(0, 1), rows.part(1, len(rows)))]
    torch.testing.assert_close(sum(parts), whole)


def test_without_pairs_the_pooler_is_left_alone(model: PretrainingModel, corpus: Corpus) -> None:
    model = PretrainingModel(model.bert, corpus.vocabulary, model._masker, pairs=False)
    losses(model, _packed(corpus, pairs=False))[0].backward()
    for name, parameter in model.bert.named_parameters():
        assert (parameter.grad is None) == ("pooler" in name or "seq_relationship" in name)


def test_compiled_is_the_same(model: PretrainingModel, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **options: compile_(f, backend="aot_eager", **options))
    compiled = PretrainingModel(model.bert, corpus.vocabulary, model._masker, pairs=True, compiled=True)
    rows = _packed(corpus, pairs=True)
    torch.testing.assert_close(losses(compiled.train(), rows)[0], losses(model.train(), rows)[0])


def test_short_rows_train_all_positions_and_are_evaluated_on_the_first(model: PretrainingModel, corpus: Corpus) -> None:
    rows = Epoch(corpus, length=32, pairs=True, seed=0, epoch=0).rows(_array([0, 1, 2, 3, 4, 5, 6, 7]))
    keys = torch.arange(4000) * 1_000_003 % (1 << 32)
    model.shifting = True
    assert not model._shift(keys, 32).any()  # not in training
    model.train()
    model.shifting = False
    assert not model._shift(keys, 32).any()  # not yet
    model.shifting = True
    assert not model._shift(keys, 64).any()  # no room
    shifts = model._shift(keys, 32).flatten()
    assert shifts.min() == 0
    assert shifts.max() == 32
    assert 0.45 < (shifts == 0).float().mean() < 0.57
    shift = model._shift(rows.keys, 32)
    position_ids = model._geometry(rows.ids, shift).position_ids
    assert torch.equal(position_ids[:, 0], shift[:, 0])  # that of the first [CLS]
    assert position_ids.max() < 64
