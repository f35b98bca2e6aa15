"""What a run takes of a machine: memory that is given back, and a GPU if one is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from spacy_litbert.annotate.run import annotate
from spacy_litbert.annotate.shards import cut
from spacy_litbert.annotate.worker import Destination, annotate_shard
from spacy_litbert.errors import LitBertError

from .conftest import write_jsonl

TEXT = "Given zinomycin. She had fits ."


@pytest.mark.parametrize("output_format", ["jsonl", "docbin"])
def test_texts_leave_nothing_in_the_vocabulary(ruler: Path, tmp_path: Path, output_format: str) -> None:
    nlp = spacy.load(ruler)
    corpus = write_jsonl(tmp_path / "in.jsonl", [f"{TEXT} word{i}" for i in range(50)])
    before = len(nlp.vocab.strings)
    done = [annotate_shard(nlp, shard, Destination(tmp_path, output_format)) for shard in cut([corpus], 10)]
    assert sum(one.entities for one in done) == 100
    assert len(nlp.vocab.strings) == before


@pytest.mark.parametrize("n_process", [1, 2])
def test_a_gpu_that_is_not_there(ruler: Path, tmp_path: Path, n_process: int) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    with pytest.raises(LitBertError, match=r"L006.*GPU 77"):
        annotate(ruler, [corpus], tmp_path / "out", n_process=n_process, gpu_id=77)
    assert annotate(ruler, [corpus], tmp_path / "out", n_process=n_process).documents == 1


def test_ray_gives_gpus_itself(ruler: Path, tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "in.jsonl", [TEXT])
    with pytest.raises(LitBertError, match="L636"):
        annotate(ruler, [corpus], tmp_path / "out", engine="ray", gpu_id=0)
    assert not (tmp_path / "out").exists()
