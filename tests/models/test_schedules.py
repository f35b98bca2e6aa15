"""The learning rate, and every call of spaCy that makes an optimizer from a config or a saved pipeline."""

from __future__ import annotations

import copy
import itertools
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.debug_data import debug_data
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from thinc.schedules import warmup_linear

from spacy_litbert.errors import LitBertError
from spacy_litbert.models.schedules import build_warmup_linear_v1

from ..conftest import ENTITIES, TEXTS

ROOT = Path(__file__).parents[2]
# Not the one that begins with a bundled pipeline, which are tried as such.
CONFIGS = sorted(path for path in ROOT.glob("configs/*.cfg") if "further" not in path.name)
WHEELS = sorted(ROOT.glob("wheels/*.whl"))
LABELS = ("drug", "animal")

Call = Callable[[Language, list[Example]], Any]
CALLS: dict[str, Call] = {
    "create_optimizer": lambda nlp, examples: nlp.create_optimizer(),
    "resume_training": lambda nlp, examples: nlp.resume_training(),
    "initialize": lambda nlp, examples: nlp.initialize(lambda: examples),
    "update": lambda nlp, examples: nlp.update(examples),
    "rehearse": lambda nlp, examples: _rehearse(nlp, examples),
}


def test_it_is_thincs_schedule_where_the_number_is_known() -> None:
    ours, thincs = build_warmup_linear_v1(5e-4, 10, 40), warmup_linear(5e-4, 10, 40)
    assert list(itertools.islice(ours, 60)) == list(itertools.islice(thincs, 60))


def test_it_stays_where_the_number_is_not_known() -> None:
    assert list(itertools.islice(build_warmup_linear_v1(0.5, 4, "${training.max_steps}"), 7)) == [0.5] * 7


def test_a_loop_without_a_schedule_learns_and_can_be_copied(ner: Language) -> None:
    nlp = load_model_from_config(ner.config).from_bytes(ner.to_bytes())
    config = load_config(ROOT / "configs" / "ner_cpu.cfg")
    nlp.config["training"] = config["training"]
    optimizer = nlp.resume_training()
    assert optimizer.learn_rate == pytest.approx(3e-4)
    before = nlp.get_pipe("ner").model.to_bytes()
    nlp.update(_examples(nlp), sgd=optimizer)
    assert nlp.get_pipe("ner").model.to_bytes() != before
    assert pickle.loads(pickle.dumps(nlp)).pipe_names == nlp.pipe_names
    assert copy.deepcopy(nlp).pipe_names == nlp.pipe_names


def test_another_string_is_refused() -> None:
    with pytest.raises(LitBertError, match=r"L319.*'many'.*\$\{training.max_steps\}"):
        build_warmup_linear_v1(1.0, 4, "many")
    with pytest.raises(LitBertError, match=r"L319.*max_steps"):  # no limit: the rate would be 0 from step 4 on
        build_warmup_linear_v1(1.0, 4, 0)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_schedule_ends_with_the_steps_whatever_they_are(path: Path) -> None:
    config = load_config(path, overrides={"training.max_steps": 123}, interpolate=True)
    learn_rate = config["training"]["optimizer"].get("learn_rate", {})
    assert config["training"]["max_steps"] == 123
    assert not isinstance(learn_rate, dict) or learn_rate.get("total_steps", 123) == 123


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_makes_an_optimizer(path: Path, call: str, checkpoint: Path) -> None:
    nlp = load_model_from_config(load_config(path, overrides=_toy(path, checkpoint)), auto_fill=True)
    if call != "initialize":
        nlp.initialize(lambda: _examples(nlp), sgd=lambda *_: None)
        nlp._optimizer = None
    CALLS[call](nlp, _examples(nlp))
    assert nlp._optimizer is not None or call == "create_optimizer"


# Not the one that reads ten corpora.
@pytest.mark.parametrize("path", [p for p in CONFIGS if "joint" not in p.name], ids=lambda path: path.name)
def test_debug_data_accepts_a_config(
    path: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = DocBin(docs=[example.reference for example in _examples(spacy.blank("en"))])
    docs.to_disk(tmp_path / "texts.spacy")
    paths = {f"paths.{split}": str(tmp_path / "texts.spacy") for split in ("train", "dev")}
    with pytest.raises(SystemExit):  # four texts are few
        debug_data(path, config_overrides={**_toy(path, checkpoint), **paths}, silent=False)
    assert "Pipeline can be initialized with data" in capsys.readouterr().out


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wheel", WHEELS, ids=lambda path: path.name)
def test_a_bundled_pipeline_makes_an_optimizer(wheel: Path, call: str, unpacked: dict[Path, Path]) -> None:
    nlp = spacy.load(unpacked[wheel], config=_total_steps(unpacked[wheel]))
    CALLS[call](nlp, _examples(nlp))
    assert nlp.pipe_names[0] == "transformer"


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda path: path.name)
def test_debug_data_accepts_the_config_of_a_bundled_pipeline(
    wheel: Path, unpacked: dict[Path, Path], checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test_debug_data_accepts_a_config(unpacked[wheel] / "config.cfg", checkpoint, tmp_path, capsys)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """Return the folder of each wheel's pipeline."""
    folders = {}
    for wheel in WHEELS:
        folder = tmp_path_factory.mktemp("wheel")
        zipfile.ZipFile(wheel).extractall(folder)
        folders[wheel] = next(folder.glob("*/*/config.cfg")).parent
    return folders


def _toy(path: Path, checkpoint: Path) -> dict[str, Any]:
    """Return what makes a config small: toy weights, where it has any, with windows that fit them."""
    config = load_config(path)
    toy: dict[str, Any] = (
        {}
        if "transformer" not in config["components"]
        else {
            "components.transformer.model.overlap": 8,
            "components.transformer.model.precision": "float32",
        }
    )
    if "weights" in config["paths"]:
        toy["paths.weights"] = str(checkpoint)
    return {**toy, **_total_steps(path.parent if path.parent != ROOT / "configs" else None)}


def _total_steps(pipeline: Path | None) -> dict[str, Any]:
    """Return the settings for pipelines of 0.1.0, whose schedule is thinc's and needs a number."""
    if pipeline is None:
        return {}
    schedule = load_config(pipeline / "config.cfg")["training"]["optimizer"]["learn_rate"]["@schedules"]
    return {"training.optimizer.learn_rate.total_steps": 600} if schedule == "warmup_linear.v1" else {}


def _examples(nlp: Language) -> list[Example]:
    examples = []
    for i, (text, gold) in enumerate(zip(TEXTS, ENTITIES)):
        cats = {label: float(i % 2 == n) for n, label in enumerate(LABELS)}
        if "textcat_multilabel" in nlp.pipe_names and nlp.get_pipe("textcat_multilabel").labels:
            cats = {label: float(n == i) for n, label in enumerate(nlp.get_pipe("textcat_multilabel").labels)}
        doc = nlp.make_doc(text)
        spans = [doc.char_span(*entity, alignment_mode="expand") for entity in gold["entities"]]
        entities = [(span.start_char, span.end_char, span.label_) for span in spans]
        examples.append(Example.from_dict(doc, {"entities": entities, "cats": cats}))
    return examples


def _rehearse(nlp: Language, examples: list[Example]) -> None:
    nlp.resume_training()
    nlp._optimizer = None
    for example in examples:
        for name in set(nlp.pipe_names) & {"transformer", "tok2vec"}:
            example.predicted = nlp.get_pipe(name)(example.predicted)
    nlp.rehearse(examples)
