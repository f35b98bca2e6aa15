"""The training configs: complete, valid, and the same on CPU and GPU but for what the hardware asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spacy.cli.debug_config import debug_config
from spacy.cli.init_config import fill_config
from spacy.util import load_config
from thinc.api import Config

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs"
FURTHER = CONFIGS / "litbert_ner_further.cfg"  # goes on with a pipeline, where the projects begin with weights
PATHS = sorted([*ROOT.glob("projects/ner/configs/*.cfg"), *ROOT.glob("projects/textcat/configs/*.cfg"), FURTHER])


def test_the_configs_on_litbert_are_those_of_the_projects() -> None:
    found = {path.name: path.read_bytes() for path in CONFIGS.glob("*.cfg") if path != FURTHER}
    assert found == {path.name: path.read_bytes() for path in PATHS if "LitBert" in path.read_text("utf8")}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_config_is_complete(path: Path, tmp_path: Path) -> None:
    fill_config(tmp_path / "filled.cfg", path, silent=True)
    assert load_config(tmp_path / "filled.cfg") == load_config(path)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_config_is_valid(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in files_of(load_config(path).interpolate()["corpora"]["train"]):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    debug_config(path)


def files_of(reader: dict[str, Any]) -> list[str]:
    """Those that the reader of several corpora asks for when it is made."""
    corpora = reader.get("corpora", {})
    # Each has train and dev.
    named = [corpus["path"] for corpus in corpora.values()]
    return [*reader.get("exclude", []), *named, *(name.replace("train.spacy", "dev.spacy") for name in named)]


@pytest.mark.parametrize("name", ["ner", "litbert_ner", "textcat"])
def test_cpu_and_gpu_differ_in_hardware_only(name: str) -> None:
    cpu, gpu = (flat(load_config(CONFIGS / f"{name}{ending}.cfg")) for ending in ("_cpu", ""))
    assert {key for key in cpu if cpu[key] != gpu[key]} == {
        "system.gpu_allocator",
        "components.transformer.model.precision",
    }


@pytest.mark.parametrize("ending", ["_cpu", ""])
def test_the_two_recognisers_are_trained_alike(ending: str) -> None:
    ner, litbert_ner = (flat(load_config(CONFIGS / f"{name}{ending}.cfg")) for name in ("ner", "litbert_ner"))
    different = {key for key in ner.keys() | litbert_ner.keys() if ner.get(key) != litbert_ner.get(key)}
    assert {key.split(".")[1] for key in different} == {"pipeline", "ner", "litbert_ner"}


@pytest.mark.parametrize("ending", ["_cpu", ""])
def test_the_encoder_is_trained_alike_for_every_task_but_for_the_peak_learning_rate(ending: str) -> None:
    ner, textcat = (load_config(CONFIGS / f"{name}{ending}.cfg") for name in ("ner", "textcat"))
    assert ner["components"]["transformer"] == textcat["components"]["transformer"]
    assert ner["nlp"]["tokenizer"] == textcat["nlp"]["tokenizer"]
    assert ner["training"]["batcher"] == textcat["training"]["batcher"]
    optimizers = [flat(config["training"]["optimizer"]) for config in (ner, textcat)]
    for optimizer in optimizers:
        del optimizer["learn_rate.initial_rate"]
    assert optimizers[0] == optimizers[1]


def flat(config: Config | dict[str, Any], prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in config.items():
        values.update(flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return values
