"""The graph for ONNX Runtime gives torch's numbers, exactly in float32 and nearly with 8-bit weights."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel

from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.encoder import torch_encoder
from spacy_litbert.encoder.inputs import EncoderInput
from spacy_litbert.encoder.onnx_encoder import OnnxEncoder
from spacy_litbert.encoder.onnx_graph import build_graph
from spacy_litbert.errors import LitBertError

from ..conftest import write_checkpoint


@pytest.fixture
def batch() -> EncoderInput:
    rng = np.random.default_rng(0)
    lengths = np.array([5, 64, 17, 5, 2, 33, 5])
    # The second window begins after three rows of padding.
    places = np.cumsum([0, *lengths[:-1]]) + np.array([0, *[3] * (len(lengths) - 1)])
    return EncoderInput(rng.integers(5, 100, lengths.sum()), lengths, places, int(lengths.sum()) + 3)


def encoder(bert: BertModel, *, int8: bool = False) -> OnnxEncoder:
    return OnnxEncoder(build_graph(bert, int8=int8).SerializeToString())


@pytest.mark.parametrize("budget", [1, 40, 10_000])
@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"])
def test_float32_equals_torch_to_1e_5(tmp_path: Path, batch: EncoderInput, budget: int, activation: str) -> None:
    bert = load_checkpoint(write_checkpoint(tmp_path, hidden_act=activation)).bert
    expected = torch_encoder.predict(bert, batch, precision="float32", budget=budget)
    found = encoder(bert).predict(batch, budget=budget)
    assert found[1] is not None
    assert [part.dtype for part in found] == [np.float32, np.float32]
    assert np.abs(found[0] - expected[0].numpy()).max() < 1e-5
    assert np.abs(found[1] - expected[1].numpy()).max() < 1e-5
    assert not found[0][5:8].any()


def test_8_bits_stay_close(checkpoint: Path, batch: EncoderInput) -> None:
    bert = load_checkpoint(checkpoint).bert
    exact, _ = torch_encoder.predict(bert, batch, precision="float32", budget=10_000)
    found, _ = encoder(bert, int8=True).predict(batch, budget=10_000)
    rows = np.abs(found).sum(1) > 0
    cosines = torch.cosine_similarity(exact[rows], torch.from_numpy(found[rows]))
    assert 0.99 < cosines.min() < 1 - 1e-7


@pytest.mark.parametrize("budget", [100, 10_000])
def test_8_bits_do_not_depend_on_the_company(checkpoint: Path, batch: EncoderInput, budget: int) -> None:
    eight = encoder(load_checkpoint(checkpoint).bert, int8=True)
    together, pooled = eight.predict(batch, budget=budget)
    ids = np.split(batch.ids, np.cumsum(batch.lengths)[:-1])
    for i, (window, place) in enumerate(zip(ids, batch.places)):
        n = len(window)
        alone, alone_pooled = eight.predict(EncoderInput(window, np.array([n]), np.array([0]), n), budget=budget)
        np.testing.assert_allclose(together[place : place + n], alone, atol=1e-5)
        np.testing.assert_allclose(pooled[i], alone_pooled[0], atol=1e-5)


def test_8_bits_take_a_quarter_of_the_weights(tmp_path: Path) -> None:
    bert = load_checkpoint(write_checkpoint(tmp_path, hidden_size=64, intermediate_size=1024)).bert
    whole, small = (build_graph(bert, int8=int8).ByteSize() for int8 in (False, True))
    assert small < 0.4 * whole


def test_an_encoder_without_a_pooler(tmp_path: Path, batch: EncoderInput) -> None:
    bert = load_checkpoint(write_checkpoint(tmp_path, pooler=False)).bert
    assert encoder(bert).predict(batch, budget=100)[1] is None


def test_an_unknown_activation_is_named(tmp_path: Path) -> None:
    bert = load_checkpoint(write_checkpoint(tmp_path, hidden_act="silu")).bert
    with pytest.raises(LitBertError, match=r"L308.*'silu'"):
        build_graph(bert, int8=False)


def test_copies_run_on_their_own(checkpoint: Path, batch: EncoderInput) -> None:
    original = encoder(load_checkpoint(checkpoint).bert)
    expected, _ = original.predict(batch, budget=100)
    for other in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        assert np.array_equal(other.predict(batch, budget=100)[0], expected)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_takes_one_thread(checkpoint: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    original = encoder(load_checkpoint(checkpoint).bert)
    assert threads(original) == 2
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(threads, [original]) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_do_not_wait_for_threads_that_stayed_behind(
    checkpoint: Path, batch: EncoderInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    owner = [encoder(load_checkpoint(checkpoint).bert)]
    expected, _ = owner[0].predict(batch, budget=100)

    def use_and_free() -> None:
        found, _ = owner[0].predict(batch, budget=100)
        assert np.allclose(found, expected, atol=1e-5)
        owner.clear()

    def free() -> None:
        owner.clear()

    for use in (use_and_free, free) * 3:
        time.sleep(0.2)  # the parent's threads stop spinning and wait
        child = multiprocessing.get_context("fork").Process(target=use)
        child.start()
        child.join(60)
        child.kill()
        child.join()
        assert child.exitcode == 0
        owner[0].predict(batch, budget=100)


@pytest.mark.parametrize("setting, expected", [("2,1", 2), (" 3 ", 3), ("", 0), ("many", 0)])
def test_threads_are_openmp_s(checkpoint: Path, monkeypatch: pytest.MonkeyPatch, setting: str, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", setting)
    assert threads(encoder(load_checkpoint(checkpoint).bert)) == expected


def test_threads_share_one_session(checkpoint: Path, batch: EncoderInput) -> None:
    original = encoder(load_checkpoint(checkpoint).bert)
    with ThreadPoolExecutor(8) as pool:
        sessions = set(pool.map(lambda _: id(original._running()), range(8)))
    assert len(sessions) == 1


def threads(of: OnnxEncoder) -> int:
    return int(of._running().get_session_options().intra_op_num_threads)
