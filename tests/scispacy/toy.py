"""A knowledge base of three concepts, for our linker and for scispaCy's.

scispaCy's own way to index one (``EntityLinker.from_kb``, ``create_tfidf_ann_index``) refuses to run with SciPy 1.11
and later, and the linker's setting knows five names only. So the files are written here, as that function would, and
made known under a name.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from spacy_litbert.linking.build import build
from spacy_litbert.linking.concept import Concept

CONCEPTS = [
    Concept("X:1", "Aspirin", ("acetylsalicylic acid",), ("Chemical",), "A drug."),
    Concept("X:2", "Myocardial Infarction", ("heart attack",), ("Disease",), "Death of heart muscle."),
    Concept("X:3", "Lithium", ("lithium carbonate",), ("Chemical",), "A metal."),
]


def knowledge_base(folder: Path) -> Path:
    """Build ours."""
    build(CONCEPTS, folder / "kb", name="toy", version="1", licence="MIT", sources=[{"file": "written here"}])
    return folder / "kb"


def scispacys_knowledge_base(folder: Path, name: str) -> None:
    """Index the same concepts for scispaCy's linker, which then knows them by this name."""
    import joblib
    import nmslib
    import scipy.sparse
    from scispacy.candidate_generation import DEFAULT_KNOWLEDGE_BASES, DEFAULT_PATHS, LinkerPaths
    from scispacy.linking_utils import KnowledgeBase
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = [
        {
            "concept_id": concept.concept_id,
            "canonical_name": concept.canonical_name,
            "aliases": [*concept.aliases],
            "types": [*concept.types],
            "definition": concept.definition,
        }
        for concept in CONCEPTS
    ]
    concepts = folder / "concepts.jsonl"
    concepts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    aliases = [*KnowledgeBase(str(concepts)).alias_to_cuis]
    # Trigrams as there, but those that occur once count as well: the vocabulary is small.
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=1, dtype=np.float32)
    vectors = vectorizer.fit_transform(aliases)
    index = nmslib.init(method="hnsw", space="cosinesimil_sparse", data_type=nmslib.DataType.SPARSE_VECTOR)
    index.addDataPointBatch(vectors)
    index.createIndex({"M": 100, "indexThreadQty": 1, "efConstruction": 2000, "post": 0})
    paths = LinkerPaths.from_directory(folder)
    joblib.dump(vectorizer, paths.tfidf_vectorizer)
    Path(paths.concept_aliases_list).write_text(json.dumps(aliases))
    scipy.sparse.save_npz(paths.tfidf_vectors, vectors)  # float16 there, which SciPy can no longer write
    index.saveIndex(paths.ann_index)
    DEFAULT_PATHS[name] = paths
    DEFAULT_KNOWLEDGE_BASES[name] = lambda: KnowledgeBase(str(concepts))
