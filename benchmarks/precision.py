"""Measure what a trained recogniser scores on each path through the encoder, beside exact float32.

    python -m benchmarks.precision PIPELINE DEV

PIPELINE: a package or folder with `ner` on LitBERT. DEV: a DocBin that its training did not see, such as the dev split
of the corpus; paths must not be chosen on the test split.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import spacy
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_litbert.pipelines import load_with

from .record import write

PATHS = {
    "torch float32": {"backend": "torch", "precision": "float32"},
    "torch bfloat16": {"backend": "torch", "precision": "bfloat16"},
    "onnx float32": {"backend": "onnx", "precision": "float32"},
    "onnx int8": {"backend": "onnx", "precision": "int8"},
}


def entities(doc: Doc) -> set[tuple[int, int, str]]:
    return {(entity.start, entity.end, entity.label_) for entity in doc.ents}


def main(pipeline: str, dev: Path) -> None:
    docs = DocBin().from_disk(dev)
    exact: list[set[tuple[int, int, str]]] = []
    result: dict[str, Any] = {}
    for name, settings in PATHS.items():
        nlp, _ = load_with(pipeline, **settings)
        references = list(docs.get_docs(nlp.vocab))
        predicted = list(
            nlp.pipe(Doc(nlp.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in references)
        )
        found = [entities(doc) for doc in predicted]
        exact = exact or found
        ner: TrainablePipe = nlp.get_pipe("ner")
        scores = ner.score([Example(*pair) for pair in zip(predicted, references)])
        result[name] = {
            "f1": round(100 * scores["ents_f"], 3),
            "lost": round(result["torch float32"]["f1"] - 100 * scores["ents_f"], 3) if result else 0.0,
            "mentions": sum(map(len, found)),
            "mentions_of_float32_found": round(
                sum(len(a & b) for a, b in zip(exact, found)) / max(1, sum(map(len, exact))), 5
            ),
        }
    meta = spacy.util.get_model_meta(pipeline) if Path(pipeline).is_dir() else spacy.load(pipeline).meta
    weights = meta.get("performance", {}).get("protocol", {}).get("weights")
    write("precision", {"texts": len(references), "weights": weights, "paths": result})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pipeline")
    parser.add_argument("dev", type=Path)
    arguments = parser.parse_args()
    main(arguments.pipeline, arguments.dev)
