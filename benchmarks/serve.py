"""Measure ``spacy litbert serve``: throughput beside ``nlp.pipe``, latency, and wrong answers.

    python -m benchmarks.serve TEXTS [--pipeline en_litbert_ner] [--requests 10000] [--connections 16] [--texts 500]

TEXTS: JSONL with a ``text`` a line. 10,000 abstracts take a quarter of an hour on two cores. A service in a process of
its own gets one text a request, from several connections that each send the next request when the last is answered.
Clients and service share the machine. Every answer is compared with what the pipeline says of the text alone: places
and labels exactly, scores to four digits.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from spacy_litbert.pipelines import load_pipeline
from spacy_litbert.serve.answers import answer

from .record import read_texts, write


@contextmanager
def service(pipeline: str) -> Iterator[tuple[str, int]]:
    """Start the command; give host and port. At the end it must stop in good order."""
    command = [sys.executable, "-m", "spacy", "litbert", "serve", pipeline, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://(\S+):(\d+)", process.stdout.readline())
            assert found, "the service did not start"
            yield found[1], int(found[2])
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
        finally:
            process.kill()


def ask(host: str, port: int, texts: list[str]) -> tuple[list[float], list[bytes]]:
    """Send a request a text over one connection; return the seconds and the body of each answer."""
    connection = HTTPConnection(host, port)
    seconds, answers = [], []
    for text in texts:
        begun = time.perf_counter()
        body = json.dumps({"text": text}).encode()
        connection.request("POST", "/annotate", body, {"Content-Type": "application/json"})
        answers.append(connection.getresponse().read())
        seconds.append(time.perf_counter() - begun)
    connection.close()
    return seconds, answers


def comparable(body: bytes) -> Any:
    """Return what an answer says, with scores to four digits."""
    return json.loads(body, parse_float=lambda number: round(float(number), 4))


def measure(pipeline: str, texts: list[str], n_requests: int, n_connections: int) -> dict[str, Any]:
    nlp = load_pipeline(pipeline)
    expected = {text: comparable(answer(nlp(text), "0")) for text in texts}
    sent = [texts[i % len(texts)] for i in range(n_requests)]
    n_words = sum(len(text.split()) for text in sent)
    begun = time.perf_counter()
    for _ in nlp.pipe(sent):
        pass
    alone = time.perf_counter() - begun
    with service(pipeline) as (host, port):
        ask(host, port, texts[:n_connections])  # as warm as the pipeline here
        shares = [sent[i::n_connections] for i in range(n_connections)]
        with ThreadPoolExecutor(n_connections) as pool:
            begun = time.perf_counter()
            results = list(pool.map(lambda share: ask(host, port, share), shares))
            served = time.perf_counter() - begun
    milliseconds = 1000 * np.array([one for seconds, _ in results for one in seconds])
    wrong = sum(
        comparable(body) != expected[text]
        for share, (_, bodies) in zip(shares, results)
        for text, body in zip(share, bodies, strict=True)
    )
    return {
        "pipeline": pipeline,
        "requests": n_requests,
        "connections": n_connections,
        "distinct_texts": len(texts),
        "words": n_words,
        "words_per_second": {"nlp.pipe": round(n_words / alone), "served": round(n_words / served)},
        "served_beside_pipe": round(alone / served, 3),
        "latency_ms": {f"p{p}": round(float(np.percentile(milliseconds, p)), 1) for p in (50, 99)},
        "wrong": wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--pipeline", default="en_litbert_ner")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--texts", type=int, default=500, help="distinct texts")
    arguments = parser.parse_args()
    texts = read_texts(arguments.path, arguments.texts)
    write("serve", measure(arguments.pipeline, texts, arguments.requests, arguments.connections))


if __name__ == "__main__":
    main()
