"""The program that projects/textcat runs where its wheel was installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import spacy
from spacy.training import Example

from .conftest import TEXTCAT

CATS = {"drug": 1.0, "animal": 0.0}


def test_labels_are_those_of_the_classifier_and_not_of_what_follows_it(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat_multilabel")
    nlp.add_pipe("doc_cleaner")
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("aspirin"), {"cats": CATS})])
    nlp.to_disk(tmp_path)
    command = [sys.executable, str(TEXTCAT / "scripts" / "classify.py"), str(tmp_path)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert all(set(cats) == set(CATS) for cats in answer["cats"].values())
    assert answer["words"] == {"title": 8, "abstract": answer["words"]["abstract"], "article": 20_000, "empty": 0}
