"""What the tests of ``litbert_ner`` share: a few texts, one of them with a mention inside another, and pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_litbert.ner.component import LitBertNer

from ..conftest import LISTENER

KEY = "litbert"
GOLD: list[tuple[str, list[tuple[str, str]]]] = [
    ("Lithium carbonate toxicity in a newborn infant.", [("Lithium carbonate", "Chemical"), ("toxicity", "Disease")]),
    ("The human insulin receptor binds insulin.", [("human insulin receptor", "Gene"), ("human", "Species")]),
    (
        "Aspirin caused gastric ulcers in mice.",
        [("Aspirin", "Chemical"), ("gastric ulcers", "Disease"), ("mice", "Species")],
    ),
]
TEXTS = [text for text, _ in GOLD]
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def gold_doc(nlp: Language, text: str, mentions: list[tuple[str, str]]) -> Doc:
    """A Doc with mentions, which may overlap, in ``doc.spans["litbert"]``."""
    doc = nlp.make_doc(text)
    places = [(text.index(words), text.index(words) + len(words), label) for words, label in mentions]
    doc.spans[KEY] = [doc.char_span(*place) for place in places]
    return doc


def examples_for(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(text), gold_doc(nlp, text, mentions)) for text, mentions in GOLD]


def build(checkpoint: Path | None = None, *, steps: int = 0, version: str = "v1", **settings: Any) -> Language:
    """A pipeline with ``litbert_ner``, on the toy checkpoint or on a small network of spaCy, trained for some steps."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    if checkpoint is not None:
        model = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}
        nlp.add_pipe("transformer", config={"model": model})
    tok2vec = CNN if checkpoint is None else LISTENER
    head = {"@architectures": f"spacy-litbert.LitBertNer.{version}", "tok2vec": tok2vec}
    nlp.add_pipe("litbert_ner", config={"model": head, **settings})
    optimizer = nlp.initialize(lambda: examples_for(nlp))
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples_for(nlp), sgd=optimizer)
    return nlp


def component(nlp: Language) -> LitBertNer:
    pipe: LitBertNer = nlp.get_pipe("litbert_ner")
    return pipe


def build_like(nlp: Language) -> Language:
    return spacy.util.load_model_from_config(nlp.config)


def mentions(doc: Doc, key: str = KEY) -> list[tuple[str, str]]:
    return [(span.text, span.label_) for span in doc.spans[key]]


def results(doc: Doc) -> tuple[Any, ...]:
    """What a component found, with confidences rounded as float32 is."""
    spans: list[Span] = [*doc.spans[KEY], *doc.ents]
    return tuple((span.start, span.end, span.label_, round(span._.confidence, 4)) for span in spans)


@pytest.fixture(scope="session", params=["v1", "v2"])
def trained(request: pytest.FixtureRequest) -> Language:
    """With three tags a label and with five."""
    return build(steps=50, version=request.param)


@pytest.fixture(scope="session", params=["v1", "v2"])
def trained_listener(request: pytest.FixtureRequest, checkpoint: Path) -> Language:
    return build(checkpoint, steps=40, version=request.param)
