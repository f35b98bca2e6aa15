"""Windows: everything is owned once, nothing exceeds the limit, cuts fall where they may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.ragged import indices_of, starts_of
from spacy_litbert.tokenization.windows import N_SPECIAL, make_windows, micro_batches

lengths_of_docs = st.lists(st.integers(0, 400), min_size=1, max_size=5)


@settings(max_examples=500, deadline=None)
@given(lengths_of_docs, st.integers(8, 80), st.data())
def test_windows_tile_each_doc_within_the_limit(docs: list[int], size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, (size - N_SPECIAL) // 2))
    n = sum(docs)
    cuts = np.array([True, *data.draw(st.lists(st.booleans(), min_size=n, max_size=n))], dtype=bool)
    cuts[-1] = True
    starts = starts_of(np.array(docs))
    windows = make_windows(starts, starts_of(np.array(docs) + 1), [cuts], size=size, overlap=overlap)
    assert (windows.lengths <= size).all()
    assert np.array_equal(indices_of(windows.own_start, windows.own_end - windows.own_start), np.arange(n))
    assert (windows.start <= windows.own_start).all()
    assert (windows.own_end <= windows.end).all()
    assert (windows.start >= starts[windows.doc]).all()
    assert (windows.end <= starts[windows.doc + 1]).all()
    assert all(len(set(windows.lengths[windows.doc == doc])) <= 1 for doc in range(len(docs)))
    number = np.bincount(windows.doc, minlength=len(docs))
    for doc, length in enumerate(docs):
        assert (number[doc] == 1) == (length <= size - N_SPECIAL)


def test_a_text_that_fits_is_read_once() -> None:
    windows = _windows([62, 10], size=64, overlap=16)
    assert windows.lengths.tolist() == [64, 12]


def test_long_texts_share_windows_evenly_and_overlap_as_asked() -> None:
    windows = _windows([100], size=64, overlap=16)
    assert windows.start.tolist() == [0, 42]
    assert windows.end.tolist() == [58, 100]
    assert windows.own_end.tolist() == [50, 100]


def test_without_overlap_nothing_is_read_twice() -> None:
    windows = _windows([1020], size=62, overlap=0)
    assert windows.start.tolist() == list(range(0, 1020, 60))
    assert windows.end.tolist() == windows.own_end.tolist()


def test_cuts_fall_on_sentences_then_tokens_then_anywhere() -> None:
    sentences, tokens = np.zeros(301, dtype=bool), np.zeros(301, dtype=bool)
    sentences[[0, 40, 45]] = True
    tokens[[0, 40, 45, 90, 100]] = True
    starts = np.array([0, 300])
    windows = make_windows(starts, starts, [sentences, tokens], size=62, overlap=0)
    # 300 pieces need 5 windows and more: from 90 on no token begins, and the rest is shared evenly.
    assert windows.own_start.tolist() == [0, 45, 90, 143, 196, 248]


def test_rows_hold_specials_around_each_window() -> None:
    windows = _windows([3, 2], size=8, overlap=0)
    rows = windows.rows(np.array([10, 11, 12, 13, 14]), cls=1, sep=2)
    assert rows.tolist() == [1, 10, 11, 12, 2, 1, 13, 14, 2]
    assert windows.row_of_piece(np.array([0, 5])).tolist() == [1, 2, 3, 6, 7]


@given(st.lists(st.integers(2, 512), max_size=50), st.integers(1, 4096))
def test_micro_batches_keep_the_budget_and_sort_by_length(lengths: list[int], budget: int) -> None:
    array = np.array(lengths, dtype=np.int64)
    batches = micro_batches(array, budget)
    order = [int(i) for batch in batches for i in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert array[order].tolist() == sorted(lengths, reverse=True)
    assert all(array[batch].sum() <= budget or len(batch) == 1 for batch in batches)


@pytest.mark.parametrize("n_pieces", [0, 1])
def test_a_doc_with_tokens_has_a_window_even_without_pieces(n_pieces: int) -> None:
    doc_tokens, starts = np.array([0, 1, 1]), np.array([0, n_pieces, n_pieces])
    windows = make_windows(starts, doc_tokens, [np.ones(n_pieces + 1, dtype=bool)], size=8, overlap=0)
    assert windows.doc.tolist() == [0]
    assert windows.lengths.tolist() == [n_pieces + N_SPECIAL]


def _windows(docs: list[int], *, size: int, overlap: int):
    starts = starts_of(np.array(docs))
    return make_windows(starts, starts, [np.ones(sum(docs) + 1, dtype=bool)], size=size, overlap=overlap)
