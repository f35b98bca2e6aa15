from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from spacy.util import load_config, registry
from thinc.api import Config, Model, PyTorchWrapper, chain, with_array

from spacy_litbert.errors import LitBertError
from spacy_litbert.training.loop import Loop
from spacy_litbert.training.run import STATE, train
from spacy_litbert.training.state import read

from ..conftest import write_checkpoint

CONFIGS = Path(__file__).parents[2] / "projects" / "ner" / "configs"
DRUGS, DISEASES = ["Aspirin", "Heparin", "Cisplatin", "Warfarin"], ["bleeding", "nausea", "anaemia", "fever", "rash"]


def write_docs(path: Path, seed: int) -> Path:
    chance, nlp = random.Random(seed), spacy.blank("en")
    docs = []
    for _ in range(30):
        drug, disease = chance.choice(DRUGS), chance.choice(DISEASES)
        doc = nlp.make_doc(f"{drug} may cause {disease} in {chance.randint(2, 99)} of our patients, and no {disease}.")
        doc.set_ents(
            [doc.char_span(0, len(drug), label="Chemical"), doc[3:4].char_span(0, len(disease), label="Disease")]
        )
        docs.append(doc)
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("docs")
    made = {f"paths.{name}": str(write_docs(folder / f"{name}.spacy", i)) for i, name in enumerate(("train", "dev"))}
    return {**made, "paths.weights": str(write_checkpoint(folder / "weights", limit=256))}


def config_of(paths: dict[str, Any], name: str = "ner_cnn.cfg", **training: Any) -> Config:
    """A training of 14 steps, 4 of them an epoch; ``training`` takes the place of settings of that section."""
    weights = {} if name == "ner_cnn.cfg" else {"paths.weights": paths["paths.weights"]}
    files = {key: paths[key] for key in ("paths.train", "paths.dev")}
    config = load_config(CONFIGS / name, overrides={**files, **weights})
    batcher = {"@batchers": "spacy.batch_by_sequence.v1", "size": 8, "get_length": None}
    config["corpora"]["train"]["augmenter"] = training.pop("augmenter", None)
    if "network" in training:
        model = config["components"]["tok2vec"]["model"]
        width = model["encode"]["width"]
        model["encode"] = {"@architectures": training.pop("network"), "encode": model["encode"], "width": width}
    config["training"].update({"max_steps": 14, "eval_frequency": 4, "batcher": batcher, **training})
    return config


