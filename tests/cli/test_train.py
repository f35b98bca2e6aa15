from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from spacy_litbert.cli import app


def test_an_option_that_there_is_not_is_named(tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "projects" / "ner" / "configs" / "litbert_ner_cpu.cfg"
    done = CliRunner().invoke(app, ["train", str(config), "--output", str(tmp_path / "out"), "--resum"])
    assert done.exit_code == 2
    assert "No such option '--resum'" in done.output
    assert not (tmp_path / "out").exists()
