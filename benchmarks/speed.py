"""Measure the speed of annotating: ours on each path, its peers with the same weights, and the limits, as ratios.

    python -m benchmarks.speed TEXTS [--articles FILE] [--curated PYTHON] [--texts 1000] [--threads 2]

TEXTS and FILE: JSONL with a ``text`` a line. Every system is a process of its own and all but one wait; the texts
are dealt out in rounds, and in each round every system annotates the same ones. Weights are seeded random ones of
LitBERT's shape (and BERT-base's): speed does not depend on them. ``en_litbert_ner`` is the bundled pipeline, on the
smaller ``litbert-oa-small``; spaCy's CNN is an untrained ``ner`` with its own features. PYTHON: the interpreter of an
environment with spacy-curated-transformers 0.3.1, which needs other versions of what we need; it runs with the batch
size that is fastest for it here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import spacy
import torch
from tqdm import tqdm

from spacy_litbert.checkpoints.folder import load_checkpoint

from .record import BERT_BASE, LITBERT, RESULTS, read_texts, spread, untrained_checkpoint, write

WORKER = Path(__file__).with_name("speed_worker.py")
OURS = ["litbert", "litbert, bfloat16", "litbert, onnx", "litbert, onnx int8", "en_litbert_ner"]
STOCK = "spacy-transformers"
BASE = "BERT-base in spacy-transformers"
CNN = "spaCy's CNN"
CURATED = "spacy-curated-transformers"
CURATED_BATCHES = (1, 2, 4, 8, 16, 32)
N_SEARCH = 120
N_SINGLE = 10


class Worker:
    """A system in its own process."""

    def __init__(self, python: str, system: str, checkpoint: Path, threads: int, *, batch_size: int | None = None):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false", "USE_TF": "0"}
        self._process = subprocess.Popen(
            [python, str(WORKER), system, str(checkpoint), *([] if batch_size is None else [str(batch_size)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._read()

    def ask(self, texts: list[str], *, single: bool = False) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"texts": texts, "single": single}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker {self._process.args!r} has ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measure(workers: dict[str, Worker], texts: list[str], rounds: int, *, single: bool = False) -> dict[str, Any]:
    """Measure words per second (or seconds a text), and how many times as fast as others ours is, by round."""
    for worker in workers.values():  # caches and memory warm
        worker.ask(texts[: max(1, len(texts) // (4 * rounds))], single=single)
    rates: dict[str, list[float]] = {name: [] for name in workers}
    size = -(-len(texts) // rounds)
    for start in tqdm(range(0, len(texts), size), desc="rounds"):
        for name, worker in workers.items():
            answer = worker.ask(texts[start : start + size], single=single)
            seconds = sum(answer["seconds"]) if single else answer["seconds"]
            rates[name].append(answer["words"] / seconds)
    return {
        "texts": len(texts),
        "rounds": rounds,
        "words_per_second": {name: spread(values) for name, values in rates.items()},
        "times": {
            ours: {
                other: spread([a / b for a, b in zip(rates[ours], rates[other])]) for other in rates if other != ours
            }
            for ours in OURS
            if ours in rates
        },
    }


def curated_batch_sizes(python: str, checkpoint: Path, texts: list[str], threads: int) -> dict[int, float]:
    """Measure words per second of spacy-curated-transformers by its batch size."""
    workers = {str(n): Worker(python, CURATED, checkpoint, threads, batch_size=n) for n in CURATED_BATCHES}
    rates = measure(workers, texts, 3)["words_per_second"]
    for worker in workers.values():
        worker.close()
    return {n: rates[str(n)]["median"] for n in CURATED_BATCHES}


def matrix_rate(threads: int, dtype: torch.dtype = torch.float32) -> float:
    """Measure floating-point operations per second of a product of LitBERT's size: (2048, 512) by (512, 2048)."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    a, b = torch.randn(2048, 512).to(dtype), torch.randn(512, 2048).to(dtype)
    best = float("inf")
    for _ in range(50):
        started = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - started)
    torch.set_num_threads(before)
    return 2 * 2048 * 512 * 2048 / best


def share_of_matrix_rate(result: dict[str, Any], abstracts: list[str], checkpoint: Path) -> dict[str, float]:
    """Return the encoder's floating-point operations a second over the machine's measured rate, in float32."""
    lengths = [len(encoding) for encoding in load_checkpoint(checkpoint).vocabulary.tokenizer().encode_batch(abstracts)]
    operations = sum(_operations(length, **LITBERT) for length in lengths)
    words = sum(len(doc) for doc in spacy.blank("en").pipe(abstracts))
    rates = result["abstracts"]["words_per_second"]
    return {
        name: round(rates[name]["median"] * operations / words / (1e9 * result["float32_matrix_gflops"]), 3)
        for name in ("litbert", "bare torch")
    }


def _operations(
    length: int, *, hidden_size: int, num_hidden_layers: int, num_attention_heads: int, intermediate_size: int
) -> int:
    """Count the operations of a window: of four projections, two feed-forward layers, and two products of attention."""
    linear = 8 * hidden_size**2 + 4 * hidden_size * intermediate_size
    return num_hidden_layers * length * (linear + 4 * length * hidden_size)


def plot(result: dict[str, Any]) -> None:
    from matplotlib.figure import Figure

    kinds = [kind for kind in ("abstracts", "articles", "single abstracts") if kind in result]
    figure = Figure(figsize=(4.2 * len(kinds) + 2, 4), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0], kinds):
        rates = result[kind]["words_per_second"]
        medians = [rate["median"] for rate in rates.values()]
        errors = [
            [rate["median"] - rate["min"] for rate in rates.values()],
            [r["max"] - r["median"] for r in rates.values()],
        ]
        bars = axes.barh(list(rates), medians, xerr=errors, alpha=0.7)
        axes.bar_label(bars, [f"{median:,.0f}" for median in medians], padding=12, fontsize="small")
        axes.set(title=kind, xlabel="words/s")
        axes.margins(x=0.3)
        axes.invert_yaxis()
    figure.savefig(RESULTS / "speed.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("abstracts", type=Path)
    parser.add_argument("--articles", type=Path)
    parser.add_argument("--curated", help="interpreter with spacy-curated-transformers")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small = untrained_checkpoint(Path(folder) / "litbert", LITBERT)
        base = untrained_checkpoint(Path(folder) / "base", BERT_BASE, 28_996)
        abstracts = read_texts(arguments.abstracts, arguments.texts)
        threads = arguments.threads
        result: dict[str, Any] = {"threads": threads}
        workers = {name: Worker(sys.executable, name, small, threads) for name in [*OURS, "bare torch", STOCK, CNN]}
        workers[BASE] = Worker(sys.executable, STOCK, base, threads)
        if arguments.curated:
            rates = curated_batch_sizes(arguments.curated, small, abstracts[:N_SEARCH], threads)
            result["curated_words_per_second_by_batch_size"] = rates
            best = max(rates, key=lambda n: rates[n])
            workers[CURATED] = Worker(arguments.curated, CURATED, small, threads, batch_size=best)
        result |= {
            "float32_matrix_gflops": round(matrix_rate(threads) / 1e9, 1),
            "abstracts": measure(workers, abstracts, arguments.rounds),
            "single abstracts": measure(workers, abstracts[: N_SINGLE * 3], 3, single=True),
        }
        if arguments.articles:
            result["articles"] = measure(workers, read_texts(arguments.articles, 6), 3)
        for worker in workers.values():
            worker.close()
        result["share_of_matrix_rate"] = share_of_matrix_rate(result, abstracts, small)
    write("speed", result)
    plot(result)


if __name__ == "__main__":
    main()
