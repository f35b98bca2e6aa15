"""What the steps of a project replace: what the same step made, never anything of the user's."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from packaging.requirements import Requirement
from safetensors.torch import load_file
from torch import save

from spacy_litbert.errors import LitBertError
from spacy_litbert.workflow.fetch import fetch
from spacy_litbert.workflow.label import label
from spacy_litbert.workflow.protocol import describe_weights, weights_checksum
from spacy_litbert.workflow.random_weights import random_weights
from spacy_litbert.workflow.store import store
from spacy_litbert.workflow.trainings import Training, _stamp

from ..conftest import build_ner, write_checkpoint
from .conftest import NER

LABELLED: dict[str, Any] = {"name": "litbert_ner", "version": "0.1.0", "description": "Mentions."}


@pytest.fixture(scope="module")
def trained(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "model-best"
    folder.parent.mkdir(exist_ok=True)
    build_ner(checkpoint).to_disk(folder)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    return tmp_path / "mine"


def write_scores(folder: Path, license: str = "MIT", corpus: dict[str, str] | None = None) -> tuple[Path, Path]:
    weights = {"weights": "w", "weights_sha256": "0", "weights_license": license, "weights_card": "Toy."}
    protocol = {"corpus": "toy", "split": "test", **weights}
    srsly.write_json(folder / "scores.json", {"ents_f": 0.5, "protocol": protocol})
    srsly.write_json(folder / "corpora.json", {"toy": corpus or {}})
    return folder / "scores.json", folder / "corpora.json"


def test_store_and_label(trained: Path, tmp_path: Path, mine: Path) -> None:
    scores, corpora = write_scores(tmp_path)
    with pytest.raises(LitBertError, match=r"L218.*no stored pipeline"):
        store(trained, mine)
    with pytest.raises(LitBertError, match=r"L218.*no labelled pipeline"):
        label(trained, scores, mine, corpora=corpora, **LABELLED)
    for target in (trained, trained.parent):
        with pytest.raises(LitBertError, match=r"L218.*the source lies in it"):
            store(trained, target)
        with pytest.raises(LitBertError, match=r"L218.*the source lies in it"):
            label(trained, scores, target, corpora=corpora, **LABELLED)
    assert (mine / "thesis.txt").read_text() == "years of work"
    for _ in range(2):  # what it made itself is replaced
        store(trained, tmp_path / "stored")
        label(tmp_path / "stored", scores, tmp_path / "labelled", corpora=corpora, **LABELLED)
    meta = json.loads((tmp_path / "labelled" / "meta.json").read_text("utf8"))
    assert [Requirement(one).name for one in meta["requirements"]] == ["spacy", "spacy-litbert"]
    assert meta["spacy_version"] == ">=3.8.2,<3.9.0"
    assert (tmp_path / "labelled" / "LICENSE").read_text("utf8").startswith("MIT License")


@pytest.mark.parametrize(
    ("corpus", "expected"),
    [
        ({}, "Apache-2.0"),
        ({"license": "GPL-3.0-only", "license_file": "gpl.txt", "terms": "Under GPL."}, "GPL-3.0-only"),
    ],
)
def test_a_label_names_the_licence_of_what_it_was_made_of(
    checkpoint: Path, trained: Path, tmp_path: Path, corpus: dict[str, str], expected: str
) -> None:
    weights = shutil.copytree(checkpoint, tmp_path / "weights")
    (weights / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n\n# weights\n\nToy weights.\n")
    (weights / "NOTICE").write_text("Weights of others were trained further.\n")
    (weights / "LICENSE.md").write_text("Apache License\n")
    (weights / "LICENSES_SOURCES").write_text("Something else\n")
    (tmp_path / "gpl.txt").write_text("GNU General Public License\n")
    described = describe_weights(str(weights))
    assert described["weights_license"] == "Apache-2.0"
    nlp = spacy.load(trained, config={"paths.weights": str(weights)})
    nlp.to_disk(tmp_path / "model")
    scores, corpora = write_scores(tmp_path, described["weights_license"], corpus)
    label(tmp_path / "model", scores, tmp_path / "labelled", corpora=corpora, **LABELLED)
    assert json.loads((tmp_path / "labelled" / "meta.json").read_text("utf8"))["license"] == expected
    text = (tmp_path / "labelled" / "LICENSE").read_text("utf8")
    assert text == ("Apache License\n" if expected == "Apache-2.0" else "GNU General Public License\n")
    sources = (tmp_path / "labelled" / "LICENSES_SOURCES").read_text("utf8")
    assert "licence Apache-2.0" in sources
    assert "Weights of others were trained further." in sources
    assert corpus.get("terms", "") in sources
    assert ("Apache License\n" in sources) == (expected != "Apache-2.0")


def test_random_weights(checkpoint: Path, tmp_path: Path, mine: Path) -> None:
    (mine / "config.json").write_text("{}")
    pretrained = write_checkpoint(tmp_path / "pretrained")
    before = weights_checksum(str(pretrained))
    for target in (mine, pretrained, checkpoint):
        with pytest.raises(LitBertError, match="L218"):
            random_weights(str(checkpoint), target)
    assert (mine / "thesis.txt").exists()
    assert weights_checksum(str(pretrained)) == before
    for seed in (0, 1):
        random_weights(str(checkpoint), tmp_path / "random", seed=seed)


def test_fetch_removes_only_what_it_fetched(tmp_path: Path) -> None:
    source, project = tmp_path / "data" / "mini", tmp_path / "project"
    source.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (source / f"{split}.jsonl").write_text(f'{{"text": "{split}"}}\n')
    folder = project / "assets" / "mini"
    fetch("mini", str(source.parent), project)
    (folder / "train.bak").write_text("mine")
    for path in list(source.iterdir()):
        path.rename(path.with_suffix(".txt"))
    fetch("mini", str(source.parent), project)
    assert {path.name for path in folder.iterdir()} == {"train.txt", "dev.txt", "test.txt", "train.bak"}
    (folder / "dev.txt").write_text("corrected by hand")
    with pytest.raises(LitBertError, match=r"L621.*dev\.txt"):
        fetch("mini", str(source.parent), project)
    (folder / "dev.txt").unlink()
    (folder / "dev.tsv").write_text("put there by hand")
    with pytest.raises(LitBertError, match=r"L621.*dev\.tsv"):
        fetch("mini", str(source.parent), project)
    assert (folder / "dev.tsv").read_text() == "put there by hand"


@pytest.mark.parametrize("record", ["{", "[]", '{"train.jsonl": 5}', '{"train.jsonl": [5, null]}'])
def test_a_damaged_record_of_a_fetch_replaces_nothing(tmp_path: Path, record: str) -> None:
    source, project = tmp_path / "data" / "mini", tmp_path / "project"
    source.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (source / f"{split}.jsonl").write_text(f'{{"text": "{split}"}}\n')
    fetch("mini", str(source.parent), project)
    (project / "assets" / ".mini.fetched.json").write_text(record)
    with pytest.raises(LitBertError, match=r"L621.*\.jsonl"):
        fetch("mini", str(source.parent), project)
    shutil.rmtree(project / "assets" / "mini")
    for _ in range(2):
        fetch("mini", str(source.parent), project)


def test_a_stamp_knows_the_weights_behind_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spacy_litbert.checkpoints import resolve

    monkeypatch.setattr(resolve, "_bundled_root", lambda: tmp_path)
    training = Training(NER / "configs" / "ner_cpu.cfg", tmp_path / "output", {"paths.weights": "toy"})
    write_checkpoint(tmp_path / "toy")
    before = _stamp(training)
    assert _stamp(training) == before
    write_checkpoint(tmp_path / "toy", hidden_size=16)
    assert _stamp(training) != before


def test_the_checksum_of_weights_is_never_that_of_nothing(checkpoint: Path, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "toy")
    save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    both = weights_checksum(str(folder))
    (folder / "model.safetensors").unlink()
    assert weights_checksum(str(folder)) not in (
        both,
        sha256(b"").hexdigest(),
    )
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(LitBertError, match="L213"):
        weights_checksum(str(folder))
