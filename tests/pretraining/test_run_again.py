"""What can happen to a run beside its steps: a second process, other text, another end, signals, slow evaluations."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from spacy_litbert.errors import LitBertError
from spacy_litbert.files import alone
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.curve import read_curve
from spacy_litbert.pretraining.loop import Trainer
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.processes import Processes
from spacy_litbert.pretraining.run import make_trainer, pretrain
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.tokenization.vocabulary import Vocabulary

from .conftest import PROJECT, stop_after

MakeSettings = Callable[..., Settings]


def stopped_after(settings: Settings, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        assert not pretrain(settings, progress=False)


def card(settings: Settings) -> str:
    return (Path(settings.export.folder) / "README.md").read_text("utf8")


def test_one_run_at_a_time_in_a_folder(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(training__steps=1)
    with alone(tmp_path / "run") as mine:
        assert mine
        with pytest.raises(LitBertError, match=r"L518.*run"):
            pretrain(settings, progress=False)
    assert not (tmp_path / "run").exists()
    assert pretrain(settings, progress=False)


def test_a_folder_is_not_left_behind_where_nothing_began(make_settings: MakeSettings, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match="L502"):
        pretrain(make_settings(data__train=str(tmp_path / "nowhere")), progress=False)
    assert not (tmp_path / "run").exists()


def test_a_card_tells_of_its_own_run(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=2, export__name="first")
    assert pretrain(settings, progress=False)
    shutil.rmtree(Path(settings.training.output) / "checkpoint-00000002")
    second = make_settings(training__steps=2, export__name="second", training__objective="mlm", training__seed=5)
    assert pretrain(second, progress=False)
    assert "# second\n" in card(second)
    assert "masked language model alone" in card(second)


def test_a_finished_run_is_exported_by_the_settings_of_today(make_settings: MakeSettings) -> None:
    assert pretrain(make_settings(training__steps=1), progress=False)
    again = make_settings(
        training__steps=1, export__name="better", export__license="cc0-1.0", export__storage="float32"
    )
    assert pretrain(again, resume=True, progress=False)
    assert all(word in card(again) for word in ("# better\n", "license: cc0-1.0", "Stored as float32"))


def test_a_finished_run_is_not_made_longer(make_settings: MakeSettings) -> None:
    assert pretrain(make_settings(training__steps=2), progress=False)
    with pytest.raises(LitBertError, match=r"L517.*step 2.*run-model"):
        pretrain(make_settings(training__steps=4), resume=True, progress=False)
    assert pretrain(make_settings(training__steps=2), resume=True, progress=False)


def test_text_may_lie_elsewhere_but_not_be_another(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, prepared: Path, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    stopped_after(make_settings(), monkeypatch, 3)
    moved = shutil.copytree(prepared, tmp_path / "moved")
    prepare([PROJECT / "text" / "heldout.jsonl"], tmp_path / "other", vocabulary, wordpiece_dropout=0.9, progress=False)
    places = {"data__train": str(moved / "train"), "data__heldout": str(tmp_path / "other")}
    with pytest.raises(LitBertError, match=r"L505.*data\.heldout"):
        pretrain(make_settings(**places), resume=True, progress=False)
    assert pretrain(make_settings(**{**places, "data__heldout": str(moved / "heldout")}), resume=True, progress=False)


def test_held_out_text_is_not_trained_on(
    make_settings: MakeSettings, prepared: Path, vocabulary: Vocabulary, texts: list[Path], tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in texts[0].read_text("utf8").splitlines()]
    for number, row in enumerate(rows):
        row["id"] = f"other-{number}"
    (tmp_path / "heldout.jsonl").write_text("\n".join(map(json.dumps, rows[:3])), "utf8")
    prepare([tmp_path / "heldout.jsonl"], tmp_path / "heldout", vocabulary, progress=False)
    settings: dict[str, Any] = {"training__steps": 1, "data__heldout": str(tmp_path / "heldout")}
    with pytest.raises(LitBertError, match=r"L519.*3 of the 3 texts.*--apart-from"):
        pretrain(make_settings(**settings), progress=False)
    for _ in range(2):  # also of shards that are kept
        prepare(texts, tmp_path / "train", vocabulary, apart_from=tmp_path / "heldout", progress=False)
    n_documents = [len(Corpus(folder).fingerprints()) for folder in (prepared / "train", tmp_path / "train")]
    assert n_documents[0] - n_documents[1] == 3
    assert pretrain(make_settings(**settings, data__train=str(tmp_path / "train")), progress=False)


def test_a_signal_in_the_last_evaluation_costs_nothing(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = Trainer._evaluate

    def signalled(self: Trainer) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        evaluate(self)

    monkeypatch.setattr(Trainer, "_evaluate", signalled)
    settings = make_settings(training__steps=1)
    assert pretrain(settings, progress=False)
    assert (Path(settings.training.output) / "checkpoint-00000001").is_dir()


def test_what_falls_due_during_an_evaluation_is_done(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes: a step takes 2 seconds here, an evaluation 8, and 20 checkpoints are due in 120 seconds."""
    seconds = 0.0
    saves: list[float] = []
    step, evaluate, save = Trainer._step, Trainer._evaluate, Trainer._save

    def stepping(self: Trainer, *arguments: Any) -> float:
        nonlocal seconds
        seconds += 2
        return step(self, *arguments)

    def evaluating(self: Trainer) -> None:
        nonlocal seconds
        seconds += 8
        evaluate(self)

    def saving(self: Trainer) -> None:
        saves.append(seconds)
        save(self)

    for name, function in (("_step", stepping), ("_evaluate", evaluating), ("_save", saving)):
        monkeypatch.setattr(Trainer, name, function)
    settings = make_settings(training__steps=None, training__minutes=2.0, report__evaluations=4, report__checkpoints=20)
    assert pretrain(settings, clock=lambda: seconds, progress=False)
    assert max(later - earlier for earlier, later in pairwise(saves)) <= 6 + 2 + 8
    assert len(read_curve(Path(settings.training.output) / "heldout.csv")) == 4


def test_rows_of_the_first_length_are_shared_by_all_processes(make_settings: MakeSettings) -> None:
    processes = Processes(0, 2, torch.device("cpu"), None)
    sizes = {"training__batch_tokens": 512, "training__micro_tokens": 512}
    settings = make_settings(training__length=512, training__long_length=256, **sizes)
    with pytest.raises(LitBertError, match=r"L506.*\(512\).*\(2\)"):
        make_trainer(settings, processes, resume=False)
