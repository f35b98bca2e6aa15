"""Measure the conversion of a TensorFlow checkpoint of LitBERT's shape: time, memory, parity, equal bytes of all forms.

    python -m benchmarks.convert

TensorFlow writes the checkpoint, with random weights, Adam's slots and a step, and computes what the original graph
makes of it. Each conversion is a process of its own; its memory is counted beyond what it has after its imports, and
holds the pages of the mapped files. Needs the extra ``dev``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.files import file_checksum
from spacy_litbert.tokenization.vocabulary import Vocabulary

from .record import LITBERT, memory_of_process, spread, write

NAME = "LitBERT-cased-biomed-vocab-model.ckpt"
SETTINGS: dict[str, Any] = {
    **LITBERT,
    "vocab_size": 32_768,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
}
REPEATS = 3
TEXTS, LENGTH = 4, 128


def make_checkpoint(folder: Path) -> None:
    """Make the unpacked zip, written by TensorFlow's Saver."""
    from tests.checkpoints.original import adam_slots, original_variables, save, write_model

    variables = original_variables(SETTINGS)
    save(folder, NAME, {**variables, **adam_slots(variables)})
    write_model(folder, SETTINGS, Vocabulary.from_folder(resolve("litbert-oa-small")).tokens)


def forms(folder: Path) -> dict[str, Path]:
    """Return the ways to name one checkpoint; the zip and the training directory are made here."""
    bare = folder.parent / "unpacked"
    bare.mkdir()
    for path in folder.iterdir():
        if path.name != "checkpoint":
            os.link(path, bare / path.name)
    archive = folder.parent / "LitBERT-cased-v1.0.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as stream:
        for path in sorted(bare.iterdir()):
            stream.write(path, path.name)
    return {"zip": archive, "folder": bare, "prefix": bare / NAME, "training_directory": folder}


def measure(source: Path, target: Path) -> dict[str, float]:
    """Convert once, in this process."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, started, busy = memory_of_process("VmRSS"), time.perf_counter(), time.process_time()
    convert(source, target)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(time.process_time() - busy, 2),
        "peak_mb": round(memory_of_process("VmHWM") - before, 1),
    }


def parity(folder: Path) -> dict[str, Any]:
    """Measure the largest differences from what TensorFlow computes, for both GELUs, and the largest values."""
    from tests.checkpoints.original import gelu_erf, gelu_tanh, run_original
    from tests.checkpoints.test_parity import run_converted

    generator = np.random.default_rng(0)
    lengths = generator.integers(LENGTH // 3, LENGTH + 1, (TEXTS, 1))
    positions = np.arange(LENGTH)[None]
    mask = (positions < lengths).astype(np.int64)
    ids = generator.integers(5, SETTINGS["vocab_size"], (TEXTS, LENGTH)) * mask
    inputs = {"ids": ids, "mask": mask, "segments": (positions >= lengths // 2) * mask}
    result: dict[str, Any] = {"texts": TEXTS, "wordpieces": int(mask.sum())}
    for name, gelu, option in (("tanh", gelu_tanh, None), ("erf", gelu_erf, "gelu")):
        target = folder.parent / f"converted-{name}"
        convert(folder, target, hidden_act=option)
        expected = run_original(folder / NAME, SETTINGS, **inputs, gelu=gelu)
        found = run_converted(target, inputs)
        result[name] = {output: _difference(found[output], expected[output], mask) for output in expected}
    return result


def _difference(found: np.ndarray, expected: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    if found.ndim == 3:
        found, expected = found[mask.astype(bool)], expected[mask.astype(bool)]
    values = {"largest_difference": np.abs(found - expected).max(), "largest_value": np.abs(expected).max()}
    return {name: float(f"{value:.3g}") for name, value in values.items()}


def _process(*arguments: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.convert", *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.strip().split("\n")[-1])


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "training"
        _process("--step", "make", str(folder))
        result: dict[str, Any] = {
            "tensorflow": version("tensorflow-cpu"),
            "shape": SETTINGS,
            "load_at_the_start": round(os.getloadavg()[0], 1),  # wall-clock time means little on a busy machine
            "forms": {},
        }
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
        digests = set()
        for form, source in forms(folder).items():
            runs = []
            for _ in range(REPEATS):
                target = Path(scratch) / "target"
                shutil.rmtree(target, ignore_errors=True)
                runs.append(_process("--step", "convert", str(source), str(target)))
                digests.add(tuple(sorted((path.name, file_checksum(path)) for path in target.iterdir())))
            result["forms"][form] = {key: spread([run[key] for run in runs]) for key in runs[0]}
        result["source_bytes"] = sizes
        result["target_bytes"] = {path.name: path.stat().st_size for path in sorted(target.iterdir())}
        result["different_results_of_all_runs_and_forms"] = len(digests)
        result["parity"] = _process("--step", "parity", str(folder))
    write("convert", result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    step = parser.parse_args().step
    if step is None:
        main()
    elif step[0] == "make":
        make_checkpoint(Path(step[1]))
        print("{}")
    elif step[0] == "convert":
        print(json.dumps(measure(Path(step[1]), Path(step[2]))))
    else:
        print(json.dumps(parity(Path(step[1]))))
