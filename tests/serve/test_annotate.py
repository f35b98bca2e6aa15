"""What is answered is what the pipeline says of each text by itself, whoever else asks at the same time."""

from __future__ import annotations

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Event

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import get_current_ops, use_ops

from spacy_litbert.corpora.docs import document_of
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import jsonl_items
from spacy_litbert.serve.answers import answer
from spacy_litbert.serve.app import make_app
from spacy_litbert.serve.settings import Settings

from ..conftest import TEXTS, build_ner
from .conftest import running, toy, wait_until

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx", reason="it is an extra of the tests")

WORDS = st.sampled_from(
    ["zinomycin", "fits", "sort", "overlap", "α-synuclein", "𝔸", "\n", "\t", '"', "\\", "\0", "e\u0301"]
)


alone = cache(toy)


def post(address: str, body: object) -> httpx.Response:
    return httpx.post(f"{address}/annotate", json=body, timeout=300, trust_env=False)


def test_a_text(address: str) -> None:
    response = post(address, {"text": "Given zinomycin, she had fits (sort)."})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "id": "0",
        "text": "Given zinomycin, she had fits (sort).",
        "entities": [
            {
                "start": 6,
                "end": 15,
                "label": "Chemical",
                "concept_id": "MESH:C1",
                "confidence": 0.5,
                "text": "zinomycin",
            },
            {"start": 25, "end": 29, "label": "Disease", "confidence": 1 / 6, "text": "fits"},
        ],
        "cats": {"long": 0.1, "<b>short</b>": 0.25},
    }


def test_spans_that_overlap_come_with_their_own_confidence_and_the_concepts_of_entities(address: str) -> None:
    answered = post(address, {"text": "𝔸 overlap: zinomycin"}).json()
    entity = {"start": 11, "end": 20, "label": "Chemical", "concept_id": "MESH:C1", "confidence": 1 / 4}
    entity["text"] = "zinomycin"
    assert answered["entities"] == [entity]
    assert answered["spans"] == {
        "pairs": [
            {"start": 0, "end": 9, "label": "Pair", "confidence": 1 / 2, "text": "𝔸 overlap"},
            {"start": 2, "end": 10, "label": "Pair", "confidence": 1 / 3, "text": "overlap:"},
            {"start": 9, "end": 20, "label": "Pair", "confidence": 1 / 4, "text": ": zinomycin"},
        ],
        "all": [entity],
    }


def test_the_bundled_pipeline_answers_all_its_mentions() -> None:
    nlp = spacy.load("en_litbert_ner")
    answered = json.loads(answer(nlp("Lithium carbonate caused tremor."), "0"))
    assert [one["text"] for one in answered["entities"]] == ["Lithium carbonate", "tremor"]
    assert answered["spans"]["litbert"] == answered["entities"]
    doc = nlp("")
    assert json.loads(answer(doc, "0"))["spans"] == {"litbert": []}


def test_several_texts_and_their_ids(address: str) -> None:
    answered = post(address, {"texts": ["fits", "", "zinomycin"], "ids": ["a", "a", "ü"]}).json()["documents"]
    assert [one["id"] for one in answered] == ["a", "a", "ü"]
    assert [[ent["label"] for ent in one["entities"]] for one in answered] == [["Disease"], [], ["Chemical"]]
    assert [one["id"] for one in post(address, {"texts": ["x", "y"]}).json()["documents"]] == ["0", "1"]
    assert post(address, {"text": "x", "id": "me"}).json() == {"id": "me", "text": "x", "entities": []}
    assert post(address, {"texts": []}).json() == {"documents": []}


def test_a_text_that_fails_does_not_fail_its_neighbours(address: str) -> None:
    first, second, third, fourth = post(address, {"texts": ["fits", "boom", "zinomycin", "unknowable fits"]}).json()[
        "documents"
    ]
    assert first["entities"]
    assert third["entities"]
    assert second == {"id": "1", "error": {"code": "L646", "detail": second["error"]["detail"]}}
    assert "ArithmeticError: boom" in second["error"]["detail"]
    assert fourth["error"]["code"] == "L646"  # JSON has no number for its confidence
    alone = post(address, {"text": "boom"})
    assert alone.status_code == 422
    assert alone.json() == second["error"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.text(max_size=5) | WORDS, max_size=8).map(" ".join), max_size=3))
def test_an_answer_is_a_line_of_jsonl_that_says_what_the_doc_says(address: str, texts: list[str]) -> None:
    for text, row in zip(texts, post(address, {"texts": texts}).json()["documents"], strict=True):
        [read] = jsonl_items(io.BytesIO(json.dumps(row).encode() + b"\n"), Path("answer"))
        expected = document_of(alone()(text))
        assert isinstance(read, Document)
        assert (read.text, read.entities) == (text, expected.entities)
        for one, other in zip(read.entities, expected.entities):
            assert (one.confidence, one.concept_id) == (other.confidence, other.concept_id)


