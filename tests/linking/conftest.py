"""A small vocabulary of invented records, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept
from spacy_litbert.linking.knowledge_base import KnowledgeBase

CONCEPTS = [
    Concept(
        "X:D1", "Aspirin", ("acetylsalicylic acid", "ASA"), ("Chemical",), "A drug.", ("D02.1",), ("Y:1",), ("X:0",)
    ),
    Concept("X:D2", "Heart Failure", ("cardiac failure", "congestive heart failure"), ("Disease",), "", ("C14.2",)),
    Concept("X:D3", "Myocardial Infarction", ("heart attack", "MI"), ("Disease",), "", ("C14.2.3",), since=20100101),
    Concept("X:D4", "Mitral Valve Insufficiency", ("mitral regurgitation", "MI"), ("Disease",), "", ("C14.5",)),
    Concept("X:C1", "alpha-synuclein", ("α-synuclein",), ("Chemical",), preference=1),
    Concept("X:D5", "Breast Neoplasms", ("breast cancer", "tumour of the breast"), ("Disease",), "", ("C04.1",)),
    Concept("X:D6", "Anemia", ("anaemia",), ("Disease",), "", ("C15.1",)),
    Concept("X:D7", "Lithium", (), ("Chemical",)),
    Concept("X:D8", "Renal Insufficiency", ("kidney failure", "renal failure"), ("Disease",), "", ("C12.1",)),
    Concept("Z:1", "heart attack", (), ("Disease",), preference=2),
]


@pytest.fixture(scope="session")
def kb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kb") / "toy"
    build(CONCEPTS, folder, name="toy", version="1", licence="MIT", sources=[{"file": "written here"}])
    return folder


@pytest.fixture(scope="session")
def kb(kb_folder: Path) -> KnowledgeBase:
    return KnowledgeBase(kb_folder)
