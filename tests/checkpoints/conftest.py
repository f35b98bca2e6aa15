"""A toy of the original zip, written by TensorFlow once a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import toy_tokens
from .original import TOY, Arrays, adam_slots, original_variables, save, save_quickly, write_model

NAME = "LitBERT-cased-biomed-vocab-model.ckpt"


@pytest.fixture(scope="session")
def variables() -> Arrays:
    return original_variables({**TOY, "vocab_size": len(toy_tokens())})


@pytest.fixture(scope="session")
def _original(tmp_path_factory: pytest.TempPathFactory, variables: Arrays) -> Path:
    folder = tmp_path_factory.mktemp("original") / "LitBERT-cased-v1.0"
    save(folder, NAME, {**variables, **adam_slots(variables)})
    write_model(folder, {**TOY, "vocab_size": len(toy_tokens())}, toy_tokens())
    return folder


@pytest.fixture
def original(_original: Path, tmp_path: Path) -> Path:
    """The unpacked zip: a checkpoint with Adam slots and global_step, ``checkpoint``, config and vocabulary."""
    return Path(shutil.copytree(_original, tmp_path / _original.name))


@pytest.fixture
def resave(original: Path) -> Callable[[Arrays], None]:
    """Write other variables in the place of the checkpoint."""
    return lambda arrays: save_quickly(original / NAME, arrays)
