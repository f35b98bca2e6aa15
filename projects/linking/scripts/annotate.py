"""Load a packaged pipeline, link the mentions of a text and print them as JSON. Needs nothing but the package."""

import json
import sys
from importlib.util import find_spec
from typing import Any

import spacy

import spacy_litbert

TEXT = "Bradycardia followed the first dose of metoprolol; acute kidney injury (AKI) was seen, and AKI passed."

nlp = spacy.load(sys.argv[1])
doc = nlp(TEXT)
linker: Any = nlp.get_pipe("litbert_linker")
kb = linker.kb
answer = {
    "text": doc.text,
    "entities": [
        [ent.text, ent.label_, ent.kb_id_, kb[ent.kb_id_].canonical_name if ent.kb_id_ in kb else ""]
        for ent in doc.ents
    ],
    "concepts": len(kb),
    "versions": {module.__name__: str(module.__version__) for module in (spacy, spacy_litbert)},
    "scispacy": find_spec("scispacy") is not None,
    "package": f"{sys.argv[1]} {nlp.meta['version']}",
}
print(json.dumps(answer))
