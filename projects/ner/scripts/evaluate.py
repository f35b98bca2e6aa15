"""Score a trained pipeline on gold documents and write the figures with how they came about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import srsly
from curves import curves_of, judge_all
from scoring import score
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.confidence import NAME as CONFIDENCE
from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.docbin import to_docbin
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.files import replacing
from spacy_litbert.gpu import use_gpu
from spacy_litbert.ner.calibration import reliability
from spacy_litbert.workflow.protocol import PACKAGES, describe_run, describe_training

MATCH = (
    "exact characters and label, micro-averaged; gold mentions off the token boundaries or under a longer "
    "mention are counted, as missed unless predicted exactly; spaCy's scorer and seqeval (strict, IOB2) agree to 1e-9"
)


def evaluate(model: Path, gold: Path, output: Path, *, corpus: str, gpu_id: int) -> None:
    """Predict ``gold`` (JSONL) with ``model`` and write ``output`` (JSON)."""
    use_gpu(gpu_id)
    nlp = spacy.load(model)
    documents = list(read_jsonl(gold))
    docs = list(nlp.pipe(document.text for document in documents))
    protocol = {
        "corpus": corpus,
        "split": gold.stem,
        "digest": content_digest(documents),
        **describe_protocol(nlp, gpu_id),
    }
    figures = measure(documents, docs)
    if judged := judge_all(nlp, documents):
        figures["curves"] = curves_of(judged, documents)
    write_figures(output, {**figures, "counts": count(documents, nlp), "protocol": protocol})


def write_figures(output: Path, result: dict[str, Any]) -> None:
    """Write what was measured, and print the figures in it."""
    with replacing(output) as partial:
        srsly.write_json(partial, result)
    name = f"{result['protocol']['corpus']} {result['protocol']['split']}"
    print(f"{name}: P {result['ents_p']:.4f}  R {result['ents_r']:.4f}  F1 {result['ents_f']:.4f}")
    for label, figures in result["ents_per_type"].items():
        print(f"    {label}: P {figures['p']:.4f}  R {figures['r']:.4f}  F1 {figures['f']:.4f}")
    if "calibration" in result:
        print(f"    confidences: expected calibration error {result['calibration']['ece']:.4f}")


def measure(documents: list[Document], docs: list[Doc]) -> dict[str, Any]:
    """Score the entities of Docs, and their confidences where they have any."""
    return {**score(documents, docs), **_calibration(documents, docs)}


def _calibration(documents: list[Document], docs: list[Doc]) -> dict[str, Any]:
    """Measure how often entities with a confidence are right; nothing where the pipeline gives them none."""
    said, right = [], []
    for document, doc in zip(documents, docs):
        gold = {(mention.start, mention.end, mention.label) for mention in document.entities}
        for ent in doc.ents:
            if Span.has_extension(CONFIDENCE) and (confidence := ent._.get(CONFIDENCE)) is not None:
                said.append(confidence)
                right.append((ent.start_char, ent.end_char, ent.label_) in gold)
    return {"calibration": reliability(np.array(said), np.array(right))} if said else {}


def count(documents: list[Document], nlp: Language) -> dict[str, int]:
    """Count documents and mentions, and those that the tokenizer puts out of reach."""
    conversion = to_docbin(documents, nlp.make_doc, source="", limit=100)
    return {
        "documents": conversion.n_documents,
        "mentions": conversion.n_mentions,
        "tokens": conversion.n_tokens,
        "mentions_off_token_boundaries": len(conversion.misaligned),
        "mentions_under_a_longer_one": conversion.n_overlapping,
    }


def describe_protocol(nlp: Language, gpu_id: int) -> dict[str, Any]:
    """Say how a pipeline was trained and is scored, with versions, date and machine."""
    return {
        "text": "raw text of each document, not split into sentences",
        "match": MATCH,
        "selection": "the checkpoint with the best F1 on the dev split",
        **describe_training(nlp),
        **describe_run((*PACKAGES, "seqeval"), gpu_id=gpu_id),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("gold", type=Path, help="documents as JSONL, from convert.py")
    parser.add_argument("output", type=Path)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--gpu-id", type=int, default=-1)
    arguments = parser.parse_args()
    with errors_in_one_line():
        evaluate(**vars(arguments))
