"""Measure what a knowledge base costs: to build, to open, to keep in memory, and for each distinct mention.

python -m benchmarks.linking_costs FOLDER SOURCE … --mentions FILE

The knowledge base is built at FOLDER from the SOURCEs, as ``spacy litbert kb build`` does, and stays there. FILE is a
corpus; the distinct mentions of each of its documents are looked up by an untrained linker: candidates and features, of
concepts of the type that the label names, and of all concepts.

python -m benchmarks.linking_costs FOLDER --like KB --names 4000000 --mentions FILE

does the same with a made-up vocabulary of so many names, which is written to FOLDER.jsonl.

With ``--pipeline``, an installed pipeline that ends with a linker, the texts of FILE also go through it, and through
the same without the linker: a block of texts at a time, each of the two first in turn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import spacy

from spacy_litbert.cli.kb import kb_build
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.linking.knowledge_base import KnowledgeBase

from .record import memory_of_process, write
from .synthetic_vocabulary import write_vocabulary

_BLOCK = 50  # texts


def build(folder: Path, sources: list[Path]) -> dict[str, Any]:
    begun, computing = perf_counter(), process_time()
    kb = kb_build(folder, sources, force=True)
    seconds, computing = perf_counter() - begun, process_time() - computing
    size = sum(file["bytes"] for file in kb.metadata["files"].values())
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(computing, 1),
        "peak_mb": round(memory_of_process("VmHWM")),
        "disk_mb": round(size / 1e6, 1),
        **kb.metadata["counts"],
    }


def use(folder: Path, corpus: Path, limit: int, types: dict[str, list[str]] | None) -> dict[str, Any]:
    """Link the mentions of the first documents. types: as the linker's setting; {}: any concept for any label."""
    nothing = memory_of_process("VmRSS")
    opening = []
    for _ in range(5):
        begun = perf_counter()
        kb = KnowledgeBase(folder)
        opening.append(perf_counter() - begun)
    nlp = spacy.blank("en")
    linker: Any = nlp.add_pipe("litbert_linker", config={"use_memory": False, "types": types})
    linker.set_kb(kb)
    n_mentions = 0
    seconds: list[float] = []  # of each distinct mention, the mean of its document
    computing = 0.0
    for document in list(read_documents(corpus))[:limit]:
        doc = nlp.tokenizer(document.text)
        spans: list[Any] = [doc.char_span(m.start, m.end, m.label, alignment_mode="expand") for m in document.entities]
        n_mentions += len(spans)
        n_distinct = len({(span.text, span.label_) for span in spans})
        begun, begun_computing = perf_counter(), process_time()
        linker.rank(doc, spans)
        seconds += [(perf_counter() - begun) / n_distinct] * n_distinct if n_distinct else []
        computing += process_time() - begun_computing
    after = memory_of_process("VmRSS")
    begun = perf_counter()
    kb.verify()
    verifying = perf_counter() - begun
    return {
        "open_ms": round(1000 * median(opening), 1),
        "verify_ms": round(1000 * verifying),
        "mentions": n_mentions,
        "distinct_mentions": len(seconds),
        "ms_per_distinct_mention": round(1000 * sum(seconds) / len(seconds), 2),
        "cpu_ms_per_distinct_mention": round(1000 * computing / len(seconds), 2),
        "ms_in_the_slowest_document": round(1000 * max(seconds), 2),
        "resident_mb_of_the_programs_alone": round(nothing),
        "resident_mb_with_mentions_linked": round(after),
    }


def pipe(pipeline: str, corpus: Path) -> dict[str, Any]:
    """Annotate all documents with a pipeline and without its linker."""
    nlp = spacy.load(pipeline)
    texts = [document.text for document in read_documents(corpus)]
    seconds = {"with": 0.0, "without": 0.0}
    list(nlp.pipe(texts[:_BLOCK]))
    for number, start in enumerate(range(_BLOCK, len(texts), _BLOCK)):
        for which in ("with", "without") if number % 2 else ("without", "with"):
            with nlp.select_pipes(disable=["litbert_linker"] if which == "without" else []):
                begun = perf_counter()
                list(nlp.pipe(texts[start : start + _BLOCK]))
                seconds[which] += perf_counter() - begun
    return {
        "pipeline": f"{pipeline} {nlp.meta['version']}",
        "texts": len(texts) - _BLOCK,
        "seconds_with_the_linker": round(seconds["with"], 1),
        "seconds_without": round(seconds["without"], 1),
        "times": round(seconds["with"] / seconds["without"], 3),
    }


def _in_a_process(*arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.linking_costs", *arguments], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", nargs="*", type=Path)
    parser.add_argument("--mentions", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=100, help="documents whose mentions are looked up")
    parser.add_argument("--like", type=Path, help="a knowledge base; make a vocabulary up from its names")
    parser.add_argument("--names", type=int, default=4_000_000, help="how many names are made up")
    parser.add_argument("--pipeline", help="an installed pipeline with a linker, to be compared with itself without")
    parser.add_argument("--part", choices=["build", "use", "use-all", "pipe"], help="one part alone, printed as JSON")
    arguments = parser.parse_args()
    if arguments.part == "build":
        print(json.dumps(build(arguments.folder, arguments.sources)))
        return
    if arguments.part == "pipe":
        print(json.dumps(pipe(arguments.pipeline, arguments.mentions)))
        return
    if arguments.part is not None:
        types: dict[str, list[str]] | None = {} if arguments.part == "use-all" else None
        print(json.dumps(use(arguments.folder, arguments.mentions, arguments.limit, types)))
        return
    sources, described = list(arguments.sources), {}
    if arguments.like is not None:
        like = KnowledgeBase(arguments.like)
        sources = [arguments.folder.with_suffix(".jsonl")]
        write_vocabulary(like, sources[0], arguments.names)
        described = {"made_up_from": {key: like.metadata[key] for key in ("name", "version", "counts", "checksum")}}
    common = [str(arguments.folder), *map(str, sources), "--mentions", str(arguments.mentions)]
    result = {
        "build": _in_a_process(*common, "--part", "build"),
        "use": _in_a_process(*common, "--limit", str(arguments.limit), "--part", "use"),
        "use_without_types": _in_a_process(*common, "--limit", str(arguments.limit), "--part", "use-all"),
    }
    if arguments.pipeline:
        result["pipe"] = _in_a_process(*common, "--pipeline", arguments.pipeline, "--part", "pipe")
    name = "linking_costs" if arguments.like is None else "linking_costs_made_up"
    said = {"sources": [path.name for path in sources], "mentions": arguments.mentions.name}
    write(name, {**said, **described, **result})


if __name__ == "__main__":
    main()
