"""Damaged corpus files: ``FUZZ_N`` says how many (60 unless told); each document is read or reported."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from .corpora import cases, try_case

LONGEST = 10.0  # seconds


def test_each_document_of_a_damaged_file_is_read_or_reported(tmp_path: Path) -> None:
    n = int(os.environ.get("FUZZ_N", "60"))
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for case in cases(n):
        begin = time.monotonic()
        outcome = try_case(case, tmp_path)
        what = outcome.what if time.monotonic() - begin < LONGEST else "slow"
        counts[what] += 1
        if what not in ("read", "reported"):
            failures.append(f"{case.name} ({case.damage}): {what} {outcome.detail}")
    print(dict(counts))
    assert not failures, "\n".join(failures[:20])
    assert counts["read"] > n / 20
    assert counts["reported"] > n / 5
