"""Measure memory of one long document beside a short one, and of a long stream of texts: neither grows with the text.

    python -m benchmarks.memory FOLDER

FOLDER holds JSONL files with a ``text`` a line. Each measurement is a process of its own; peaks are those of
the transformer alone, beyond the loaded model and the vectors that it hands out, in MB of resident memory. The
stream runs through ``nlp.pipe`` of a pipeline with an entity recogniser, and no Doc is kept. Of the bundled pipelines
it is the peak of a whole call, with what their components need of a long document.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_litbert.models.transformer import build_litbert_model_v1

from .record import LITBERT, memory_of_process, read_texts, untrained_checkpoint, write
from .speed_worker import ours

SHORT, LONG = 2_000, 200_000
STREAM = (10_000, 100_000, 1_000_000)
PIPELINES = ("en_litbert_ner", "en_litbert_textcat")
# Training a text of this length takes LitBERT's shape a quarter of an hour; its activations are larger still.
MINI = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
# Training keeps the activations of this many wordpieces; below the short document's, so that both are at the bound.
KEEP = 2_048


def measure(checkpoint: str, texts: Path, n_words: int, train: bool) -> dict[str, Any]:
    model = build_litbert_model_v1(checkpoint, keep_wordpieces=KEEP)
    model.initialize()
    document = _document(texts, n_words)
    _run(model, _document(texts, 600), train)
    output_mb = _output_mb(model, document)
    ctypes.CDLL(None).malloc_trim(0)  # what the warm-up left free is not the model's
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, started = memory_of_process("VmRSS"), time.perf_counter()
    _run(model, document, train)
    return {
        "words": len(document),
        "seconds": round(time.perf_counter() - started, 1),
        "output_mb": round(output_mb, 1),
        "peak_beyond_model_and_output_mb": round(memory_of_process("VmHWM") - before - output_mb, 1),
    }


def measure_stream(checkpoint: str, texts: Path, marks: tuple[int, ...]) -> dict[str, Any]:
    """Measure resident memory, in MB, when so many words have come out of the pipeline."""
    nlp = ours(Path(checkpoint))
    pool = read_texts(texts, 10**9)
    resident: dict[str, float] = {}
    words, started = 0, time.perf_counter()
    for doc in nlp.pipe(itertools.chain.from_iterable(itertools.repeat(pool))):
        words += len(doc)
        if words >= marks[len(resident)]:
            resident[f"{marks[len(resident)]:,} words"] = round(memory_of_process("VmRSS"), 1)
            if len(resident) == len(marks):
                break
    return {"resident_mb": resident, "seconds": round(time.perf_counter() - started, 1)}


def measure_pipeline(name: str, texts: Path, n_words: int) -> dict[str, Any]:
    """Measure the peak of one call of a whole pipeline, in MB beyond the loaded pipeline, and what the Doc keeps."""
    nlp = spacy.load(name)
    nlp.max_length = 10**8
    nlp(" ".join(_words(nlp, texts, 600)))
    ctypes.CDLL(None).malloc_trim(0)
    text = " ".join(_words(nlp, texts, n_words))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, started = memory_of_process("VmRSS"), time.perf_counter()
    doc = nlp(text)
    peak = memory_of_process("VmHWM") - before
    ctypes.CDLL(None).malloc_trim(0)
    return {
        "words": len(doc),
        "seconds": round(time.perf_counter() - started, 1),
        "peak_beyond_pipeline_mb": round(peak, 1),
        "kept_mb": round(memory_of_process("VmRSS") - before, 1),
        "entities": len(doc.ents),
    }


def _run(model: Any, document: Doc, train: bool) -> None:
    if not train:
        model.predict([document])
        return
    batch, backprop = model.begin_update([document])
    (data,) = batch.doc_data
    # The gradient is as large as the vectors; it takes their place.
    data.tensors[0][:] = 1.0
    backprop(batch.unsplit_by_doc([[data.tensors[0]]]))


def _output_mb(model: Any, document: Doc) -> float:
    """Return the size of last_hidden_state without computing it: rows of the windows × hidden_size × 4 bytes."""
    from spacy_litbert.models.batch import Layout
    from spacy_litbert.tokenization.alignment import align
    from spacy_litbert.tokenization.windows import make_windows

    alignment = align(model.shims[0].wordpieces, [document])
    windows = make_windows(
        alignment.doc_pieces,
        alignment.doc_tokens,
        [alignment.token_cuts],
        size=512,
        overlap=model.shims[0].windows.overlap,
    )
    width: int = model.get_dim("nO")
    return int(Layout.of(windows, 1).doc_rows[-1]) * width * 4 / 1e6


def _document(texts: Path, n_words: int) -> Doc:
    nlp = spacy.blank("en")
    return Doc(nlp.vocab, words=_words(nlp, texts, n_words))


def _words(nlp: Language, texts: Path, n_words: int) -> list[str]:
    """Return the first words of the texts, which are read again and again."""
    words: list[str] = []
    pool = read_texts(texts, 10**9)
    while len(words) < n_words:
        for text in pool:
            words.extend(token.text for token in nlp.make_doc(text))
            if len(words) >= n_words:
                break
    return words[:n_words]


def _in_a_process(checkpoint: Path, texts: Path, n_words: int, train: bool) -> dict[str, Any]:
    arguments = [str(checkpoint), str(texts), str(n_words), str(int(train))]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", str(texts), "--measure", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(run.stdout.strip().split("\n")[-1])
    return figures


def main(texts: Path) -> None:
    result: dict[str, Any] = {"keep_wordpieces": KEEP, "batch_wordpieces": 2048}
    with tempfile.TemporaryDirectory() as folder:
        shapes = {"predict_litbert_shape": (LITBERT, False), "train_mini_shape": (MINI, True)}
        for name, (shape, train) in shapes.items():
            checkpoint = untrained_checkpoint(Path(folder) / name, shape)
            short, long = (_in_a_process(checkpoint, texts, n, train) for n in (SHORT, LONG))
            key = "peak_beyond_model_and_output_mb"
            result[name] = {"shape": shape, "short": short, "long": long, "ratio": round(long[key] / short[key], 3)}
        result["stream_mini_shape"] = _in_a_process(checkpoint, texts, 0, False)
    for name in PIPELINES:
        short, long = (_in_a_process(Path(name), texts, n, False) for n in (SHORT, LONG))
        result[name] = {"short": short, "long": long}
    write("memory", result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", type=Path)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        checkpoint, texts, n_words, train = arguments.measure
        if checkpoint in PIPELINES:
            print(json.dumps(measure_pipeline(checkpoint, Path(texts), int(n_words))))
        elif int(n_words):
            print(json.dumps(measure(checkpoint, Path(texts), int(n_words), bool(int(train)))))
        else:
            print(json.dumps(measure_stream(checkpoint, Path(texts), STREAM)))
    else:
        main(arguments.texts)
