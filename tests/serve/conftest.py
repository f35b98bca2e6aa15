"""Services on free ports, with a pipeline that loads in no time and does what its texts say."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_litbert.confidence import register_confidence
from spacy_litbert.serve.run import make_server
from spacy_litbert.serve.settings import Settings

PATTERNS = [
    {"label": "Chemical", "pattern": "zinomycin", "id": "MESH:C1"},
    {"label": "Disease", "pattern": "fits"},
    {"label": "<i>&", "pattern": "hostile", "id": '"><img src=x>'},
]
OPEN = Event()  # texts with "wait" wait for it


class Obeys:
    """Fails, waits, or has scores or overlapping spans as a text says; remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.seen: list[str] = []

    def __call__(self, doc: Doc) -> Doc:
        self.seen.append(doc.text)
        if "boom" in doc.text:
            raise ArithmeticError("boom \udc80")
        if "wait" in doc.text:
            assert OPEN.wait(300)
        for ent in doc.ents:
            ent._.confidence = float("nan") if "unknowable" in doc.text else 1 / (1 + ent.start)
        if "overlap" in doc.text:  # every two words next to each other, and the entities
            pairs = [Span(doc, i, i + 2, "Pair") for i in range(len(doc) - 1)]
            scores = {"scores": np.array([1 / (2 + i) for i in range(len(pairs))])}
            doc.spans["pairs"] = SpanGroup(doc, name="pairs", spans=pairs, attrs=scores)
            doc.spans["all"] = list(doc.ents)
        if "sort" in doc.text:
            doc.cats = {"long": len(doc) / 100, "<b>short</b>": 0.25}
        return doc

    def pipe(self, docs: Iterable[Doc], batch_size: int) -> Iterator[Doc]:
        batch = list(docs)
        self.batches.append(len(batch))
        yield from map(self, batch)


@Language.factory("obeys")
def make_obeys(nlp: Language, name: str) -> Obeys:
    return Obeys()


def toy() -> Language:
    register_confidence()
    nlp = spacy.blank("en", meta={"name": "toy", "version": "1.2.3"})
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)  # type: ignore[attr-defined]
    nlp.add_pipe("obeys")
    return nlp


@contextmanager
def running(nlp: Language, **settings: int) -> Iterator[str]:
    """The address of a service in a thread of this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(nlp, Settings(**settings))
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def connect(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=300)


def wait_until(reached: Callable[[], object]) -> None:
    end = time.monotonic() + 300
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    OPEN.set()
    with running(toy(), max_characters=2000, max_texts=20) as address:
        yield address


@pytest.fixture
def closed() -> Iterator[Event]:
    """Texts with "wait" wait for this, which is set at the end of the test at the latest."""
    OPEN.clear()
    yield OPEN
    OPEN.set()
