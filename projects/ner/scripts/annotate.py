"""Load a packaged pipeline, annotate a text and print what was found as JSON. Needs nothing but the package."""

import json
import sys

import spacy
import torch

import spacy_litbert

TEXT = "Bradycardia followed the first dose of metoprolol, and lithium-induced tremor was seen in two patients."

nlp = spacy.load(sys.argv[1])
doc = nlp(TEXT)
answer = {
    "text": doc.text,
    "entities": [[ent.text, ent.label_] for ent in doc.ents],
    "versions": {module.__name__: str(module.__version__) for module in (spacy, spacy_litbert, torch)},
    "package": f"{sys.argv[1]} {nlp.meta['version']}",
}
print(json.dumps(answer))
