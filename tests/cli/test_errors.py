"""Every command, with bad input, on the real command line: one line, exit code 1, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from spacy_litbert.cli import app
from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.files import replacing

from ..conftest import build_ner


@pytest.fixture(scope="module")
def pipeline(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    build_ner(checkpoint).to_disk(folder)
    return folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def only_line(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert result.output.startswith("✘ ")
    assert result.output.count("\n") == 1
    return result.output


def test_output_that_can_not_hold_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="cp1252", write_through=True))
    with errors_in_one_line():
        print("TNF-α ⟦é⟧ \udce9")
    assert written.getvalue() == b"TNF-\\u03b1 \\u27e6\xe9\\u27e7 \\udce9\n"


def test_a_missing_file_or_folder(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for arguments in (
        ("convert", nowhere, tmp_path / "out"),
        ("export", nowhere, tmp_path / "out"),
        ("inspect", nowhere),
        ("tokens", nowhere, "--show", "fever"),
        ("tokens", "litbert-oa-small", "--texts", nowhere),
        ("vocab", tmp_path / "out", nowhere),
        ("pretrain", nowhere),
    ):
        assert str(nowhere) in only_line(invoke(*arguments))
    (tmp_path / "a.txt").write_text("fever\n")
    result = invoke("vocab", tmp_path / "out", tmp_path / "a.txt", "--exclude", nowhere)
    assert "[L224]" in only_line(result)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_damaged_file(checkpoint: Path, pipeline: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(checkpoint, tmp_path / "checkpoint")
    (broken / "model.safetensors").write_bytes(b"not a tensor in sight")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "cut o')
    (tmp_path / "run.cfg").write_text("[training\n")
    for arguments in (
        ("convert", broken, tmp_path / "out"),
        ("vocab", tmp_path / "out", tmp_path / "a.jsonl", "--quiet"),
        ("tokens", "litbert-oa-small", "--texts", tmp_path / "a.jsonl"),
        ("pretrain", tmp_path / "run.cfg"),
    ):
        only_line(invoke(*arguments))
    assert invoke("inspect", broken).exit_code == 1
    for name, content in (("config.cfg", "[nlp"), ("meta.json", "{"), ("transformer/model", "x"), ("ner/moves", "")):
        damaged = shutil.copytree(pipeline, tmp_path / "pipeline", dirs_exist_ok=True)
        (damaged / name).write_text(content)
        code = "L312" if name == "transformer/model" else "L341"
        assert f"[{code}]" in only_line(invoke("export", damaged, tmp_path / "out")), name
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("fever\n")
    (tmp_path / "ids.txt").write_text("x")
    (tmp_path / "ids.txt").chmod(0)
    line = only_line(invoke("vocab", tmp_path / "out", tmp_path / "a.txt", "--exclude", tmp_path / "ids.txt"))
    assert "[L222]" in line
    assert "Permission denied" in line


def test_a_place_that_can_not_be_written_to(checkpoint: Path, pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "a.txt").write_text("mice had fever\n" * 9)
    below = tmp_path / "file" / "below"
    for arguments in (
        ("convert", checkpoint, below),
        ("export", pipeline, below),
        ("inspect", checkpoint, "--json", below),
        ("tokens", "litbert-oa-small", "--texts", tmp_path / "a.txt", "--json", below),
        ("vocab", below, tmp_path / "a.txt", "--quiet"),
    ):
        result = invoke(*arguments)
        assert isinstance(result.exception, SystemExit), arguments
        assert result.exit_code == 1
        assert "[L222]" in result.output
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    "error, message",
    [
        (
            FileNotFoundError(2, "No such file or directory", "a.txt"),
            "✘ [L224] There is no file a.txt. Check the name, and the folder that it is looked for in.",
        ),
        (PermissionError(13, "Permission denied", "a.txt"), "✘ [L222] Can't read or write a.txt: Permission denied."),
        (OSError("[E050] Can't find model"), "✘ [E050] Can't find model\n"),
    ],
    ids=["missing", "unreadable", "spaCy's own"],
)
def test_errors_of_the_operating_system(error: OSError, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"), errors_in_one_line():
        raise error
    assert capsys.readouterr().err.startswith(message)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    with pytest.raises(BrokenPipeError), errors_in_one_line():
        raise BrokenPipeError


def test_a_full_disk_is_said_with_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), errors_in_one_line(), replacing(tmp_path / "report.json"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    said = capsys.readouterr().err
    assert "[L222]" in said
    assert str(tmp_path / "report.json") in said
    assert list(tmp_path.iterdir()) == []


def test_what_files_say_does_not_command_the_terminal(checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "folder"))
    (folder / "README.md").write_text("# \x1b]0;owned\x07 a card\n", "utf8")
    result = invoke("inspect", folder)
    assert result.exit_code == 0, result.output
    assert "\x1b]0" not in result.output
    assert r"\x1b]0;owned\x07 a card" in result.output
