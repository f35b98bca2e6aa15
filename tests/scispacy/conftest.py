"""The bundled pipeline beside scispaCy's components and others that read entities; each file skips what is missing.

`make scispacy` makes an environment where nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, underscore

TEXT = (
    "Aspirin was given after a myocardial infarction (MI). The MI was large. "
    "Lithium, unlike aspirin, caused acute renal failure in two patients."
)


@pytest.fixture(autouse=True)
def own_extensions() -> Iterator[None]:
    """Take away what scispaCy's components leave behind for all Docs; they overwrite extensions of the same name."""
    kinds = (underscore.Underscore.doc_extensions, underscore.Underscore.span_extensions)
    before = [dict(kind) for kind in kinds]
    yield
    for kind, known in zip(kinds, before):
        kind.clear()
        kind.update(known)


@pytest.fixture
def bundled() -> Callable[[], Language]:
    """Load ``en_litbert_ner`` anew with each call, for tests that add components to it."""
    return lambda: spacy.load("en_litbert_ner")


@pytest.fixture(scope="session")
def alone() -> Language:
    """``en_litbert_ner`` as it is."""
    return spacy.load("en_litbert_ner")


@pytest.fixture
def saved_again(tmp_path: Path) -> Callable[[Language], Language]:
    """Save a pipeline and load it."""

    def save_and_load(nlp: Language) -> Language:
        nlp.to_disk(tmp_path / "saved")
        return spacy.load(tmp_path / "saved")

    return save_and_load


def entities(doc: Doc) -> list[tuple[str, str, float]]:
    """What our recognizer said, with confidences to four digits, since batches round differently."""
    return [(ent.text, ent.label_, round(ent._.confidence, 4)) for ent in doc.ents]


def in_two_processes(nlp: Language, texts: list[str]) -> list[Doc]:
    return list(nlp.pipe(texts, n_process=2, batch_size=2))


def links(doc: Doc) -> list[list[tuple[str, float]]]:
    """The candidates of each entity. Docs of other processes have lists for pairs."""
    return [[(concept_id, round(score, 4)) for concept_id, score in ent._.kb_ents] for ent in doc.ents]


def spans(items: Any) -> list[tuple[Any, ...]]:
    return [tuple(one.text if isinstance(one, Span) else one for one in item) for item in items]


def abbreviations(doc: Doc) -> list[dict[str, Any]]:
    """Those of a detector that makes them serializable; it leaves them in any order."""
    return sorted(doc._.abbreviations, key=lambda one: int(one["short_start"]))
