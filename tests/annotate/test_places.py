"""Where a run may write: nothing of the user's is touched, and nothing that is written is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_litbert.annotate.manifest import opened
from spacy_litbert.annotate.run import annotate
from spacy_litbert.errors import LitBertError

from .conftest import write_jsonl

TEXT = "Given zinomycin. She had fits ."


def test_a_folder_of_the_users_is_not_written_to(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("mine")
    for target in (tmp_path / "mine", tmp_path, tmp_path / "a.jsonl"):
        with pytest.raises(LitBertError, match="L218"):
            annotate(ruler, [tmp_path / "a.jsonl"], target)
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(LitBertError, match=r"L218.*notes\.txt"):
        annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.doc"]


def test_what_macos_puts_into_folders_does_not_end_a_run(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    for _ in range(2):
        assert annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out").documents == 1
        (tmp_path / "out" / ".DS_Store").write_bytes(b"\0")


@pytest.mark.parametrize("pattern", ["in/**/*.jsonl", "in/*", "i*/**", "in/*/man*.jsonl", "in/o?t/part-*.jsonl"])
def test_a_pattern_that_names_what_is_written_is_refused_at_once(
    ruler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    for folder in (tmp_path / "in", tmp_path / "in" / "out-1"):
        folder.mkdir()
        write_jsonl(folder / "part-a.jsonl", [TEXT])
        write_jsonl(folder / "manual.jsonl", [TEXT])
    (tmp_path / "in" / "out").mkdir()
    (tmp_path / "in" / "oat").mkdir()
    write_jsonl(tmp_path / "in" / "oat" / "part-b.jsonl", [TEXT])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LitBertError, match=r"L218.*in/out.*pattern"):
        annotate(ruler, [pattern], Path("in/out"))
    assert not list((tmp_path / "in" / "out").iterdir())


@pytest.mark.parametrize("pattern", ["in/*.jsonl", "in/**/a*.jsonl", "in/a/**/*.jsonl", "in/[a-c]/*"])
def test_other_patterns_over_the_output_are_gone_on_with(
    ruler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    for folder in (tmp_path / "in", tmp_path / "in" / "a"):
        write_jsonl(folder / "a.jsonl", [TEXT])
    monkeypatch.chdir(tmp_path)
    first, again = (annotate(ruler, [pattern], Path("in/out")) for _ in range(2))
    assert again.documents == first.documents > 0


def test_one_process_writes_to_a_folder(ruler: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [TEXT])
    annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
    settings = json.loads((tmp_path / "out" / "manifest.jsonl").read_text().splitlines()[0])
    with opened(tmp_path / "out", settings), pytest.raises(LitBertError, match="L627"):
        annotate(ruler, [tmp_path / "a.jsonl"], tmp_path / "out")