def stop_at(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """Have each sitting but the last told to stop while it prepares for one of these steps."""
    original, left = Loop._is_to_save, list(steps)

    def due(self: Loop, step: int) -> bool:
        if left and step == left[0]:
            left.pop(0)
            self.request_stop()
        return original(self, step)

    monkeypatch.setattr(Loop, "_is_to_save", due)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def quietly(config: Config, output: Path, *, resume: bool = True) -> tuple[bool, list[str]]:
    """Whether it was finished, and the rows of its log."""
    log = io.StringIO()
    finished = train(config, output, resume=resume, stdout=log, stderr=io.StringIO())
    return finished, [line for line in log.getvalue().splitlines() if line.strip()[:1].isdigit()]


@registry.augmenters("tests.some_twice.v1")
def some_twice() -> Callable[[Language, Example], Iterator[Example]]:
    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield from [example] * random.choice([1, 2])

    return augment


@registry.augmenters("tests.some_twice_by_numpy.v1")
def some_twice_by_numpy() -> Callable[[Language, Example], Iterator[Example]]:
    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield from [example] * np.random.randint(1, 3)

    return augment


@registry.architectures("tests.batch_norm.v1")
def batch_norm(encode: Model[Any, Any], width: int) -> Model[Any, Any]:
    """Beside its weights it has what it counted: averages, and a number that has no dimension."""
    return chain(encode, with_array(PyTorchWrapper(torch.nn.BatchNorm1d(width))))


SETTINGS: dict[str, dict[str, Any]] = {
    "spaCy's ner, which draws random numbers in its updates": {},
    "averages": {"optimizer": {"@optimizers": "Adam.v1", "learn_rate": 0.003, "use_averages": True}},
    "texts read as they come, in parts of a step": {"max_epochs": -1, "accumulate_gradient": 3},
    "texts augmented at random as they come": {"max_epochs": -1, "augmenter": {"@augmenters": "tests.some_twice.v1"}},
    "texts augmented by numpy's random numbers": {
        "max_epochs": -1,
        "augmenter": {"@augmenters": "tests.some_twice_by_numpy.v1"},
    },
    "a limit of epochs, reached": {"max_epochs": 3},
    "a network of torch that counts": {"network": "tests.batch_norm.v1"},
    "litbert_ner": {"name": "litbert_ner_cpu.cfg"},
    "ner that listens": {"name": "ner_cpu.cfg"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_was_stopped_and_gone_on_with_is_what_was_never_stopped(
    settings: dict[str, Any], paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(paths, **settings)
    (tmp_path / "spacy").mkdir()
    spacy_train(init_nlp(config), tmp_path / "spacy", stdout=io.StringIO(), stderr=io.StringIO())
    finished, rows = quietly(config, tmp_path / "never")
    assert finished
    stop_at(monkeypatch, 0, 3, 4, 9)
    sittings = [quietly(config, tmp_path / "often") for _ in range(5)]
    assert [done for done, _ in sittings] == [False, False, False, False, True]
    assert [row.split()[:2] for _, more in sittings for row in more] == [row.split()[:2] for row in rows]
    for name in ("model-best", "model-last"):
        expected = files_of(tmp_path / "spacy" / name)
        assert len(expected) > 5
        assert files_of(tmp_path / "never" / name) == expected
        assert files_of(tmp_path / "often" / name) == expected
    assert sorted(path.name for path in (tmp_path / "often").iterdir()) == ["model-best", "model-last"]


def test_a_state_is_not_trained_over_and_fits_what_it_was_begun_with(
    paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, output = config_of(paths), tmp_path / "out"
    stop_at(monkeypatch, 6)
    assert not quietly(config, output)[0]
    state = (output / STATE).read_bytes()
    assert read(output / STATE).state.steps == 6
    with pytest.raises(LitBertError, match=r"L654.*step 6.*--resume"):
        quietly(config, output, resume=False)
    with pytest.raises(LitBertError, match=r"L653.*`training\.dropout` is 0\.3 here.*0\.1"):
        quietly(config_of(paths, dropout=0.3), output)
    other = shutil.copy(paths["paths.train"], tmp_path / "train.spacy")
    same = Path(paths["paths.train"]).read_bytes()
    try:
        write_docs(Path(paths["paths.train"]), 5)
        with pytest.raises(LitBertError, match=r"L652.*step 6"):
            quietly(config, output)
    finally:
        shutil.copy(other, paths["paths.train"])
    assert Path(paths["paths.train"]).read_bytes() == same
    (output / STATE).write_bytes(state[:-8])
    with pytest.raises(LitBertError, match="L207"):
        quietly(config, output)
    (output / STATE).write_bytes(state)
    assert quietly(config, output)[0]


@pytest.mark.parametrize("n", [1, 8])
def test_fewer_texts_than_there_were_steps_leave_all_as_it_was(
    n: int, paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**paths, "paths.train": str(tmp_path / "train.spacy")}
    shutil.copy(paths["paths.train"], own["paths.train"])
    config = config_of(own, max_epochs=3, max_steps=0)
    stop_at(monkeypatch, 10)
    assert not quietly(config, tmp_path / "out")[0]
    before = files_of(tmp_path / "out")
    docs = list(DocBin().from_disk(own["paths.train"]).get_docs(spacy.blank("en").vocab))
    DocBin(docs=docs[:n]).to_disk(own["paths.train"])
    with pytest.raises(LitBertError, match=r"L652.*step 10"):
        quietly(config, tmp_path / "out")
    assert files_of(tmp_path / "out") == before


@pytest.mark.parametrize(("last", "settings"), [(5, {"max_steps": 5}), (4, {"max_steps": 4}), (11, {"max_epochs": 3})])
def test_told_to_stop_in_its_last_step_a_training_is_done(
    last: int, settings: dict[str, int], paths: dict[str, Any], tmp_path: Path
) -> None:
    steps: list[int] = []

    @registry.callbacks("tests.terminated_at.v1")
    def terminated_at(step: int) -> Callable[[Language, dict[str, Any]], None]:
        def before_update(nlp: Language, at: dict[str, Any]) -> None:
            steps.append(at["step"])
            if at["step"] == step:
                os.kill(os.getpid(), signal.SIGTERM)

        return before_update

    for folder, step in (("late", last), ("never", -1)):
        config = config_of(paths, **settings, before_update={"@callbacks": "tests.terminated_at.v1", "step": step})
        assert quietly(config, tmp_path / folder)[0]
        assert steps[-1] == last
    for file in ("ner/model", "tok2vec/model"):
        ours, expected = ((tmp_path / folder / "model-last" / file).read_bytes() for folder in ("late", "never"))
        assert ours == expected
    assert not (tmp_path / "late" / STATE).exists()


def test_other_annotations_of_the_same_texts_are_noticed(
    paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**paths, "paths.train": str(tmp_path / "train.spacy")}
    shutil.copy(paths["paths.train"], own["paths.train"])
    stop_at(monkeypatch, 2)
    assert not quietly(config_of(own), tmp_path / "out")[0]
    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(own["paths.train"]).get_docs(nlp.vocab))
    for doc in docs:
        doc.ents = doc.ents[:1]
    DocBin(docs=docs).to_disk(own["paths.train"])
    with pytest.raises(LitBertError, match="L652"):
        quietly(config_of(own), tmp_path / "out")


def test_what_is_no_pipeline_is_left_alone(paths: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "model-best").mkdir()
    (tmp_path / "model-best" / "thesis.txt").write_text("mine")
    with pytest.raises(LitBertError, match=r"L218.*meta\.json"):
        quietly(config_of(paths), tmp_path)
    assert (tmp_path / "model-best" / "thesis.txt").read_text() == "mine"


def test_two_processes_do_not_train_in_one_folder(paths: dict[str, Any], tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from spacy_litbert.files import alone\n"
    code += "with alone(Path(sys.argv[1])): print('mine', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, tmp_path / "out"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(LitBertError, match="L655"):
            quietly(config_of(paths), tmp_path / "out")
        other.communicate()
    assert quietly(config_of(paths, max_steps=1), tmp_path / "out")[0]


def test_weights_that_cannot_be_saved_are_refused_early(
    paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_update = Model.finish_update

    def and_its_own(self: Model[Any, Any], optimizer: Any) -> None:
        optimizer((self.id, "hidden"), self.ops.alloc1f(2), self.ops.alloc1f(2) + 1)
        finish_update(self, optimizer)

    monkeypatch.setattr(Model, "finish_update", and_its_own)
    with pytest.raises(LitBertError, match=r"L650.*'hidden'.*spacy train"):
        quietly(config_of(paths), tmp_path)


def test_a_layer_that_grows_is_refused_early(paths: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(paths)
    config["nlp"]["pipeline"] = ["entity_ruler", *config["nlp"]["pipeline"]]
    config["components"]["entity_ruler"] = {"factory": "entity_ruler"}
    patterns = [{"label": "Person", "pattern": "patients"}]
    config["initialize"]["components"] = {"entity_ruler": {"patterns": patterns}}
    config["components"]["ner"]["model"]["use_upper"] = True
    with pytest.raises(LitBertError, match=r"L650.*spacy train"):
        quietly(config, tmp_path / "out")


def test_what_learns_without_a_model_is_refused_before_training(paths: dict[str, Any], tmp_path: Path) -> None:
    @Language.factory("tests_counter")
    class Counter:
        def __init__(self, nlp: Language, name: str) -> None:
            self.n = 0

        def __call__(self, doc: Doc) -> Doc:
            return doc

        def update(self, examples: list[Example], **settings: Any) -> dict[str, float]:
            self.n += 1
            return {}

    config = config_of(paths)
    config["nlp"]["pipeline"] = [*config["nlp"]["pipeline"], "counter"]
    config["components"]["counter"] = {"factory": "tests_counter"}
    with pytest.raises(LitBertError, match=r"L650.*'counter'"):
        quietly(config, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


DAMAGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "no random numbers": lambda said, arrays: arrays.pop("random/drawn"),
    "short random numbers": lambda said, arrays: arrays.update({"random/torch": arrays["random/torch"][:9]}),
    "short draws": lambda said, arrays: arrays.update(draws=arrays["draws"][:, :9]),
    "no first moments": lambda said, arrays: [arrays.pop(name) for name in list(arrays) if name.startswith("mom1")],
    "weights of another type": lambda said, arrays: arrays.update(
        {name: value.astype("float16") for name, value in arrays.items() if name.startswith("weight")}
    ),
    "moments of another size": lambda said, arrays: arrays.update(
        {name: value[:1] for name, value in arrays.items() if name.startswith("mom2")}
    ),
    "steps as text": lambda said, arrays: said.update(steps="6"),
    "no scores": lambda said, arrays: said.pop("scores"),
    "losses as a list": lambda said, arrays: said.update(losses=[]),
    "no performance": lambda said, arrays: said.update(performance=None),
    "another version": lambda said, arrays: said.update(version=0),
}


def test_a_state_with_something_else_in_it_is_refused(
    paths: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, 6)
    assert not quietly(config_of(paths), tmp_path)[0]
    good = (tmp_path / STATE).read_bytes()
    for name, damage in DAMAGES.items():
        with safe_open(tmp_path / STATE, "np") as file:
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            said = json.loads(file.metadata()["training"])
        damage(said, arrays)
        save_file(arrays, tmp_path / STATE, {"training": json.dumps(said)})
        damaged = (tmp_path / STATE).read_bytes()
        with pytest.raises(LitBertError, match="L651"):
            quietly(config_of(paths), tmp_path)
        assert (tmp_path / STATE).read_bytes() == damaged, name
        (tmp_path / STATE).write_bytes(good)
    assert quietly(config_of(paths), tmp_path)[0]


def test_an_output_that_is_a_file_is_refused(paths: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(LitBertError, match="L218"):
        quietly(config_of(paths), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_saves_when_it_is_stopped_and_says_so(number: int, paths: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(paths, max_steps=0, patience=0, eval_frequency=1)
    config.to_disk(tmp_path / "config.cfg")
    output = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "spacy",
        "litbert",
        "train",
        tmp_path / "config.cfg",
        "--output",
        output,
        "--resume",
    ]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where it is ignored, so it is in this process
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 60
    while not (output / "model-best").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "--resume" in said
    steps = read(output / STATE).state.steps
    assert steps > 0
    ended = [*command, "--training.max_steps", "100000"]
    changed = subprocess.run(ended, capture_output=True, text=True)
    assert changed.returncode == 1
    assert "L653" in changed.stderr
    assert "training.max_steps" in changed.stderr
