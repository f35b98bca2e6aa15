"""Score a pipeline of many labels on the corpora that it learned from, each for the labels annotated there.

A corpus of diseases says nothing about genes, so in its texts only the entities of its own labels are scored. They are
those of ``doc.ents``: a chemical that gave way to a surer gene counts as missed.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import spacy
from curves import Judged, curves_of, judge_all
from evaluate import count, describe_protocol, measure, write_figures
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_config
from tqdm import tqdm

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.gpu import use_gpu


def evaluate_joint(model: Path, config: Path, output: Path, *, corpus: str, split: str, gpu_id: int) -> None:
    """Predict the splits of the corpora that ``config`` trains on and write ``output`` (JSON).

    It has the figures of each corpus under ``corpora``, and those of all their mentions together. A corpus without the
    split is left out.
    """
    use_gpu(gpu_id)
    nlp = spacy.load(model)
    corpora: dict[str, Any] = {}
    all_documents: list[Document] = []
    all_docs: list[Doc] = []
    judged: list[Judged] = []
    for name, (labels, documents) in gold_of(config, split).items():
        docs = predict(nlp, documents, labels, name)
        corpora[name] = {
            **measure(documents, docs),
            "counts": count(documents, nlp),
            "digest": content_digest(documents),
        }
        all_documents += documents
        all_docs += docs
        judged += judge_all(nlp, documents, labels)
    protocol = {
        "corpus": corpus,
        "split": split,
        "trained_on": [*_trained_on(config)],
        **describe_protocol(nlp, gpu_id),
    }
    figures = {**measure(all_documents, all_docs), "curves": curves_of(judged, all_documents)}
    write_figures(output, {**figures, "corpora": corpora, "protocol": protocol})
    for name, figures in corpora.items():
        print(f"    {name}: P {figures['ents_p']:.4f}  R {figures['ents_r']:.4f}  F1 {figures['ents_f']:.4f}")


def gold_of(config: Path, split: str) -> dict[str, tuple[list[str], list[Document]]]:
    """Read labels and gold documents, with mentions of those labels, of the corpora in ``config`` that have it."""
    gold = {}
    for name, settings in _trained_on(config).items():
        path = Path(settings["path"]).with_name(f"{split}.jsonl")
        if path.is_file() and split not in Path(settings["path"]).stem:
            labels = settings["labels"]
            gold[name] = labels, [_of_labels(document, labels) for document in read_jsonl(path)]
    return gold


def _trained_on(config: Path) -> dict[str, Any]:
    return dict(load_config(config).interpolate()["corpora"]["train"]["corpora"])


def _of_labels(document: Document, labels: list[str]) -> Document:
    return replace(document, entities=tuple(mention for mention in document.entities if mention.label in labels))


def predict(nlp: Language, documents: list[Document], labels: list[str], name: str) -> list[Doc]:
    """Return Docs of the documents' texts with the entities of these labels. name: of the corpus, for the progress."""
    docs = []
    for doc in tqdm(nlp.pipe(document.text for document in documents), desc=name, total=len(documents), unit="text"):
        doc.ents = [ent for ent in doc.ents if ent.label_ in labels]
        docs.append(doc)
    return docs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("config", type=Path, help="the training config, for its corpora")
    parser.add_argument("output", type=Path)
    parser.add_argument("--corpus", default="joint", help="what they are called together in corpora.json")
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--gpu-id", type=int, default=-1)
    arguments = parser.parse_args()
    with errors_in_one_line():
        evaluate_joint(**vars(arguments))
