"""Measure threads that share a pipeline, as those of a web server do: words/s, and whether anything is wrong.

    python -m benchmarks.threads TEXTS [--texts 480] [--threads 1,2,8]

TEXTS: JSONL with a ``text`` a line. Each bundled pipeline, with torch and with ONNX Runtime in 8 bits, annotates the
texts one call a text, from one thread and from several, with an empty cache of words each time. What each text gets
is compared with what one thread gave it; an error counts as wrong. Once more without the lock of the cache shows what
the lock costs, and what it is good for.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_litbert.cli.export import export
from spacy_litbert.tokenization import word_cache

from .record import read_texts, write

PIPELINES = ("en_litbert_ner", "en_litbert_textcat")
ROUNDS = 3


def measure(nlp: Language, texts: list[str], threads: list[int]) -> dict[str, Any]:
    expected = [results(nlp(text)) for text in texts]
    n_words = sum(len(nlp.make_doc(text)) for text in texts)
    figures: dict[str, Any] = {}
    wrong = 0
    for n in threads:
        seconds = []
        for _ in range(ROUNDS):
            found, elapsed = annotate(nlp, texts, n)
            wrong += sum(one != other for one, other in zip(found, expected, strict=True))
            seconds.append(elapsed)
        figures[f"{n} threads"] = round(n_words / min(seconds))
    with patch.object(word_cache, "_WRITING", nullcontext()):
        runs = [annotate(nlp, texts, threads[-1]) for _ in range(ROUNDS)]
    figures[f"{threads[-1]} threads without the lock"] = round(n_words / min(elapsed for _, elapsed in runs))
    wrong_without = sum(one != other for found, _ in runs for one, other in zip(found, expected, strict=True))
    return {
        "words_per_second": figures,
        "texts": len(texts) * ROUNDS * len(threads),
        "wrong": wrong,
        "texts_without_the_lock": len(texts) * ROUNDS,
        "wrong_without_the_lock": wrong_without,
    }


def annotate(nlp: Language, texts: list[str], n_threads: int) -> tuple[list[Any], float]:
    """Annotate with an empty cache of words, and return what was found, and the seconds."""
    encoder = nlp.get_pipe("transformer").model.shims[0].wordpieces  # type: ignore[attr-defined]
    encoder.__setstate__(encoder.vocabulary)
    with ThreadPoolExecutor(n_threads) as pool:
        started = time.perf_counter()
        found = list(pool.map(lambda text: results_of(nlp, text), texts))
        return found, time.perf_counter() - started


def results_of(nlp: Language, text: str) -> Any:
    """Return what a call gives, or the name of its error."""
    try:
        return results(nlp(text))
    except Exception as error:
        return type(error).__name__


def results(doc: Doc) -> tuple[Any, ...]:
    """Return entities and categories, these to four digits."""
    entities = [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
    return entities, {label: round(score, 4) for label, score in doc.cats.items()}


def main(texts: list[str], threads: list[int]) -> None:
    result: dict[str, Any] = {"rounds": ROUNDS}
    for name in PIPELINES:
        result[f"{name} torch"] = measure(spacy.load(name), texts, threads)
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "exported"
            export(name, target, precision="int8")
            result[f"{name} onnx int8"] = measure(spacy.load(target), texts, threads)
    write("threads", result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--texts", type=int, default=480)
    parser.add_argument("--threads", default="1,2,8", help="numbers of them, the last one without the lock as well")
    arguments = parser.parse_args()
    main(read_texts(arguments.file, arguments.texts), [int(n) for n in arguments.threads.split(",")])
