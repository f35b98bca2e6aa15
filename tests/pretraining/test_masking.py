from __future__ import annotations

import numpy as np
import pytest
import torch

from spacy_litbert.pretraining.masking import Masked, Masker
from spacy_litbert.pretraining.rows import IGNORED, Epoch, Rows
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.tokenization.vocabulary import Vocabulary

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def rows(corpus: Corpus) -> Rows:
    epochs = [Epoch(corpus, length=128, pairs=True, seed=0, epoch=i) for i in range(40)]
    parts = [epoch.rows(np.arange(len(epoch))).tensors() for epoch in epochs]
    return Rows(*map(torch.cat, zip(*parts)))


@pytest.fixture(scope="module")
def masked(rows: Rows, vocabulary: Vocabulary) -> Masked:
    return Masker(vocabulary, 0.15, CPU)(rows.ids, rows.keys)


def test_fifteen_percent_in_three_ways(rows: Rows, masked: Masked, vocabulary: Vocabulary) -> None:
    special = torch.tensor([vocabulary.ids[token] for token in ("[PAD]", "[CLS]", "[SEP]")])
    candidates = (~torch.isin(rows.ids, special)).sum()
    chosen = masked.labels != IGNORED
    n = chosen.sum()
    assert n > 20_000
    assert (n / candidates).item() == pytest.approx(0.15, abs=0.004)
    now = masked.ids.gather(1, masked.positions)[chosen]
    before = masked.labels[chosen]
    masks, same = now == vocabulary.ids["[MASK]"], now == before
    assert masks.float().mean().item() == pytest.approx(0.8, abs=0.01)
    assert same.float().mean().item() == pytest.approx(0.1, abs=0.01)
    replaced = now[~masks & ~same]
    assert (
        torch.bincount(replaced, minlength=len(vocabulary)).float().std() < 3 * (len(replaced) / len(vocabulary)) ** 0.5
    )


def test_labels_are_what_stood_there(rows: Rows, masked: Masked) -> None:
    chosen = masked.labels != IGNORED
    assert torch.equal(rows.ids.long().gather(1, masked.positions)[chosen], masked.labels[chosen])
    restored = masked.ids.scatter(
        1, masked.positions, torch.where(chosen, masked.labels, masked.ids.gather(1, masked.positions))
    )
    assert torch.equal(restored, rows.ids.long())


def test_masks_whole_words_and_no_special_tokens(rows: Rows, masked: Masked, vocabulary: Vocabulary) -> None:
    is_masked = torch.zeros_like(rows.ids, dtype=torch.bool).scatter(1, masked.positions, masked.labels != IGNORED)
    continues = torch.tensor([token.startswith("##") for token in vocabulary.tokens])[rows.ids]
    special = torch.tensor([token.startswith("[") and len(token) > 3 for token in vocabulary.tokens])[rows.ids]
    assert not (is_masked & special).any()
    inside = continues[:, 1:] & ~special[:, :-1]
    assert torch.equal(is_masked[:, 1:][inside], is_masked[:, :-1][inside])


def test_each_row_is_drawn_by_its_key_alone(rows: Rows, masked: Masked, vocabulary: Vocabulary) -> None:
    masker = Masker(vocabulary, 0.15, CPU)
    one = masker(rows.ids[7:8], rows.keys[7:8])
    assert torch.equal(one.ids[0], masked.ids[7])
    other = masker(rows.ids[7:8], rows.keys[8:9])
    assert not torch.equal(other.ids[0], masked.ids[7])


def test_words_are_drawn_evenly(rows: Rows, vocabulary: Vocabulary) -> None:
    masker = Masker(vocabulary, 0.15, CPU)
    keys = torch.randint(0, 1 << 32, (4000,), generator=torch.Generator().manual_seed(0))
    drawn = masker(rows.ids[:1].expand(4000, -1), keys)
    counts = torch.zeros(128).scatter_add(0, drawn.positions.flatten(), (drawn.labels != IGNORED).float().flatten())
    words = counts[(rows.ids[0] > 4)] / 4000
    assert 0.1 < words.min() < words.max() < 0.2
