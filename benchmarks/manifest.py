"""Measure the one process of ``spacy litbert annotate`` that reads the inputs and keeps the record.

    python -m benchmarks.manifest [--shards 1000 20000] [--files 1000 20000]

Everything is made up. For each number of shards, a manifest is written line by line as a run does (each line is on the
disk before the next), and opened again, which looks at the file of every shard. For each number of input files, they
are found and their fingerprints taken, which every start of a run does, and the first line of the manifest names them.
Reading is what feeds the workers: texts in compressed files, abstracts and full texts as long as real ones, cut into
shards and packed for another process. Adding a line is wall-clock time, the disk's; everything else is processor time.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import pickle
import random
import resource
import tarfile
import tempfile
import time
from collections.abc import Callable
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
        begun = time.process_time()
        with opened(folder, settings) as manifest:
            assert manifest.next_place()[0] == n
        opening = time.process_time() - begun
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
        begun = time.process_time()
        line = json.dumps([described(path) for path in find_files([folder])])
        return {"bytes": len(line), "seconds_to_begin": round(time.process_time() - begun, 2)}


def jsonl(path: Path, texts: list[str]) -> None:
    rows = (json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))
    path.write_bytes(gzip.compress("".join(rows).encode(), 6))


def pubmed(path: Path, texts: list[str]) -> None:
    articles = (
        f"<PubmedArticle><MedlineCitation><PMID>{i}</PMID><Article><ArticleTitle>Title</ArticleTitle><Abstract>"
        f"<AbstractText>{text}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
        for i, text in enumerate(texts)
    )
    path.write_bytes(gzip.compress(f"<PubmedArticleSet>\n{''.join(articles)}</PubmedArticleSet>\n".encode(), 6))


def jats(path: Path, texts: list[str]) -> None:
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        for i, text in enumerate(texts):
            words = text.split()
            paragraphs = (" ".join(words[at : at + 100]) for at in range(0, len(words), 100))
            article = (
                f'<article><front><article-meta><article-id pub-id-type="pmcid">PMC{i}</article-id>'
                "</article-meta></front>"
                f"<body><sec>{''.join(f'<p>{one}</p>' for one in paragraphs)}</sec></body></article>"
            ).encode()
            member = tarfile.TarInfo(f"PMC{i}.nxml")
            member.size = len(article)
            archive.addfile(member, io.BytesIO(article))


def reading(name: str, make: Callable[[Path, list[str]], None], n_texts: int, n_words: int) -> dict[str, Any]:
    """Read texts of a format and pack them as they go to workers."""
    rng = random.Random(0)
    words = ["".join(rng.choices(ascii_lowercase, k=rng.randint(1, 11))) for _ in range(20_000)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        make(path, [" ".join(rng.choices(words, k=n_words)) for _ in range(n_texts)])
        begun = time.process_time()
        n_read = 0
        for one in cut([path], 1000):
            n_read += sum(isinstance(item, Document) for _, item in one.documents)
            pickle.dumps(one)
        seconds = time.process_time() - begun
    assert n_read == n_texts
    return {"texts": n_texts, "words": n_words, "words_per_second": round(n_texts * n_words / seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shards", type=int, nargs="+", default=[1_000, 20_000])
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 20_000])
    arguments = parser.parse_args()
    result = {
        "shards": {str(n): shards(n) for n in arguments.shards},
        "files": {str(n): files(n) for n in arguments.files},
        "reading": {
            "JSONL": reading("texts.jsonl.gz", jsonl, 20_000, 200),
            "PubMed": reading("pubmed.xml.gz", pubmed, 20_000, 200),
            "JATS": reading("articles.tar.gz", jats, 900, 4_500),
        },
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }
    write("manifest", result)


if __name__ == "__main__":
    main()
