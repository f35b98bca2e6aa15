from __future__ import annotations

from pathlib import Path

from spacy_litbert.annotate import shards
from spacy_litbert.annotate.shards import Place, cut

from .conftest import write_jsonl


def ids(found: list[shards.Shard]) -> list[list[str]]:
    return [[getattr(item, "id", "-") for _, item in shard.documents] for shard in found]


def test_shards_go_over_the_borders_of_files(tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / "a.jsonl", ["x"] * 3), write_jsonl(tmp_path / "b.jsonl", ["x"] * 2)]
    found = list(cut(files, 2))
    assert ids(found) == [["a-0", "a-1"], ["a-2", "b-0"], ["b-1"]]
    assert [shard.number for shard in found] == [0, 1, 2]
    assert [shard.end for shard in found] == [Place(0, 2), Place(1, 1), Place(1, 2)]


def test_they_are_the_same_from_any_place_on(tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / f"{name}.jsonl", ["x"] * 5) for name in "abc"]
    found = list(cut(files, 4))
    for i, shard in enumerate(found[:-1]):
        assert list(cut(files, 4, number=i + 1, start=shard.end)) == found[i + 1 :]


def test_files_that_are_done_are_not_opened(tmp_path: Path) -> None:
    files = [tmp_path / "gone.jsonl", write_jsonl(tmp_path / "b.jsonl", ["x"])]
    assert ids(list(cut(files, 4, number=1, start=Place(1, 0)))) == [["b-0"]]
    assert ids(list(cut(files, 4))) == [["-", "b-0"]]


def test_long_documents_make_short_shards(tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / "a.jsonl", ["x" * (shards.LARGEST_SHARD // 2)] * 5)]
    assert [len(shard) for shard in ids(list(cut(files, 100)))] == [2, 2, 1]
