"""Measure the one process of ``spacy litbert annotate`` that reads the inputs and keeps the record.

    python -m benchmarks.manifest [--shards 1000 40000] [--files 1000 40000]

Everything is made up. For each number of shards, a manifest is written line by line as a run does (each line is on the
disk before the next), and opened again, which looks at the file of every shard. For each number of input files, they
are found and their fingerprints taken, which every start of a run does, and the first line of the manifest names them.
Reading is what feeds the workers: texts of 200 words in compressed files, cut into shards and packed for another
process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pickle
import random
import resource
import tempfile
import time
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from spacy_litbert.annotate.manifest import NAME, Done, opened
from spacy_litbert.annotate.run import Expected, described
from spacy_litbert.annotate.shards import Place, cut
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.formats import find_files

from .record import write

LETTER = "x"
WORDS = 200  # of a text


def shard(number: int) -> Done:
    """Make a finished shard with figures as long as they are in a large run."""
    end = Place(number, 1000, 123_456_789)
    return Done(number, 1000, 0, 200_123, 12_345, f"part-{number:06}.jsonl", len(LETTER), 64 * "0", end)


def shards(n: int) -> dict[str, Any]:
    """Write and open the manifest of ``n`` shards in one folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"spacy_litbert": "0", "inputs": []}
        with opened(folder, settings) as manifest:
            for i in range(n):
                (folder / shard(i).file).write_text(LETTER)
            so_far = Expected([1] * n)
            begun = time.perf_counter()
            for i in range(n):
                manifest.add(shard(i))
                so_far.add(shard(i))
                _ = so_far.in_all
            adding = time.perf_counter() - begun
        begun = time.perf_counter()
        with opened(folder, settings) as manifest:
            assert manifest.next_place()[0] == n
        opening = time.perf_counter() - begun
        return {
            "bytes": (folder / NAME).stat().st_size,
            "milliseconds_to_add_one": round(1000 * adding / n, 3),
            "seconds_to_open": round(opening, 2),
        }


def files(n: int) -> dict[str, Any]:
    """Find ``n`` input files of one folder and describe them, as a run does at its beginning."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(n):
            (folder / f"PMC{i:07}.xml").write_text(LETTER)
        begun = time.perf_counter()
        line = json.dumps([described(path) for path in find_files([folder])])
        return {"bytes": len(line), "seconds_to_begin": round(time.perf_counter() - begun, 2)}


def jsonl(texts: list[str]) -> str:
    return "".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))


def pubmed(texts: list[str]) -> str:
    articles = (
        f"<PubmedArticle><MedlineCitation><PMID>{i}</PMID><Article><ArticleTitle>Title</ArticleTitle><Abstract>"
        f"<AbstractText>{text}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
        for i, text in enumerate(texts)
    )
    return f"<PubmedArticleSet>\n{''.join(articles)}</PubmedArticleSet>\n"


def reading(name: str) -> dict[str, Any]:
    """Read 20,000 texts of a format and pack them as they go to workers."""
    rng = random.Random(0)
    words = ["".join(rng.choices(ascii_lowercase, k=rng.randint(1, 11))) for _ in range(20_000)]
    texts = [" ".join(rng.choices(words, k=WORDS)) for _ in range(20_000)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.gz"
        content = jsonl(texts) if name.endswith(".jsonl") else pubmed(texts)
        path.write_bytes(gzip.compress(content.encode(), 6))
        begun = time.perf_counter()
        for one in cut([path], 1000):
            assert all(isinstance(item, Document) for _, item in one.documents)
            pickle.dumps(one)
        return {"words_per_second": round(len(texts) * WORDS / (time.perf_counter() - begun))}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shards", type=int, nargs="+", default=[1_000, 40_000])
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 40_000])
    arguments = parser.parse_args()
    result = {
        "shards": {str(n): shards(n) for n in arguments.shards},
        "files": {str(n): files(n) for n in arguments.files},
        "reading": {name: reading(name) for name in ("texts.jsonl", "pubmed.xml")},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }
    write("manifest", result)


if __name__ == "__main__":
    main()
