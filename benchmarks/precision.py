"""Measure what a trained recogniser scores on each path through the encoder and with each storage, beside float32.

    python -m benchmarks.precision PIPELINE DEV

PIPELINE: a package or folder with a recogniser on LitBERT, as it was trained: stored in float32. DEV: a DocBin that
its training did not see, such as the dev split of the corpus; neither is to be chosen on the test split.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_litbert.pipelines import load_with
from spacy_litbert.types import Storage

from .record import write

PATHS = {
    "torch float32": {"backend": "torch", "precision": "float32"},
    "torch bfloat16": {"backend": "torch", "precision": "bfloat16"},
    "onnx float32": {"backend": "onnx", "precision": "float32"},
    "onnx int8": {"backend": "onnx", "precision": "int8"},
}
STORAGES: tuple[Storage, ...] = ("float16", "int8")


def _on_path(pipeline: str, settings: dict[str, Any]) -> Language:
    return load_with(pipeline, **settings)[0]


def entities(doc: Doc) -> set[tuple[int, int, str]]:
    return {(entity.start, entity.end, entity.label_) for entity in doc.ents}


def stored(pipeline: str, storage: Storage) -> Language:
    """Return the pipeline as it is when it has been saved with such weights."""
    nlp, _ = load_with(pipeline, storage=storage, backend="torch", precision="float32")
    with tempfile.TemporaryDirectory() as folder:
        nlp.to_disk(folder)
        return spacy.load(folder)


def main(pipeline: str, dev: Path) -> None:
    docs = DocBin().from_disk(dev)
    exact: list[set[tuple[int, int, str]]] = []
    result: dict[str, Any] = {}
    ways: dict[str, Callable[[], Language]] = {
        **{name: partial(_on_path, pipeline, settings) for name, settings in PATHS.items()},
        **{f"stored in {storage}": partial(stored, pipeline, storage) for storage in STORAGES},
    }
    for name, make in ways.items():
        nlp = make()
        references = list(docs.get_docs(nlp.vocab))
        predicted = list(
            nlp.pipe(Doc(nlp.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in references)
        )
        found = [entities(doc) for doc in predicted]
        exact = exact or found
        scores = get_ner_prf([Example(*pair) for pair in zip(predicted, references)])
        result[name] = {
            "f1": round(100 * scores["ents_f"], 3),
            "lost": round(result["torch float32"]["f1"] - 100 * scores["ents_f"], 3) if result else 0.0,
            "mentions": sum(map(len, found)),
            "mentions_of_float32_found": round(
                sum(len(a & b) for a, b in zip(exact, found)) / max(1, sum(map(len, exact))), 5
            ),
        }
    trained = load_with(pipeline)[0]
    weights = trained.meta["performance"].get("protocol", {}).get("weights") or trained.config["paths"]["weights"]
    write("precision", {"texts": len(references), "weights": weights, "paths": result})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pipeline")
    parser.add_argument("dev", type=Path)
    arguments = parser.parse_args()
    main(arguments.pipeline, arguments.dev)
