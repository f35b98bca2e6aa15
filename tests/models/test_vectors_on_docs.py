"""The vectors that stay on Docs: ``doc_cleaner`` drops them, and some components make Docs without any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config
from spacy.vocab import Vocab

from ..conftest import LISTENER, TEXTS, build_ner

HIDDEN_SIZE = 32
CONFIGS = sorted((Path(__file__).parent.parent.parent / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_on_litbert_ends_with_a_doc_cleaner(path: Path) -> None:
    config = load_config(path)
    assert config["nlp"]["pipeline"][-1] == "doc_cleaner"
    assert config["components"]["doc_cleaner"] == {"factory": "litbert_doc_cleaner"}


def test_docs_without_their_vectors_are_small_and_have_the_same_entities(checkpoint: Path) -> None:
    nlp = build_ner(checkpoint, steps=3)
    kept = list(nlp.pipe(TEXTS * 4))
    nlp.add_pipe("litbert_doc_cleaner")
    cleaned = list(nlp.pipe(TEXTS * 4))
    assert [[str(e) for e in doc.ents] for doc in cleaned] == [[str(e) for e in doc.ents] for doc in kept]
    assert all(doc._.trf_data is None for doc in cleaned)
    assert [doc[:2].as_doc().text for doc in cleaned] == [doc[:2].text_with_ws for doc in cleaned]
    assert all(doc.vector.shape == doc[:1].vector.shape == (0,) for doc in cleaned if len(doc))
    assert sum(len(doc.to_bytes()) for doc in cleaned) < 0.5 * sum(len(doc.to_bytes()) for doc in kept)


def test_texts_without_a_transformer_may_be_cleaned_too() -> None:
    program = "import spacy; nlp = spacy.blank('en'); nlp.add_pipe('litbert_doc_cleaner'); print(nlp('a')._.trf_data)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["None"]


@pytest.mark.parametrize("way", ["replaced listener", "encoder of its own"])
def test_the_entity_linker_works_as_the_error_says(checkpoint: Path, way: str) -> None:
    nlp = spacy.blank("en")
    encoder = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}
    tok2vec: dict[str, Any] = LISTENER
    if way == "replaced listener":
        nlp.add_pipe("transformer", config={"model": encoder})
    else:
        tok2vec = {**encoder, **LISTENER, "@architectures": "spacy-litbert.LitBertTok2Vec.v1"}
    nlp.add_pipe("sentencizer")
    linker = nlp.add_pipe(
        "entity_linker", config={"model": {"@architectures": "spacy.EntityLinker.v2", "tok2vec": tok2vec}}
    )
    linker.set_kb(_knowledge_base)
    example = _example(nlp)
    optimizer = nlp.initialize(lambda: [example])
    if way == "replaced listener":
        nlp.replace_listeners("transformer", "entity_linker", ["model.tok2vec"])
    losses = nlp.update([example], sgd=optimizer, annotates=["sentencizer"])
    assert losses["entity_linker"] > 0
    ruler = nlp.add_pipe("entity_ruler", before="entity_linker")
    ruler.add_patterns([{"label": "Chemical", "pattern": "lithium"}])
    [entity] = nlp("Patients took lithium daily.").ents
    assert entity.kb_id_ in ("Q1", "Q2")


def _knowledge_base(vocab: Vocab) -> InMemoryLookupKB:
    base = InMemoryLookupKB(vocab, entity_vector_length=HIDDEN_SIZE)
    for name, value in (("Q1", 1.0), ("Q2", -1.0)):
        base.add_entity(name, 10, [value] * HIDDEN_SIZE)
    base.add_alias("lithium", ["Q1", "Q2"], [0.5, 0.5])
    return base


def _example(nlp: Language) -> Example:
    gold = {
        "entities": [(14, 21, "Chemical")],
        "links": {(14, 21): {"Q1": 1.0, "Q2": 0.0}},
        "sent_starts": [1, 0, 0, 0, 0],
    }
    example = Example.from_dict(nlp.make_doc("Patients took lithium daily."), gold)
    example.predicted.ents = example.reference.ents
    return example
