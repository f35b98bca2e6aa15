"""Every registered name resolves, by entry point alone, to a documented constructor."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from spacy.util import registry

REGISTRIES = {
    "spacy_augmenters": "augmenters",
    "spacy_architectures": "architectures",
    "spacy_callbacks": "callbacks",
    "spacy_tokenizers": "tokenizers",
    "spacy_misc": "misc",
    "spacy_readers": "readers",
    "spacy_scorers": "scorers",
    "thinc_schedules": "schedules",
}
NAMES = [
    (REGISTRIES[group], point.name)
    for group in REGISTRIES
    for point in entry_points(group=group)
    if point.name.startswith("spacy-litbert.")
]


@pytest.mark.parametrize("kind, name", NAMES, ids=[name for _, name in NAMES])
def test_a_registered_name_resolves(kind: str, name: str) -> None:
    builder = registry.get(kind, name)
    assert builder.__name__.startswith("build_")
    assert builder.__name__.endswith("_" + name.rpartition(".")[2])
    assert f"``{name}``" in builder.__doc__


def test_the_names_are_those_that_users_know() -> None:
    assert {name for _, name in NAMES} == {
        "spacy-litbert.add_labels.v1",
        "spacy-litbert.cut_long_texts.v1",
        "spacy-litbert.LitBertModel.v1",
        "spacy-litbert.LitBertListener.v1",
        "spacy-litbert.LitBertTok2Vec.v1",
        "spacy-litbert.LitBertTextCat.v1",
        "spacy-litbert.LitBertNer.v1",
        "spacy-litbert.LitBertNer.v2",
        "spacy-litbert.LabelledCorpora.v1",
        "spacy-litbert.ner_scorer.v1",
        "spacy-litbert.ListwiseRanker.v1",
        "spacy-litbert.KnowledgeBase.v1",
        "spacy-litbert.BiomedicalTokenizer.v1",
        "spacy-litbert.PubTator.v1",
        "spacy-litbert.BioC.v1",
        "spacy-litbert.BRAT.v1",
        "spacy-litbert.JSONL.v1",
        "spacy-litbert.IOB2.v1",
        "spacy-litbert.wordpiece_length.v1",
        "spacy-litbert.warmup_linear.v1",
    }


def test_importing_the_package_imports_no_spacy() -> None:
    code = "import spacy_litbert, sys; print('spacy' in sys.modules, 'torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
