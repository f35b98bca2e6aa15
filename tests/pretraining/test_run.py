"""Whole runs: interrupted, resumed, stopped, shared by processes, bounded by the clock, exported."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertForPreTraining, BertModel

from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.curve import read_curve
from spacy_litbert.pretraining.evaluate import evaluate_folder
from spacy_litbert.pretraining.loop import Trainer
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.processes import Processes
from spacy_litbert.pretraining.run import make_trainer, pretrain
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.pretraining.state import latest_checkpoint
from spacy_litbert.tokenization.vocabulary import Vocabulary

from .conftest import PROJECT, stop_after

MakeSettings = Callable[..., Settings]
FIGURES = ("step", "tokens", "length", "learning_rate", "masked_loss", "masked_accuracy", "next_loss", "next_accuracy")


def _run(settings: Settings, **options: Any) -> list[tuple[float, ...]]:
    assert pretrain(settings, progress=False, **options)
    return _figures(settings)


def _figures(settings: Settings) -> list[tuple[float, ...]]:
    rows = read_curve(Path(settings.training.output) / "curve.csv")
    return [tuple(row[name] for name in FIGURES) for row in rows]


def test_interrupted_and_resumed_is_as_if_nothing_had_happened(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With dropout, two row lengths, and a line of the curve that an interruption cuts in two.
    options: dict[str, Any] = {"report__log_steps": 3, "training__long_share": 0.3, "training__shifted_share": 0.8}
    whole = _run(make_settings("whole", **options))
    cut = make_settings("cut", **options)
    for step in (4, 10):  # in either row length
        with monkeypatch.context() as patch:
            stop_after(patch, step)
            assert not pretrain(cut, resume=True, progress=False)
        checkpoint = latest_checkpoint(Path(cut.training.output))
        assert checkpoint is not None
        assert checkpoint.name == f"checkpoint-{step:08d}"
    assert _run(cut, resume=True) == whole
    assert {row[2] for row in whole} == {128, 512}
    models = [load_file(Path(s.export.folder) / "model.safetensors") for s in (cut, make_settings("whole"))]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[1])


def test_what_came_after_the_last_checkpoint_is_done_again(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _run(make_settings("whole"))
    settings = make_settings("killed", report__checkpoints=4)
    original = Trainer._step

    def failing(self: Trainer, *arguments: Any) -> float:
        if self.state.step == 8:
            raise KeyboardInterrupt
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", failing)
        with pytest.raises(KeyboardInterrupt):
            pretrain(settings, progress=False)
    assert len(_figures(settings)) == 8
    (Path(settings.training.output) / ".checkpoint-00000008.ab_cdef7.partial").mkdir()  # as if cut off while saving
    assert _run(settings, resume=True) == whole


def test_processes_give_the_losses_of_one(make_settings: MakeSettings, tmp_path: Path) -> None:
    options: dict[str, Any] = {"model__hidden_dropout_prob": 0.0, "training__steps": 8, "training__micro_tokens": 512}
    alone = make_settings("alone", **options)
    _run(alone)
    both = make_settings("both", **options)
    arguments = [
        item
        for section, values in both.to_dict().items()
        for name, value in values.items()
        for item in (f"--{section}.{name}", json.dumps(value))
    ]
    command = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0", "--standalone"]
    subprocess.run(
        [sys.executable, *command, "-m", "spacy_litbert.pretraining.run", PROJECT / "configs" / "tiny.cfg", *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    for found, expected in zip(_figures(both), _figures(alone), strict=True):
        assert found == pytest.approx(expected, abs=1e-4)
    held = [read_curve(Path(one.training.output) / "heldout.csv") for one in (both, alone)]
    assert held[0][-1] == pytest.approx(held[1][-1], abs=1e-4)


def test_sigterm_saves_and_exits_with_zero(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=100_000)
    arguments = [f"--data.{name}={json.dumps(getattr(settings.data, name))}" for name in ("train", "heldout")]
    arguments += [f"--training.output={json.dumps(settings.training.output)}", "--training.steps=100000"]
    flat = [part for argument in arguments for part in argument.split("=", 1)]
    process = subprocess.Popen(
        [sys.executable, "-m", "spacy_litbert.pretraining.run", PROJECT / "configs" / "tiny.cfg", *flat],
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    while b"/100000" not in process.stderr.read(64):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert latest_checkpoint(Path(settings.training.output)) is not None


def test_a_budget_of_time_ends_at_a_rate_of_zero(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=None, training__minutes=1.0, training__warmup=0.2)
    clock = itertools.count(0.0, 0.7).__next__
    curve = _run(settings, clock=clock)
    rates = [row[3] for row in curve]
    peak = max(range(len(rates)), key=rates.__getitem__)
    assert rates[peak] == pytest.approx(settings.training.learning_rate, rel=0.1)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.1 * settings.training.learning_rate
    record = json.loads((Path(settings.training.output) / "run.json").read_text("utf8"))
    assert record["hours"] * 3600 == pytest.approx(60, abs=10)
    assert {row[2] for row in curve} == {128, 512}


@pytest.fixture
def exported(make_settings: MakeSettings) -> Path:
    settings = make_settings(training__steps=4)
    _run(settings)
    return Path(settings.export.folder)


def test_the_export_loads_everywhere(exported: Path) -> None:
    checkpoint = load_checkpoint(exported)
    bert = BertModel.from_pretrained(exported)
    full, found = BertForPreTraining.from_pretrained(exported, output_loading_info=True)
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert full.dtype == bert.dtype == torch.float32
    tokenizer = AutoTokenizer.from_pretrained(exported)
    assert tokenizer.model_max_length == checkpoint.limit == 512
    text = "Velorapine lowered GRX7 by ≥ 5 % in mice (β-ferrin → ♀)."
    inputs = tokenizer(text, return_tensors="pt")
    assert inputs["input_ids"][0, 1:-1].tolist() == checkpoint.vocabulary.tokenizer().encode(text).ids
    with torch.no_grad():
        vectors = [model.eval()(**inputs).last_hidden_state for model in (bert, full.bert, checkpoint.bert)]
    torch.testing.assert_close(vectors[0], vectors[1])
    torch.testing.assert_close(vectors[0], vectors[2])


def test_the_export_is_for_fine_tuning(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=1, model__hidden_dropout_prob=0.0)
    _run(settings)
    assert BertModel.from_pretrained(settings.export.folder).config.hidden_dropout_prob == 0.1


def test_the_card_says_what_happened(exported: Path) -> None:
    card = (exported / "README.md").read_text("utf8")
    for words in ("masked language model and next-sentence prediction", "| steps | 4 of", "| sample | CC0-1.0 | 44 |"):
        assert words in card
    assert str(exported.parent) not in card + (exported / "run.json").read_text("utf8")
    with (exported / "curve.csv").open(newline="", encoding="utf8") as lines:
        assert len(list(csv.DictReader(lines))) == 4


def test_evaluation_repeats_the_runs_own(exported: Path, prepared: Path) -> None:
    last = read_curve(exported / "heldout.csv")[-1]
    figures = evaluate_folder(exported, prepared / "heldout", length=128, n=64, progress=False)
    for name in ("masked_loss", "masked_accuracy", "next_loss", "next_accuracy"):
        assert figures[name] == pytest.approx(last[name], abs=2e-3)  # its weights are float16


def test_evaluation_is_of_what_was_trained(make_settings: MakeSettings, prepared: Path) -> None:
    settings = make_settings(training__steps=1, training__objective="mlm", export__storage="float32")
    assert pretrain(settings, progress=False)
    last = read_curve(Path(settings.training.output) / "heldout.csv")[-1]
    figures = evaluate_folder(Path(settings.export.folder), prepared / "heldout", length=128, n=64, progress=False)
    assert "next_loss" not in figures
    assert figures["masked_loss"] == pytest.approx(last["masked_loss"], rel=1e-5)


def test_goes_on_from_exported_weights(exported: Path, make_settings: MakeSettings) -> None:
    settings = make_settings("second", model__start=str(exported), training__steps=1, training__learning_rate=1e-12)
    _run(settings)
    before, after = (load_file(Path(folder) / "model.safetensors") for folder in (exported, settings.export.folder))
    assert all(torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(LitBertError, match=r"L507.*hidden_size"):
        pretrain(make_settings("third", model__start=str(exported), model__hidden_size=32), progress=False)


def test_shards_load_as_one_model(make_settings: MakeSettings) -> None:
    settings = make_settings(
        training__steps=2, export__shard_megabytes=1, model__intermediate_size=4096, export__storage="float32"
    )
    _run(settings)
    folder = Path(settings.export.folder)
    files = sorted(folder.glob("model-*.safetensors"))
    assert len(files) > 1
    found = load_checkpoint(folder).bert.state_dict()
    for name, value in BertModel.from_pretrained(folder).state_dict().items():
        assert torch.equal(found[name], value)


def test_masked_lm_alone(make_settings: MakeSettings) -> None:
    settings = make_settings(training__objective="mlm", training__steps=2)
    assert pretrain(settings, progress=False)
    row = read_curve(Path(settings.training.output) / "curve.csv")[-1]
    assert "masked_loss" in row
    assert "next_loss" not in row


def test_refuses_to_overwrite_or_to_mix_runs(make_settings: MakeSettings) -> None:
    _run(make_settings(training__steps=2))
    with pytest.raises(LitBertError, match=r"L504.*step 2"):
        pretrain(make_settings(), progress=False)
    with pytest.raises(LitBertError, match=r"L505.*training.seed"):
        pretrain(make_settings(training__seed=1), resume=True, progress=False)


def test_refuses_a_batch_that_can_not_be_shared(make_settings: MakeSettings) -> None:
    three = Processes(rank=0, n=3, device=torch.device("cpu"), control=None)
    with pytest.raises(LitBertError, match=r"L506.*\(3\)"):
        make_trainer(make_settings(), three, resume=False)


def test_a_broken_loss_ends_the_run(make_settings: MakeSettings) -> None:
    with pytest.raises(LitBertError, match="L509"):
        pretrain(make_settings(training__learning_rate=1e12), progress=False)


def test_weights_that_are_no_numbers_are_not_saved(make_settings: MakeSettings) -> None:
    settings = make_settings(training__steps=8, report__log_steps=8, report__checkpoints=4)
    step = Trainer._step

    def broken(self: Trainer, *arguments: Any) -> float:
        rate = step(self, *arguments)
        if self.state.step == 3:
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("nan"))
        return rate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_step", broken)
        with pytest.raises(LitBertError, match=r"L509.*step 4.*weight"):
            pretrain(settings, progress=False)
    [kept] = Path(settings.training.output).glob("checkpoint-*")
    assert kept.name == "checkpoint-00000002"
    assert all(value.isfinite().all() for value in load_file(kept / "model.safetensors").values())


@pytest.mark.parametrize("place", ["thesis", "a model of others", "around the run"])
def test_an_export_replaces_nothing_but_an_earlier_one(make_settings: MakeSettings, tmp_path: Path, place: str) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / ("config.json" if place == "a model of others" else "thesis.txt")).write_text("{}")
    run = target / "run" / "1" if place == "around the run" else tmp_path / "run"
    settings = make_settings(training__steps=1, training__output=str(run), export__folder=str(target))
    with pytest.raises(LitBertError, match="L218"):
        pretrain(settings, progress=False)
    assert not run.exists()
    assert len(list(target.iterdir())) == 1


def test_the_text_of_a_run_stays_the_same(make_settings: MakeSettings, texts: list[Path], tmp_path: Path) -> None:
    prepared = Path(make_settings().data.train).parent
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    own = {"data__train": str(tmp_path / "train"), "data__heldout": str(tmp_path / "heldout")}
    settings = make_settings(training__steps=2, **own)
    assert pretrain(settings, progress=False)
    assert pretrain(settings, resume=True, progress=False)
    vocabulary = Corpus(tmp_path / "train").vocabulary
    prepare(texts, tmp_path / "train", vocabulary, wordpiece_dropout=0.5, progress=False)
    with pytest.raises(LitBertError, match=r"L505.*text of data\.train"):
        pretrain(settings, resume=True, progress=False)


def test_a_run_does_not_lie_over_a_model(
    make_settings: MakeSettings, texts: list[Path], vocabulary: Vocabulary
) -> None:
    exported = Path(make_settings().training.output).parent / "model"
    assert pretrain(make_settings(training__steps=1, export__folder=str(exported)), progress=False)
    before = (exported / "vocab.txt").read_bytes()
    with pytest.raises(LitBertError, match=r"L218.*a model lies there"):
        pretrain(make_settings("other", training__output=str(exported)), progress=False)
    with pytest.raises(LitBertError, match=r"L218.*a model lies there"):
        prepare(texts, exported, vocabulary, progress=False)
    assert (exported / "vocab.txt").read_bytes() == before


def test_an_export_may_lie_in_the_folder_of_its_run(make_settings: MakeSettings, tmp_path: Path) -> None:
    own = {"training__output": str(tmp_path / "run"), "export__folder": str(tmp_path / "run" / "model")}
    for _ in range(2):
        assert pretrain(make_settings(training__steps=1, **own), resume=True, progress=False)
    load_checkpoint(tmp_path / "run" / "model")
