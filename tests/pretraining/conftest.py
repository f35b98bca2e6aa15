"""The sample text of projects/pretrain, tokenised once; runs on it take a second."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spacy_litbert.corpora.selection import read_texts
from spacy_litbert.corpora.unlabelled_text import find_texts
from spacy_litbert.pretraining.config import Settings, read_settings
from spacy_litbert.pretraining.loop import Trainer
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.tokenization.alphabet import BIOMEDICAL_ALPHABET
from spacy_litbert.tokenization.train import count_words, train_vocabulary
from spacy_litbert.tokenization.vocabulary import Vocabulary

PROJECT = Path(__file__).parents[2] / "projects" / "pretrain"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def texts() -> list[Path]:
    return find_texts([str(PROJECT / "text" / "text-*")])


@pytest.fixture(scope="session")
def vocabulary(texts: list[Path]) -> Vocabulary:
    words = count_words((text, 1) for text in read_texts(texts))
    return train_vocabulary(words, 800, alphabet=BIOMEDICAL_ALPHABET, progress=False)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, texts: list[Path], vocabulary: Vocabulary) -> Path:
    """A folder with the shards in ``train`` and the held-out text in ``heldout``."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(texts, folder / "train", vocabulary, progress=False)
    prepare([PROJECT / "text" / "heldout.jsonl"], folder / "heldout", vocabulary, progress=False)
    return folder


@pytest.fixture(scope="session")
def corpus(prepared: Path) -> Corpus:
    return Corpus(prepared / "train")


@pytest.fixture
def make_settings(tmp_path: Path, prepared: Path) -> Callable[..., Settings]:
    """Settings of configs/tiny.cfg for a run below ``tmp_path``; ``a__b=c`` overrides ``a.b``."""

    def make(name: str = "run", **overrides: Any) -> Settings:
        values = {
            "data.train": str(prepared / "train"),
            "data.heldout": str(prepared / "heldout"),
            "training.output": str(tmp_path / name),
            "export.folder": str(tmp_path / f"{name}-model"),
            "training.steps": 12,
            "report.log_steps": 1,
            **{key.replace("__", "."): value for key, value in overrides.items()},
        }
        return read_settings(PROJECT / "configs" / "tiny.cfg", {key: json.dumps(v) for key, v in values.items()})

    return make


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Send this process SIGTERM during the given step."""
    original = Trainer._step

    def stepping(self: Trainer, *arguments: Any) -> float:
        if self.state.step == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, *arguments)

    monkeypatch.setattr(Trainer, "_step", stepping)
