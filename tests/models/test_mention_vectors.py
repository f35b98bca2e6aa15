"""Each mention has the mean of its wordpieces' vectors, and keeps it whatever later components do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_litbert.errors import LitBertError

from ..conftest import TEXTS, build_ner, examples_for


@pytest.fixture(scope="module")
def nlp(checkpoint: Path) -> Language:
    nlp = spacy.blank("en")
    settings = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}
    nlp.add_pipe("transformer", config={"model": settings})
    nlp.initialize()
    ruler = nlp.add_pipe("entity_ruler", config={"validate": True})
    ruler.add_patterns([{"label": "Chemical", "pattern": one} for one in ("Lithium carbonate", "levodopa", "naloxone")])
    nlp.add_pipe("litbert_mention_vectors")
    return nlp


def expected(doc: Doc, start: int, end: int) -> np.ndarray:
    data = doc._.trf_data
    hidden = np.asarray(data.model_output.last_hidden_state)
    flat = hidden.reshape(-1, hidden.shape[-1])
    rows = [row for token in range(start, end) for row in data.align[token].dataXd.ravel().tolist()]
    return flat[rows].mean(axis=0)


def vectors(doc: Doc) -> list[np.ndarray]:
    return [ent._.litbert_vector for ent in doc.ents]


def test_the_vector_is_the_mean_of_the_wordpieces(nlp: Language) -> None:
    docs = list(nlp.pipe(TEXTS))
    assert [len(doc.ents) for doc in docs] == [1, 1, 1, 0]
    for doc in docs:
        for ent in doc.ents:
            assert ent._.litbert_vector.dtype == np.float32
            assert np.allclose(ent._.litbert_vector, expected(doc, ent.start, ent.end), atol=1e-6)
    assert docs[0][1:3]._.litbert_vector is None
    assert Span(docs[0], 0, 2, label="Other", kb_id="X:1")._.litbert_vector is not None


def test_it_stays_with_the_mention(nlp: Language, tmp_path: Path) -> None:
    doc = nlp(TEXTS[0])
    found = vectors(doc)
    for token in doc.ents[0]:
        token.ent_kb_id_ = "X:1"  # as a linker does it
    doc._.trf_data = None  # as doc_cleaner does it
    assert doc.ents[0].kb_id_ == "X:1"
    for again in (
        doc,
        Doc(nlp.vocab).from_bytes(doc.to_bytes()),
        *DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab),
        doc[0:5].as_doc(copy_user_data=True),
    ):
        assert np.array_equal(vectors(again), found)


def test_processes_and_a_saved_pipeline_give_the_same(nlp: Language, tmp_path: Path) -> None:
    found = [vectors(doc) for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path)
    for docs in (nlp.pipe(TEXTS, n_process=2, batch_size=2), spacy.load(tmp_path).pipe(TEXTS)):
        for expected_of_doc, doc in zip(found, docs, strict=True):
            assert np.allclose(np.array(vectors(doc)), np.array(expected_of_doc), atol=1e-5)


def test_spans_of_groups_get_one_if_asked_for(nlp: Language) -> None:
    component = nlp.get_pipe("litbert_mention_vectors")
    with nlp.select_pipes(disable=["litbert_mention_vectors"]):
        doc = nlp("Lithium carbonate\n\n in a newborn")
    doc.spans["mine"] = [doc[0:1], doc[2:3]]
    component.spans_keys = ["mine", "another"]
    try:
        component(doc)
    finally:
        component.spans_keys = []
    assert np.allclose(doc[0:1]._.litbert_vector, expected(doc, 0, 1), atol=1e-6)
    assert doc[2].is_space
    assert doc[2:3]._.litbert_vector is None


def test_without_a_transformer_it_says_so(nlp: Language) -> None:
    with nlp.select_pipes(disable=["transformer"]):
        with pytest.raises(LitBertError, match="L302"):
            nlp(TEXTS[0])
        assert nlp("Nothing here.").ents == ()


def test_training_is_as_without_it(checkpoint: Path) -> None:
    trained = {}
    for with_vectors in (False, True):
        ner = build_ner(checkpoint)
        if with_vectors:
            ner.add_pipe("litbert_mention_vectors")
        losses = []
        optimizer = ner.resume_training()
        for _ in range(3):
            losses.append(ner.update(examples_for(ner), sgd=optimizer)["ner"])
        trained[with_vectors] = losses, ner.get_pipe("transformer").model.to_bytes()
    assert trained[True] == trained[False]
