"""Load a packaged pipeline, classify four texts and print the scores as JSON. Needs nothing but the package."""

import json
import sys

import spacy
import torch

import spacy_litbert

TITLE = "Sustained ERK signalling drives proliferation of melanoma cells"
ABSTRACT = (
    f"{TITLE}. We treated melanoma cells with an inhibitor of MEK. Proliferation stopped within two days, and "
    "caspase 3 was cleaved in a third of the cells. Cells that overexpressed BCL2 survived. We conclude that the "
    "pathway keeps melanoma cells from apoptosis."
)
N_WORDS = 20_000

words = (ABSTRACT.split() * (N_WORDS // len(ABSTRACT.split()) + 1))[:N_WORDS]
texts = {"title": TITLE, "abstract": ABSTRACT, "article": " ".join(words), "empty": ""}
nlp = spacy.load(sys.argv[1])
docs = {name: nlp(text) for name, text in texts.items()}
labels = {label for of_pipe in nlp.pipe_labels.values() for label in of_pipe}
if any(set(doc.cats) != labels for doc in docs.values()):
    sys.exit(f"not every text has scores of {labels}: {[doc.cats for doc in docs.values()]}")
answer = {
    "words": {name: len(text.split()) for name, text in texts.items()},
    "cats": {name: {label: round(score, 4) for label, score in doc.cats.items()} for name, doc in docs.items()},
    "versions": {module.__name__: str(module.__version__) for module in (spacy, spacy_litbert, torch)},
    "package": f"{sys.argv[1]} {nlp.meta['version']}",
}
print(json.dumps(answer))
