from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_litbert.errors import LitBertError
from spacy_litbert.training.loop import LAST
from spacy_litbert.training.run import STATE
from spacy_litbert.training.state import read
from spacy_litbert.workflow.trainings import Training, run_of, train_all

from .conftest import NER

CONFIG = NER / "configs" / "ner_cnn.cfg"


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    doc = spacy.blank("en").make_doc("Aspirin may cause bleeding.")
    doc.set_ents([doc.char_span(0, 7, label="Chemical"), doc.char_span(18, 26, label="Disease")])
    path = tmp_path_factory.mktemp("docs") / "train.spacy"
    DocBin(docs=[doc]).to_disk(path)
    return path


def training(docs: Path, output: Path, **overrides: int) -> Training:
    short = {"training.max_steps": 2, "training.eval_frequency": 1}
    return Training(CONFIG, output, {"paths.train": str(docs), "paths.dev": str(docs), **short, **overrides})


def test_what_is_done_is_not_done_again_until_something_changes(docs: Path, tmp_path: Path) -> None:
    both = [training(docs, tmp_path / "a"), training(docs, tmp_path / "b", **{"system.seed": 1})]
    train_all(both, jobs=2)
    made = [(one.best / "meta.json").stat().st_mtime_ns for one in both]
    train_all(both)
    assert [(one.best / "meta.json").stat().st_mtime_ns for one in both] == made
    changed = training(docs, tmp_path / "a", **{"system.seed": 2})
    train_all([changed, both[1]])
    again = [(one.best / "meta.json").stat().st_mtime_ns for one in both]
    assert again[0] != made[0]
    assert again[1] == made[1]
    assert spacy.load(changed.best).config["system"]["seed"] == 2


def test_a_failed_training_shows_the_end_of_its_log_after_the_others_have_ended(docs: Path, tmp_path: Path) -> None:
    good = training(docs, tmp_path / "good")
    bad = training(tmp_path / "nowhere.spacy", tmp_path / "bad")
    with pytest.raises(LitBertError, match=r"(?s)L620.*bad.*nowhere\.spacy"):
        train_all([bad, good])
    assert good.best.is_dir()


def test_what_was_trained_elsewhere_or_is_gone_is_trained_again(docs: Path, tmp_path: Path) -> None:
    one = training(docs, tmp_path / "a")
    train_all([one])
    assert {"versions", "date", "machine"} <= set(run_of(one))
    stamp = tmp_path / "a" / "training.json"
    kept = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({**kept, "on_gpu": True}))
    made = (one.best / "meta.json").stat().st_mtime_ns
    train_all([one])
    assert (one.best / "meta.json").stat().st_mtime_ns != made
    shutil.rmtree(one.best)
    train_all([one])
    assert one.best.is_dir()


def test_what_was_stopped_goes_on_unless_something_changed(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = training(docs, tmp_path / "a", **{"training.max_steps": 0, "training.patience": 0})
    state, steps = tmp_path / "a" / STATE, 0
    with monkeypatch.context() as patch:
        patch.setattr("spacy_litbert.workflow.trainings.subprocess.run", run_until_there_is(endless.output / LAST))
        for _ in range(2):
            shutil.rmtree(endless.output / LAST, ignore_errors=True)
            with pytest.raises(LitBertError, match=r"L620.*exit code 143"):
                train_all([endless])
            assert read(state).state.steps > steps
            steps = read(state).state.steps
    with pytest.raises(KeyError):
        run_of(endless)
    train_all([training(docs, tmp_path / "a")])
    assert not state.exists()
    assert spacy.load(endless.best).config["training"]["max_steps"] == 2


def test_after_ctrl_c_none_is_begun(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []

    def run(*arguments: Any, **settings: Any) -> subprocess.CompletedProcess[str]:
        begun.append(arguments)
        time.sleep(0.5)
        return subprocess.CompletedProcess(arguments, 143)

    def interrupted(runs: Any, **settings: Any) -> Iterator[Any]:
        while not begun:
            time.sleep(0.01)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("spacy_litbert.workflow.trainings.subprocess.run", run)
    monkeypatch.setattr("spacy_litbert.workflow.trainings.tqdm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_all([training(docs, tmp_path / name) for name in "abc"])
    assert len(begun) == 1


def run_until_there_is(path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``subprocess.run`` for a process that is sent SIGTERM as soon as there is something at ``path``."""

    def run(*arguments: Any, **settings: Any) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(*arguments, **settings)
        while process.poll() is None and not path.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        return subprocess.CompletedProcess(process.args, process.wait(timeout=60))

    return run
