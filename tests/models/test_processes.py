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
from spacy.language import Language

@Language.component("count_threads")
def count_threads(doc):
    doc.user_data["threads"] = torch.get_num_threads()
    return doc

def main():
    multiprocessing.set_start_method(sys.argv[2])
    torch.set_num_threads(2)
    nlp = spacy.load(sys.argv[1])
    texts = ["Lithium carbonate toxicity in a newborn infant, and in 10mg of levodopa. " * 30] * 12
    one = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]
    nlp.add_pipe("count_threads")
    docs = list(nlp.pipe(texts, n_process=2, batch_size=3))
    two = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]
    assert len(one) == len(two) == 12 and one == two
    assert {doc.user_data["threads"] for doc in docs} == {1}
    print("the same in two processes")

if __name__ == "__main__":
    main()
"""


FORK = """
import os, sys
import spacy, torch
import spacy_litbert.models.transformer

def threads_in_child(use=lambda: None):
    reading, writing = os.pipe()
    if os.fork() == 0:
        use()
        os.write(writing, str(torch.get_num_threads()).encode())
        os._exit(0)
    os.wait()
    return int(os.read(reading, 10))

torch.set_num_threads(2)
nlp = spacy.load(sys.argv[1])
print(threads_in_child(), threads_in_child(lambda: nlp("Lithium in 10mg")), os.environ.get("TOKENIZERS_PARALLELISM"))
"""


def test_a_forked_child_without_the_encoder_keeps_its_threads(tmp_path: Path, checkpoint: Path) -> None:
    build_ner(checkpoint).to_disk(tmp_path / "pipeline")
    assert _run(tmp_path, FORK, "pipeline").stdout.split() == ["2", "1", "None"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_processes_after_a_threaded_forward_pass(tmp_path: Path, checkpoint: Path, method: str) -> None:
    # With torch's thread pool inherited, spacy-transformers hangs here.
    build_ner(checkpoint, steps=2).to_disk(tmp_path / "pipeline")
    run = _run(tmp_path, SCRIPT, "pipeline", method)
    assert "the same in two processes" in run.stdout, run.stderr
    assert "parallelism" not in run.stderr


def _run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(script)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "TOKENIZERS_"))}
    return subprocess.run(
        [sys.executable, "script.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
