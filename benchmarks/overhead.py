"""Measure where the time of a pipeline goes: the encoder, the entity recogniser, and everything else.

    python -m benchmarks.overhead TEXTS [--texts 300]

TEXTS: JSONL with a ``text`` a line. A pipeline of LitBERT's shape, with seeded random weights, annotates the texts in
batches; each part is timed by itself. What is neither encoder nor recogniser limits a pipeline beside a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc

from spacy_litbert.encoder.inputs import EncoderInput

from .record import LITBERT, RESULTS, read_texts, spread, untrained_checkpoint, write
from .speed_worker import ours

BATCH = 64
ROUNDS = 5
OVERHEAD = ["spaCy's tokenizer", "wordpieces, alignment, windows", "annotation", "pooling"]


class Stopwatch:
    """Seconds by part, summed over batches."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started


class TimedEncoder:
    """Stand-in for the encoder of a shim: the same vectors, and their time kept apart."""

    def __init__(self, shim: Any, watch: Stopwatch):
        self._shim, self._watch = shim, watch

    def __call__(self, inputs: EncoderInput, is_train: bool) -> Any:
        with self._watch("encoder"):
            return self._shim(inputs, is_train)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shim, name)


def annotate(nlp: Language, texts: list[str]) -> tuple[dict[str, float], int]:
    """Return the seconds of each part, and the number of words."""
    watch, n_words = Stopwatch(), 0
    transformer: TrainablePipe = nlp.get_pipe("transformer")
    ner: TrainablePipe = nlp.get_pipe("ner")
    # The first layers of the recogniser; what follows them in its `tok2vec` is its own.
    pooling = next(node for node in ner.model.walk() if node.name == "litbert-listener>>pool-wordpieces")
    shim = transformer.model.shims[0]
    transformer.model.shims[0] = TimedEncoder(shim, watch)
    for start in range(0, len(texts), BATCH):
        with watch("spaCy's tokenizer"):
            docs: list[Doc] = [nlp.make_doc(text) for text in texts[start : start + BATCH]]
        with watch("transformer"):
            batch = transformer.predict(docs)
        with watch("annotation"):
            transformer.set_annotations(docs, batch)
        with watch("pooling"):
            pooling.predict(docs)
        with watch("recogniser with pooling"):
            ner.set_annotations(docs, ner.predict(docs))
        n_words += sum(map(len, docs))
    transformer.model.shims[0] = shim
    seconds = watch.seconds
    seconds["wordpieces, alignment, windows"] = seconds.pop("transformer") - seconds["encoder"]
    seconds["entity recogniser"] = seconds.pop("recogniser with pooling") - seconds["pooling"]
    return seconds, n_words


def measure(nlp: Language, texts: list[str]) -> dict[str, Any]:
    """Measure shares and rates over rounds of different texts; the first texts run once before, to warm the caches."""
    annotate(nlp, texts[: BATCH // 2])
    size = -(-len(texts) // ROUNDS)
    runs = [annotate(nlp, texts[start : start + size]) for start in range(0, len(texts), size)]
    overhead = [sum(seconds[part] for part in OVERHEAD) for seconds, _ in runs]
    parts = {part: sum(seconds[part] for seconds, _ in runs) for part in runs[0][0]}
    return {
        "texts": len(texts),
        "words": sum(n for _, n in runs),
        "seconds": {part: round(value, 4) for part, value in parts.items()},
        "share": {part: round(value / sum(parts.values()), 5) for part, value in parts.items()},
        "overhead": {
            "parts": OVERHEAD,
            "share": spread([a / sum(seconds.values()) for a, (seconds, _) in zip(overhead, runs)]),
            "words_per_second": spread([n / a for a, (_, n) in zip(overhead, runs)]),
        },
    }


def plot(results: dict[str, dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1 + 0.6 * len(results)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(results))
    for part in next(iter(results.values()))["share"]:
        shares = np.array([100 * result["share"][part] for result in results.values()])
        axes.barh(list(results), shares, left=left, label=part)
        left += shares
    axes.set(xlabel="% of the time", xlim=(0, 100))
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, fontsize="small")
    figure.savefig(RESULTS / "overhead.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--texts", type=int, default=300)
    arguments = parser.parse_args()
    texts = read_texts(arguments.path, arguments.texts)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = untrained_checkpoint(Path(folder), LITBERT)
        results = {
            "torch float32": measure(ours(checkpoint), texts),
            "onnx int8": measure(ours(checkpoint, backend="onnx", precision="int8"), texts),
        }
    write("overhead", {"pipelines": results})
    plot(results)


if __name__ == "__main__":
    main()
