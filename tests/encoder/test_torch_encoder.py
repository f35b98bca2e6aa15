"""The forward pass: Hugging Face's numbers, without its padding; gradients without its memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel

from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.encoder import torch_encoder
from spacy_litbert.encoder.inputs import EncoderInput
from spacy_litbert.encoder.torch_encoder import begin_update, predict

from ..conftest import write_checkpoint

LENGTHS = [5, 64, 17, 5, 2, 33, 5]


@pytest.fixture
def bert(checkpoint: Path) -> BertModel:
    return load_checkpoint(checkpoint).bert


@pytest.fixture
def batch() -> EncoderInput:
    rng = np.random.default_rng(0)
    lengths = np.array(LENGTHS, dtype=np.int64)
    # The second window begins after three rows of padding.
    places = np.cumsum([0, *LENGTHS[:-1]]) + np.array([0, *[3] * (len(LENGTHS) - 1)])
    return EncoderInput(rng.integers(5, 100, lengths.sum()), lengths, places, int(lengths.sum()) + 3)


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_float32_equals_hugging_face_to_1e_5(bert: BertModel, batch: EncoderInput, budget: int) -> None:
    hidden, pooled = predict(bert, batch, precision="float32", budget=budget)
    for i, (ids, place) in enumerate(zip(_split(batch), batch.places)):
        with torch.no_grad():
            expected = bert(torch.from_numpy(ids)[None])
        assert (hidden[place : place + len(ids)] - expected.last_hidden_state[0]).abs().max() < 1e-5
        assert (pooled[i] - expected.pooler_output[0]).abs().max() < 1e-5
    assert not hidden[LENGTHS[0] : LENGTHS[0] + 3].any()


@pytest.mark.parametrize("precision, tolerance", [("bfloat16", 5e-2), ("float16", 1e-2)])
def test_lower_precision_stays_close(bert: BertModel, batch: EncoderInput, precision, tolerance: float) -> None:
    exact, _ = predict(bert, batch, precision="float32", budget=10_000)
    low, _ = predict(bert, batch, precision=precision, budget=10_000)
    difference = (exact - low).abs().max()
    assert low.dtype == torch.float32
    assert 0 < difference < tolerance


def test_gradients_equal_hugging_face(tmp_path: Path, batch: EncoderInput) -> None:
    folder = write_checkpoint(tmp_path, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    bert = load_checkpoint(folder).bert
    (hidden, pooled), backprop = begin_update(bert, batch, precision="float32", budget=40, keep=10_000)
    generator = torch.Generator().manual_seed(1)
    d_hidden = torch.randn(hidden.shape, generator=generator)
    d_pooled = torch.randn(pooled.shape, generator=generator)
    backprop(d_hidden, d_pooled)
    found = _gradients(bert)
    for i, (ids, place) in enumerate(zip(_split(batch), batch.places)):
        output = bert(torch.from_numpy(ids)[None])
        torch.autograd.backward(
            [output.last_hidden_state[0], output.pooler_output[0]], [d_hidden[place : place + len(ids)], d_pooled[i]]
        )
    expected = _gradients(bert)
    for name, gradient in expected.items():
        assert torch.allclose(found[name], gradient, atol=1e-4, rtol=1e-4), name


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recomputed_activations_give_the_same_gradients(bert: BertModel, batch: EncoderInput, precision) -> None:
    gradients = []
    for keep in (10_000, 0):
        torch.manual_seed(3)  # the same dropout
        (hidden, _), backprop = begin_update(bert, batch, precision=precision, budget=40, keep=keep)
        backprop(torch.ones_like(hidden), None)
        gradients.append(_gradients(bert))
    for name, gradient in gradients[0].items():
        assert torch.equal(gradient, gradients[1][name]), name


@pytest.mark.parametrize("keep", [0, 60])
def test_a_prediction_before_the_backward_pass_changes_no_gradient(
    bert: BertModel, batch: EncoderInput, keep: int
) -> None:
    # As with annotating components: their prediction leaves the encoder without dropout.
    gradients = []
    for predicts in (False, True):
        torch.manual_seed(3)
        (hidden, pooled), backprop = begin_update(bert, batch, precision="float32", budget=40, keep=keep)
        if predicts:
            predict(bert, batch, precision="float32", budget=40)
        backprop(torch.ones_like(hidden), torch.ones_like(pooled))
        gradients.append(_gradients(bert))
    for name, gradient in gradients[0].items():
        assert torch.equal(gradient, gradients[1][name]), name


@pytest.mark.parametrize("keep", [0, 10_000])
def test_no_forward_pass_exceeds_the_budget(bert: BertModel, monkeypatch: pytest.MonkeyPatch, keep: int) -> None:
    # spacy-transformers runs a document of 10,000 tokens as one batch of 104.
    sizes = []

    def counting(bert: BertModel, ids: torch.Tensor, lengths: list[int]) -> torch_encoder.Vectors:
        sizes.append(len(ids))
        return _forward(bert, ids, lengths)

    _forward = torch_encoder.forward
    monkeypatch.setattr(torch_encoder, "forward", counting)
    lengths = np.full(100, 64)
    batch = EncoderInput(np.full(6400, 7), lengths, np.arange(100) * 64, 6400)
    predict(bert, batch, precision="float32", budget=200)
    (hidden, _), backprop = begin_update(bert, batch, precision="float32", budget=200, keep=keep)
    backprop(hidden, None)
    assert max(sizes) == 192
    assert sum(sizes) == 6400 * (2 if keep else 3)


def test_sparse_gradients_stay_within_the_vocabulary(bert: BertModel) -> None:
    ids = np.tile(np.arange(5, 45), 160)
    batch = EncoderInput(ids, np.full(100, 64), np.arange(100) * 64, 6400)
    gradients = []
    for sparse in (False, True):
        bert.embeddings.word_embeddings.sparse = sparse
        torch.manual_seed(0)
        (hidden, _), backprop = begin_update(bert, batch, precision="float32", budget=200, keep=10_000)
        backprop(hidden, None)
        gradients.append(bert.embeddings.word_embeddings.weight.grad)
        bert.zero_grad()
    dense, found = gradients
    assert found.is_sparse
    assert found._nnz() == 40
    torch.testing.assert_close(found.to_dense(), dense)


def _small_memory(monkeypatch: pytest.MonkeyPatch, n: int) -> list[int]:
    """Give the device room for ``n`` wordpieces at once, and return the sizes that were tried."""
    tried = []

    def forward(bert: BertModel, ids: torch.Tensor, lengths: list[int]) -> torch_encoder.Vectors:
        tried.append(len(ids))
        if len(ids) > n:
            raise torch.OutOfMemoryError
        return _forward(bert, ids, lengths)

    _forward = torch_encoder.forward
    monkeypatch.setattr(torch_encoder, "forward", forward)
    return tried


def test_what_does_not_fit_into_memory_is_halved(
    bert: BertModel, batch: EncoderInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = predict(bert, batch, precision="float32", budget=10_000)
    tried = _small_memory(monkeypatch, 70)
    with pytest.warns(UserWarning, match=r"W001.*131.*batch_wordpieces"):
        hidden, _ = predict(bert, batch, precision="float32", budget=10_000)
    assert torch.allclose(hidden, expected, atol=1e-6)
    assert tried[0] == len(batch.ids)
    with pytest.warns(UserWarning, match="W001"):
        (hidden, _), backprop = begin_update(bert, batch, precision="float32", budget=10_000, keep=40)
    backprop(torch.ones_like(hidden), None)
    assert all(torch.isfinite(gradient).all() for gradient in _gradients(bert).values())


def test_a_window_that_does_not_fit_alone_is_an_error(
    bert: BertModel, batch: EncoderInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_memory(monkeypatch, 60)
    with pytest.warns(UserWarning, match="W001"), pytest.raises(torch.OutOfMemoryError):
        predict(bert, batch, precision="float32", budget=10_000)


def test_an_encoder_without_pooler(tmp_path: Path, batch: EncoderInput) -> None:
    bert = load_checkpoint(write_checkpoint(tmp_path, pooler=False)).bert
    _, pooled = predict(bert, batch, precision="float32", budget=100)
    assert pooled is None


def test_training_draws_dropout_and_prediction_does_not(bert: BertModel, batch: EncoderInput) -> None:
    first, _ = predict(bert, batch, precision="float32", budget=100)
    (second, _), _ = begin_update(bert, batch, precision="float32", budget=100, keep=1000)
    third, _ = predict(bert, batch, precision="float32", budget=100)
    assert torch.equal(first, third)
    assert not torch.allclose(first, second, atol=1e-3)


def _split(batch: EncoderInput) -> list[np.ndarray]:
    return np.split(batch.ids, np.cumsum(batch.lengths)[:-1])


def _gradients(bert: BertModel) -> dict[str, torch.Tensor]:
    gradients = {name: p.grad.clone() for name, p in bert.named_parameters() if p.grad is not None}
    bert.zero_grad()
    return gradients
