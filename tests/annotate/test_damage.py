"""Damaged files: every document is annotated or rejected, and a run always comes to its end."""

from __future__ import annotations

import json
import os
from pathlib import Path

from spacy_litbert.annotate.run import annotate
from spacy_litbert.annotate.shards import cut

from ..fuzz.corpora import cases
from .conftest import save_ruler

N = int(os.environ.get("FUZZ_N", "100"))


def test_documents_in_are_documents_annotated_and_rejected(tmp_path: Path) -> None:
    pipeline = save_ruler(tmp_path / "ruler")
    folder = tmp_path / "in"
    for i, case in enumerate(cases(N)):
        (folder / str(i)).mkdir(parents=True)
        (folder / str(i) / case.name).write_bytes(case.content)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    n_documents = sum(len(shard.documents) for shard in cut(files, 50))
    done = annotate(pipeline, [folder], tmp_path / "out", shard_size=50)
    assert done.documents + done.rejected == n_documents >= N
    rows = [json.loads(line) for path in (tmp_path / "out").glob("rejects-*") for line in path.open(encoding="utf8")]
    assert len(rows) == done.rejected
    assert all(row["error"].startswith("[L") and row["file"].startswith(str(folder)) for row in rows)
    n_written = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "out").glob("part-*"))
    assert n_written == done.documents
