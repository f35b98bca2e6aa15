from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.rows import IGNORED, Epoch, Place, Rows, RowStream
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.tokenization.vocabulary import Vocabulary


def _stream(corpus: Corpus, place: Place = Place(), rank: int = 0, processes: int = 1) -> RowStream:  # noqa: B008
    return RowStream(corpus, length=64, pairs=True, seed=3, n=32, place=place, rank=rank, processes=processes)


def _take(stream: RowStream, n: int) -> list[tuple[Rows, Place]]:
    taken = [stream.take() for _ in range(n)]
    stream.close()
    return taken


def test_rows_are_pairs_between_special_tokens(corpus: Corpus) -> None:
    epoch = Epoch(corpus, length=64, pairs=True, seed=0, epoch=0)
    rows = epoch.rows(np.arange(len(epoch)))
    ids = corpus.vocabulary.ids
    cls, sep, pad = ids["[CLS]"], ids["[SEP]"], ids["[PAD]"]
    assert (rows.ids != pad).float().mean() > 0.9
    for row, firsts, is_random in zip(rows.ids.tolist(), rows.firsts.tolist(), rows.is_random.tolist()):
        n = sum(label != IGNORED for label in is_random)
        assert [i for i, token in enumerate(row) if token == cls] == firsts[:n]
        assert row.count(sep) == 2 * n
        filled = [i for i, token in enumerate(row) if token != pad]
        assert filled == list(range(len(filled)))
        assert row[filled[-1]] == sep


def test_following_segments_are_the_text(corpus: Corpus, vocabulary: Vocabulary) -> None:
    text = corpus.tokens(np.array([0]), np.array([0])).tolist()
    for shard in corpus.shards:
        text += shard.tokens.tolist()
    joined = " ".join(map(str, text))
    epoch = Epoch(corpus, length=64, pairs=False, seed=0, epoch=0)
    row = epoch.rows(np.array([0])).ids[0].tolist()
    assert " ".join(map(str, row[1 : row.index(vocabulary.ids["[SEP]"])])) in joined


def test_epochs_differ_and_repeat(corpus: Corpus) -> None:
    first, again, second = (
        Epoch(corpus, length=64, pairs=True, seed=0, epoch=epoch).rows(np.arange(20)) for epoch in (0, 0, 1)
    )
    assert all(map(torch.equal, first.tensors(), again.tensors()))
    assert not torch.equal(first.ids, second.ids)


def test_a_stream_goes_on_from_any_place(corpus: Corpus) -> None:
    whole = _take(_stream(corpus), 12)  # several epochs
    assert whole[-1][1].epoch > 0
    rest = _take(_stream(corpus, place=whole[6][1]), 5)
    for (expected, _), (found, _) in zip(whole[7:], rest):
        assert all(map(torch.equal, expected.tensors(), found.tensors()))


def test_processes_share_the_rows(corpus: Corpus) -> None:
    whole = _take(_stream(corpus), 9)
    halves = [_take(_stream(corpus, rank=rank, processes=2), 9) for rank in range(2)]
    for i in range(9):
        assert len(halves[0][i][0]) == len(halves[1][i][0]) == 16
        assert halves[0][i][1] == whole[i][1]
        keys = torch.cat([halves[rank][i][0].keys for rank in range(2)])
        assert sorted(keys.tolist()) == sorted(whole[i][0].keys.tolist())


def test_pairs_need_two_documents(tmp_path: Path, vocabulary: Vocabulary) -> None:
    (tmp_path / "a.txt").write_text("Only one document. It has two sentences.", "utf8")
    prepare([tmp_path / "a.txt"], tmp_path / "out", vocabulary, progress=False)
    with pytest.raises(LitBertError, match=r"L503.*/out has 1 .*2 are needed.*mlm"):
        Epoch(Corpus(tmp_path / "out"), length=64, pairs=True, seed=0, epoch=0)
    assert len(Epoch(Corpus(tmp_path / "out"), length=64, pairs=False, seed=0, epoch=0)) == 1
