"""Several processes: forked after a warm, threaded forward pass, and spawned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import build_ner

SCRIPT = """
import multiprocessing, sys
import spacy, torch

def main():
    multiprocessing.set_start_method(sys.argv[2])
    torch.set_num_threads(2)
    nlp = spacy.load(sys.argv[1])
    texts = ["Lithium carbonate toxicity in a newborn infant, and in 10mg of levodopa. " * 30] * 12
    one = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]
    two = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts, n_process=2, batch_size=3)]
    assert len(one) == len(two) == 12 and one == two
    print("the same in two processes")

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_processes_after_a_threaded_forward_pass(tmp_path: Path, checkpoint: Path, method: str) -> None:
    """With torch's thread pool inherited, spacy-transformers hangs here."""
    build_ner(checkpoint, steps=2).to_disk(tmp_path / "pipeline")
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "TOKENIZERS_"))}
    run = subprocess.run(
        [sys.executable, "script.py", "pipeline", method],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert "the same in two processes" in run.stdout, run.stderr
    assert "parallelism" not in run.stderr
