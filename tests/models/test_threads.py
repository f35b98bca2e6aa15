"""Several threads through one pipeline, as a web server has them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_litbert.cli.export import export

from ..conftest import TEXTS, build_ner

MANY = [f"{text} {'gene-' * (i % 4)}{i * 7 % 30}x{i} in α{i}-synuclein" for i in range(30) for text in TEXTS]


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_8_threads_give_what_one_gives(tmp_path: Path, checkpoint: Path, backend: str) -> None:
    folder = tmp_path / "torch"
    build_ner(checkpoint, steps=3).to_disk(folder)
    if backend == "onnx":
        export(folder, tmp_path / "onnx", precision="float32")
        folder = tmp_path / "onnx"
    alone, shared = spacy.load(folder), spacy.load(folder)
    expected = [_results(alone(text)) for text in MANY]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda text: _results(shared(text)), MANY))
    finally:
        sys.setswitchinterval(interval)
    afterwards = [_results(shared(text)) for text in MANY]
    assert found == expected
    assert afterwards == expected


def _results(doc: Doc) -> tuple[list[tuple[int, int, str]], list[int], list[int]]:
    """Return entities, wordpieces and the vectors, rounded."""
    vectors = doc._.trf_data.model_output["last_hidden_state"]
    return (
        [(ent.start, ent.end, ent.label_) for ent in doc.ents],
        doc._.trf_data.wordpieces.input_ids.ravel().tolist(),
        np.rint(vectors.ravel() * 1000).astype(int).tolist(),
    )
