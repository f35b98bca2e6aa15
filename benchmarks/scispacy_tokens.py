"""Measure what scispaCy's tokenizer costs a pipeline that was trained with another one.

    python -m benchmarks.scispacy_tokens CORPUS [--pipeline en_litbert_ner] [--texts 200]

CORPUS: a file of documents with mentions, in any format that is read here. Its first texts are annotated twice, with
the pipeline's own tokenizer and with scispaCy's ``combined_rule_tokenizer``. A mention is right if its characters and
label are; mentions with labels that the corpus does not have don't count, and those that do not begin and end with
tokens can't be found, and are counted. Needs scispaCy (``make
scispacy``).
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from scispacy.custom_tokenizer import combined_rule_tokenizer
from spacy.language import Language

from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.pipelines import load_pipeline

from .record import write


def measure(nlp: Language, documents: list[Document]) -> dict[str, Any]:
    """Annotate the documents, and return precision, recall and F1 in per cent, and how much can't be found."""
    n_gold = n_found = n_right = n_off = n_tokens = 0
    labels = {mention.label for document in documents for mention in document.entities}
    for document, doc in zip(documents, nlp.pipe(one.text for one in documents)):
        gold = {(mention.start, mention.end, mention.label) for mention in document.entities}
        found = {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents if ent.label_ in labels}
        n_gold, n_found, n_right = n_gold + len(gold), n_found + len(found), n_right + len(gold & found)
        n_off += sum(doc.char_span(start, end) is None for start, end, _ in gold)
        n_tokens += len(doc)
    return {
        "tokens": n_tokens,
        "mentions": n_gold,
        "mentions_off_the_tokens": n_off,
        "precision": round(100 * n_right / n_found, 1),
        "recall": round(100 * n_right / n_gold, 1),
        "f1": round(200 * n_right / (n_found + n_gold), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pipeline", default="en_litbert_ner")
    parser.add_argument("--texts", type=int, default=200)
    arguments = parser.parse_args()
    documents = list(islice(read_documents(arguments.corpus), arguments.texts))
    nlp = load_pipeline(arguments.pipeline)
    scores = {"own": measure(nlp, documents)}
    nlp.tokenizer = combined_rule_tokenizer(nlp)
    scores["scispacy"] = measure(nlp, documents)
    result = {
        "pipeline": f"{arguments.pipeline} {nlp.meta['version']}",
        "scispacy": version("scispacy"),
        "corpus": f"{arguments.corpus.parent.name}/{arguments.corpus.name}",
        "documents": len(documents),
        "tokenizers": scores,
    }
    write("scispacy_tokens", result)


if __name__ == "__main__":
    main()
