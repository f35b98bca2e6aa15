"""Score scispaCy's candidate generator on gold mentions, with the names of one of our knowledge bases.

    .venv-scispacy/bin/python -m benchmarks.scispacy_linker KB CORPUS … [--renamed FILE]

CORPUS: a folder with test.…; of its mentions with ids those of each label are scored apart. scispaCy compares the
trigrams of names by TF-IDF and looks the nearest ones up with nmslib, approximately. Here they are compared exactly,
by the same vectors, which can only be better and needs no hours to build an index. Its generator knows no types, and
what a text defines as an abbreviation is looked up by its long form, as its linker does; the definitions are those that
our linker finds. A mention is right at rank k if one of its concepts is among the k with the most similar names. Needs
scispaCy (``make scispacy``).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from scispacy.candidate_generation import CandidateGenerator
from scispacy.linking_utils import KnowledgeBase as TheirKnowledgeBase
from sklearn.feature_extraction.text import TfidfVectorizer
from tqdm import tqdm

from spacy_litbert.corpora.read import read_documents
from spacy_litbert.linking.abbreviations import long_forms_of
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.workflow.fetch import split_file

from .record import write

K = 30  # names that scispaCy's linker looks at
RANKS = (1, 5, 20)


class ExactNeighbours:
    """What scispaCy asks of an index, by comparing with all."""

    def __init__(self, vectors: Any) -> None:
        self._vectors = vectors.T.tocsr()

    def knnQueryBatch(self, queries: Any, k: int) -> Iterator[tuple[Any, Any]]:  # noqa: N802
        """Yield the k nearest of each query and their distances."""
        for query in tqdm(queries, "mentions", queries.shape[0]):
            cosines = np.asarray((query @ self._vectors).todense()).ravel()
            best = np.argpartition(-cosines, k)[:k]
            order = best[np.lexsort((best, -cosines[best]))]
            yield order, 1 - cosines[order]


def generator_of(kb: KnowledgeBase, folder: Path) -> CandidateGenerator:
    """Make scispaCy's generator of our concepts."""
    path = folder / "concepts.jsonl"
    with path.open("w", encoding="utf8") as file:
        for concept in kb.concepts():
            row = {
                "concept_id": concept.concept_id,
                "canonical_name": concept.canonical_name,
                "aliases": list(concept.aliases),
                "types": list(concept.types),
                "definition": concept.definition,
            }
            file.write(json.dumps(row) + "\n")
    theirs = TheirKnowledgeBase(str(path))
    aliases = np.array([*theirs.alias_to_cuis], dtype=object)
    # As scispacy.candidate_generation.create_tfidf_ann_index does it, which raises on a SciPy of today.
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=10, dtype=np.float32)
    vectors = vectorizer.fit_transform(aliases)
    some = np.diff(vectors.indptr) > 0
    return CandidateGenerator(
        ann_index=ExactNeighbours(vectors[some]),
        tfidf_vectorizer=vectorizer,
        ann_concept_aliases_list=aliases[some].tolist(),
        kb=theirs,
    )


def mentions_of(corpus: Path, renamed: dict[str, str]) -> list[tuple[str, str, set[str]]]:
    """Return label, long form and ids of the gold mentions."""
    found = []
    nlp = spacy.blank("en")
    for document in read_documents(split_file(corpus, "test")):
        doc = nlp.make_doc(document.text)
        mentions = [mention for mention in document.entities if mention.ids]
        spans: list[Any] = [doc.char_span(one.start, one.end, one.label, alignment_mode="expand") for one in mentions]
        for mention, long_form in zip(mentions, long_forms_of(doc, spans)):
            found.append((mention.label, long_form, {renamed.get(i, i) for i in mention.ids}))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kb", type=Path)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--renamed", type=Path, help="TSV of withdrawn ids and the present ones, for gold ids")
    arguments = parser.parse_args()
    kb = KnowledgeBase(arguments.kb)
    lines = arguments.renamed.read_text("utf8").splitlines()[1:] if arguments.renamed else []
    renamed = {old: new for old, new, *_ in (line.split("\t") for line in lines)}
    mentions = {corpus.name: mentions_of(corpus, renamed) for corpus in arguments.corpora}
    names = sorted({name for some in mentions.values() for _, name, _ in some})
    with tempfile.TemporaryDirectory() as folder:
        found = dict(zip(names, generator_of(kb, Path(folder))(names, K)))
    ranked = {
        name: [one.concept_id for one in sorted(candidates, key=lambda one: (-max(one.similarities), one.concept_id))]
        for name, candidates in found.items()
    }
    scores: dict[str, dict[str, Any]] = {}
    for corpus, some in mentions.items():
        for label in sorted({label for label, _, _ in some}):
            of_label = [(ranked[name], ids) for one, name, ids in some if one == label]
            right = {f"acc@{k}": sum(bool(ids & set(ranking[:k])) for ranking, ids in of_label) for k in RANKS}
            scores.setdefault(corpus, {})[label] = {
                "mentions": len(of_label),
                **{name: round(100 * n / len(of_label), 2) for name, n in right.items()},
            }
    described = {key: kb.metadata[key] for key in ("name", "version", "counts", "checksum")}
    result = {"scispacy": version("scispacy"), "knowledge_base": described, "names_looked_up": K, "scores": scores}
    write("scispacy_linker", result)


if __name__ == "__main__":
    main()
