from __future__ import annotations

import subprocess
import sys

CHECK = """
import sys
for name in ("spacy", "thinc", "spacy_transformers"):
    sys.modules[name] = None  # as if it were not installed
import spacy_litbert.pretraining.run, spacy_litbert.pretraining.prepare, spacy_litbert.pretraining.evaluate
"""


def test_pretraining_needs_no_spacy() -> None:
    subprocess.run([sys.executable, "-c", CHECK], check=True)
