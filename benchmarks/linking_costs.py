"""Measure what a knowledge base costs: to build, to open, to keep in memory, and for each distinct mention.

python -m benchmarks.linking_costs FOLDER SOURCE … --mentions FILE

The knowledge base is built at FOLDER from the SOURCEs, as ``spacy litbert kb build`` does, and stays there. FILE is a
corpus; the distinct mentions of each of its documents are looked up by an untrained linker: candidates and features.
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


def use(folder: Path, corpus: Path, limit: int) -> dict[str, Any]:
    nothing = memory_of_process("VmRSS")
    opening = []
    for _ in range(5):
        begun = perf_counter()
        kb = KnowledgeBase(folder)
        opening.append(perf_counter() - begun)
    nlp = spacy.blank("en")
    linker: Any = nlp.add_pipe("litbert_linker", config={"use_memory": False})
    linker.set_kb(kb)
    n_mentions = n_distinct = 0
    seconds = computing = 0.0
    for document in list(read_documents(corpus))[:limit]:
        doc = nlp.tokenizer(document.text)
        spans: list[Any] = [doc.char_span(m.start, m.end, m.label, alignment_mode="expand") for m in document.entities]
        begun, begun_computing = perf_counter(), process_time()
        linker.rank(doc, spans)
        seconds += perf_counter() - begun
        computing += process_time() - begun_computing
        n_mentions += len(spans)
        n_distinct += len({(span.text, span.label_) for span in spans})
    after = memory_of_process("VmRSS")
    begun = perf_counter()
    kb.verify()
    verifying = perf_counter() - begun
    return {
        "open_ms": round(1000 * median(opening), 1),
        "verify_ms": round(1000 * verifying),
        "mentions": n_mentions,
        "distinct_mentions": n_distinct,
        "ms_per_distinct_mention": round(1000 * seconds / n_distinct, 2),
        "cpu_ms_per_distinct_mention": round(1000 * computing / n_distinct, 2),
        "resident_mb_of_the_programs_alone": round(nothing),
        "resident_mb_with_mentions_linked": round(after),
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
    parser.add_argument("--part", choices=["build", "use"], help="one part alone, printed as JSON")
    arguments = parser.parse_args()
    sources = list(map(str, arguments.sources))
    if arguments.part == "build":
        print(json.dumps(build(arguments.folder, arguments.sources)))
    elif arguments.part == "use":
        print(json.dumps(use(arguments.folder, arguments.mentions, arguments.limit)))
    else:
        common = [str(arguments.folder), *sources, "--mentions", str(arguments.mentions)]
        result = {
            "build": _in_a_process(*common, "--part", "build"),
            "use": _in_a_process(*common, "--limit", str(arguments.limit), "--part", "use"),
        }
        write("linking_costs", {"sources": [path.name for path in arguments.sources], **result})


if __name__ == "__main__":
    main()