def test_many_clients_get_what_one_text_at_a_time_gets(checkpoint: Path, tmp_path: Path) -> None:
    build_ner(checkpoint, steps=3).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    bodies = [[f"{text} In case {i}, {TEXTS[j]}"] * (1 + j) for i in range(10) for j, text in enumerate(TEXTS)]
    expected = [entities_of(nlp, texts) for texts in bodies]
    assert any(expected[0])
    with running(spacy.load(tmp_path), batch_size=5) as address, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda texts: post(address, {"texts": texts}).json()["documents"], bodies))
    assert [[places(one["entities"]) for one in documents] for documents in found] == expected


def places(entities: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(one["start"], one["end"], one["label"]) for one in entities]


def entities_of(nlp: spacy.language.Language, texts: list[str]) -> list[list[tuple[object, ...]]]:
    docs = map(nlp, texts)
    return [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs]


def test_requests_share_batches(closed: Event) -> None:
    nlp = toy()
    with running(nlp) as address, ThreadPoolExecutor(12) as pool:
        first = pool.submit(post, address, {"text": "wait"})
        wait_until(lambda: nlp.get_pipe("obeys").seen)
        others = [pool.submit(post, address, {"texts": [f"fits {i}"] * (1 + i % 3)}) for i in range(9)]
        wait_until(lambda: httpx.get(f"{address}/health", trust_env=False).json()["waiting"] == 9)
        closed.set()
        assert [one.result().status_code for one in [first, *others]] == [200] * 10
        answered = [[row["text"] for row in one.result().json()["documents"]] for one in others]
    assert answered == [[f"fits {i}"] * (1 + i % 3) for i in range(9)]
    assert nlp.get_pipe("obeys").batches == [1, 18]


def test_the_vocabulary_does_not_grow(checkpoint: Path) -> None:
    nlp = build_ner(checkpoint, steps=1)
    with running(nlp) as address:
        sizes = []
        for start in (0, 100, 200):
            texts = [f"unheard{start + i} of{start + i}" for i in range(100)]
            assert post(address, {"texts": texts}).status_code == 200
            sizes.append(len(nlp.vocab.strings))
    assert sizes[1] == sizes[2]


def test_labels_health_and_the_description(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        labels = client.get("/labels").json()
        assert labels["pipeline"] == {"lang": "en", "name": "toy", "version": "1.2.3"}
        assert labels["components"] == {"entity_ruler": ["<i>&", "Chemical", "Disease"], "obeys": []}
        assert client.get("/health").json() == {"status": "ok", "pipeline": "en_toy 1.2.3", "waiting": 0}
        openapi = client.get("/openapi.json").json()
        assert {"/annotate", "/labels", "/health"} == set(openapi["paths"])
        schemas = openapi["components"]["schemas"]
        assert {"entities", "spans", "cats"} <= set(schemas["AnnotatedText"]["properties"])
        assert {"start", "end", "label", "text", "concept_id", "confidence"} == set(schemas["Mention"]["properties"])
        operation = openapi["paths"]["/annotate"]["post"]
        assert {"200", "413", "415", "422", "503", "504"} <= set(operation["responses"])
        for schema in operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]:
            for example in schema["examples"]:
                assert set(example) <= set(schema["properties"])
                assert client.post("/annotate", json=example).status_code == 200


def test_the_device_is_that_of_where_the_service_was_made() -> None:
    """spaCy keeps it apart for each thread."""
    found = []

    @Language.component("sees_device")
    def sees_device(doc: Doc) -> Doc:
        found.append(get_current_ops())
        return doc

    nlp = toy()
    nlp.add_pipe("sees_device")
    with use_ops("numpy", use_blis=False):
        chosen = get_current_ops()
        with running(nlp) as address:
            assert post(address, {"text": "zinomycin"}).status_code == 200
    assert found == [chosen]


def test_an_application_can_be_started_again_and_within_another() -> None:
    from fastapi import FastAPI

    app = make_app(toy(), Settings())
    outer = FastAPI(lifespan=lambda _: app.router.lifespan_context(app))
    outer.mount("/texts", app)

    async def ask(asked: FastAPI, place: str) -> httpx.Response:
        async with (
            asked.router.lifespan_context(asked),
            httpx.AsyncClient(transport=httpx.ASGITransport(asked), base_url="http://x") as client,
        ):
            return await client.post(place, json={"text": "Given zinomycin."})

    for asked, place in ((app, "/annotate"), (app, "/annotate"), (outer, "/texts/annotate")):
        answered = asyncio.run(ask(asked, place))
        assert [one["text"] for one in answered.json()["entities"]] == ["zinomycin"]
