"""Make a page of test texts with the mentions that the trained pipeline marks in them, and draw its figures.

What is drawn is how far its confidences can be relied on, beside the page, if it gives any.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import spacy
from spacy import displacy

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.files import read_json, replacing
from spacy_litbert.workflow.precision_recall import plot_precision_recall
from spacy_litbert.workflow.reliability import plot_reliability

COLOURS = ("#8ecae6", "#ffb4a2", "#b7e4c7", "#ffe066", "#d0bfff")


def visualize(model: Path, gold: Path, output: Path, n_texts: int) -> None:
    """Write ``output`` (HTML) with the first texts of ``gold`` (JSONL)."""
    nlp = spacy.load(model)
    docs = []
    for document in islice(read_jsonl(gold), n_texts):
        doc = nlp(document.text)
        doc.user_data["title"] = document.id
        docs.append(doc)
    labels = sorted({label for name in ("ner", "litbert_ner") for label in nlp.pipe_labels.get(name, ())})
    colours = {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(labels)}
    page = displacy.render(docs, style="ent", page=True, minify=True, jupyter=False, options={"colors": colours})
    with replacing(output) as partial:
        partial.write_text(page, encoding="utf8")
    print(f"{len(docs)} texts in {output}")


def draw(metrics: Path, folder: Path) -> None:
    """Write reliability.png and precision_recall.png if the figures are of a pipeline with confidences."""
    figures = read_json(metrics)
    if "calibration" in figures:
        protocol = figures["protocol"]
        what = f"{protocol['corpus']} {protocol['split']}"
        plot_reliability(folder / "reliability.png", figures["calibration"], what)
        plot_precision_recall(folder / "precision_recall.png", figures["curves"], what)
        print(f"reliability.png and precision_recall.png in {folder}")
    else:  # what is there is an earlier pipeline's
        for name in ("reliability.png", "precision_recall.png"):
            (folder / name).unlink(missing_ok=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("gold", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--metrics", type=Path, help="figures of the pipeline, to be drawn beside the page")
    parser.add_argument("--texts", type=int, default=10)
    arguments = parser.parse_args()
    with errors_in_one_line():
        visualize(arguments.model, arguments.gold, arguments.output, arguments.texts)
        if arguments.metrics:
            draw(arguments.metrics, arguments.output.parent)
