from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.pretraining import run
from spacy_litbert.pretraining.config import Settings

CONFIG = Path(__file__).parents[2] / "projects" / "pretrain" / "configs" / "tiny.cfg"


@pytest.mark.parametrize(("finished", "message"), [(True, "Finished"), (False, "--resume")])
def test_hands_the_settings_on(monkeypatch: pytest.MonkeyPatch, finished: bool, message: str) -> None:
    calls: list[tuple[Settings, bool]] = []

    def pretrain(settings: Settings, *, resume: bool) -> bool:
        calls.append((settings, resume))
        return finished

    monkeypatch.setattr(run, "pretrain", pretrain)
    result = CliRunner().invoke(app, ["pretrain", str(CONFIG), "--resume", "--training.steps", "7"])
    assert result.exit_code == 0, result.output
    assert message in result.output
    assert [(settings.training.steps, resume) for settings, resume in calls] == [(7, True)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.cfg"], "L224"),
        ([str(CONFIG.parent)], "L225"),
        ([str(CONFIG), "--data.train", "nowhere"], "L502"),
        ([str(CONFIG), "--training.steps"], "L510"),
        ([str(CONFIG), "--model.layers", "2"], "L501"),
        ([str(CONFIG.parents[1] / "project.yml")], "L512"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_a_line(arguments: list[str], code: str) -> None:
    result = CliRunner().invoke(app, ["pretrain", *arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert f"[{code}]" in result.output
