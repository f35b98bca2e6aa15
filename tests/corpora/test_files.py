from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spacy_litbert.corpora.files import numbered_lines
from spacy_litbert.errors import LitBertError
from spacy_litbert.files import replacing


def test_lines_are_numbered_and_bare(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffα\r\n\n b \u2028\n".encode())
    assert list(numbered_lines(path)) == [(1, "α"), (2, ""), (3, " b \u2028")]


def test_gzipped_lines_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("α\nb".encode()))
    assert list(numbered_lines(path)) == [(1, "α"), (2, "b")]


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"text\n" * 1000)
    bits = whole[:15] + b"??" + whole[17:]
    for name, data in (("cut.gz", whole[:-20]), ("no.gz", b"text"), ("bits.gz", bits), ("empty.gz", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(LitBertError, match="L207"):
            list(numbered_lines(tmp_path / name))
    with pytest.raises(LitBertError, match="L224"):
        list(numbered_lines(tmp_path / "missing"))


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\nb\xe4d\n")
    with pytest.raises(LitBertError, match=r"L401.*line 2"):
        list(numbered_lines(path))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.txt"
    with replacing(path) as partial:
        partial.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_text(f"half{1 / 0}")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
