"""The program of demo/spark.py on a real Spark on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from .conftest import write_jsonl

for module in ("pyspark", "pandas", "pyarrow"):
    pytest.importorskip(module)
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)
PROGRAM = Path(__file__).parents[2] / "demo" / "spark.py"


def test_rows_have_the_entities_of_their_texts(ruler: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    texts = [f"Case {i}: 𝛼 zinomycin, then fits. {'Zinomycin zinomycin ' * (i % 3)}" for i in range(300)]
    path = write_jsonl(tmp_path / "a.jsonl", texts)
    with path.open("a", encoding="utf8") as file:
        file.write('{"id": "nothing", "text": null}\n{"id": "empty", "text": ""}\n')
    command = [sys.executable, str(PROGRAM), str(path), str(tmp_path / "out"), "--pipeline", str(ruler)]
    run = subprocess.run(command, env={**os.environ, "USE_TF": "0"}, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[-1]) == {"documents": 302, "failed": 1}
    rows = {row["id"]: row for row in pq.read_table(tmp_path / "out").to_pylist()}
    assert rows["nothing"]["error"].startswith("ValueError: ")
    assert rows["empty"] == {"id": "empty", "entities": [], "error": None}
    nlp = spacy.load(ruler)
    for i, text in enumerate(texts):
        found = [
            (one["start"], one["end"], one["label"], one["concept_id"], one["text"])
            for one in rows[f"a-{i}"]["entities"]
        ]
        assert found == [(ent.start_char, ent.end_char, ent.label_, ent.ent_id_, ent.text) for ent in nlp(text).ents]
