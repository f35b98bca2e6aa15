"""Measure ``spacy litbert annotate``: words/s of one process, two processes and two workers on Ray; flat memory.

    python -m benchmarks.annotate TEXTS [--texts 20000] [--pipeline en_litbert_ner] [--shard-size 50]

TEXTS: JSONL with a ``text`` a line, or a folder of such files; they are read again and again until there are so many.
With 20,000 abstracts each of the three engines takes about a quarter of an hour on two cores. Each is a process of its
own. The first tenth, in which pipelines are loaded and Ray begins, is measured apart: words/s are those behind it.
Resident memory, in MB, at a tenth of the documents and at the end, is what all processes of the engine have to
themselves (USS); pages that they share are not counted. Ray needs the extra ``ray`` (``pip install ray``), and is left
out where it is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil

from spacy_litbert.annotate.manifest import NAME

from .record import read_texts, write

ENGINES = {
    "1 process": ["--engine", "local", "--n-process", "1"],
    "2 processes": ["--engine", "local", "--n-process", "2"],
    "ray, 2 workers": ["--engine", "ray", "--n-process", "2"],
}


def measure(pipeline: str, documents: Path, output: Path, options: list[str], n_documents: int) -> dict[str, Any]:
    """Annotate all documents with an engine, and look at it at a tenth of them and at the end."""
    command = [sys.executable, "-m", "spacy", "litbert", "annotate", pipeline, str(documents), str(output), "--quiet"]
    started = time.perf_counter()
    # Threads as they are by default for one process; with several, each keeps to one core.
    process = psutil.Popen([*command, *options], stdout=subprocess.DEVNULL, env={**os.environ, "USE_TF": "0"})
    tenth: dict[str, float] = {}
    last_mb = 0.0
    seen = 0
    while process.poll() is None:
        time.sleep(0.25)
        done = _done(output)
        n = sum(row["documents"] for row in done)
        if n == seen:
            continue
        seen = n
        if n >= n_documents / 10 and not tenth:
            words = sum(row["words"] for row in done)
            tenth = {"seconds": time.perf_counter() - started, "words": words, "mb": _memory(process)}
        if n_documents * 9 / 10 <= n < n_documents:  # at the very end the workers are gone
            last_mb = _memory(process)
    if process.returncode != 0:
        raise RuntimeError(f"{options} has ended with code {process.returncode}")
    seconds, words = time.perf_counter() - started, sum(row["words"] for row in _done(output))
    return {
        "words": words,
        "words_per_second": round((words - tenth["words"]) / (seconds - tenth["seconds"])),
        "seconds": round(seconds, 1),
        "seconds_to_a_tenth": round(tenth["seconds"], 1),
        "mb_at_a_tenth": round(tenth["mb"]),
        "mb_at_the_end": round(last_mb),
    }


def _done(output: Path) -> list[dict[str, Any]]:
    path = output / NAME
    whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    return [json.loads(line) for line in whole.splitlines()[1:]]


def _memory(process: psutil.Process) -> float:
    total = 0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_full_info().uss
    return total / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("texts", type=Path)
    parser.add_argument("--texts", type=int, default=20_000, dest="n")
    parser.add_argument("--pipeline", default="en_litbert_ner")
    parser.add_argument("--shard-size", type=int, default=50)
    arguments = parser.parse_args()
    engines = {name: options for name, options in ENGINES.items() if "ray" not in options or find_spec("ray")}
    result: dict[str, Any] = {
        "pipeline": arguments.pipeline,
        "documents": arguments.n,
        "shard_size": arguments.shard_size,
    }
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents.jsonl"
        texts = islice(cycle(read_texts(arguments.texts, arguments.n)), arguments.n)
        with documents.open("w", encoding="utf8") as file:
            file.writelines(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))
        for i, (name, options) in enumerate(engines.items()):
            size = ["--shard-size", str(arguments.shard_size)]
            result[name] = measure(arguments.pipeline, documents, Path(folder) / str(i), [*options, *size], arguments.n)
    write("annotate", result)


if __name__ == "__main__":
    main()
