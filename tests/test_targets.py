"""Folders that no new folder can replace are refused before the work: the one that one is in, and mounted ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spacy_litbert.errors import LitBertError
from spacy_litbert.targets import check_target, only


def check(target: Path, **options: bool) -> None:
    check_target(target, made=only("*"), what="toy", option=None, **options)


def test_the_folder_that_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    (here / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(here / "below")
    monkeypatch.chdir(tmp_path / "link")
    for target in (Path(), Path("."), here / "below", here, Path("..")):
        with pytest.raises(LitBertError, match=r"L218.*you are in it"):
            check(target)
        check(target, in_place=True)
    for target in (Path("new"), tmp_path / "beside"):
        check(target)


def test_where_there_is_no_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    check(tmp_path / "new")


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="a system that mounts /proc")
def test_a_mounted_folder() -> None:
    with pytest.raises(LitBertError, match=r"L218.*mounted"):
        check(Path("/proc"))
