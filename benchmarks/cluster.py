"""Compute what annotating all of PubMed and PubMed Central would take, and write the table in docs/formats.md.

    python -m benchmarks.cluster           # rewrite the table
    python -m benchmarks.cluster --check   # fail if the page says anything else

Nothing is measured here: words/s of a core come from ``results/annotate.json`` (two processes) where that is there,
else from ``results/speed.json``; what the reading process does from ``results/manifest.json``.
"""

from __future__ import annotations

import sys
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from spacy_litbert.annotate.shards import LARGEST_SHARD

from .figures import ROOT, read
from .record import RESULTS
from .table import END

PAGE = ROOT / "docs" / "formats.md"
START = "<!-- cluster: python -m benchmarks.cluster -->"
SHARD_SIZE = 1000  # documents, the default of the command
CHARACTERS = 7  # of a word, with the blank behind it
CORES = 64


class Collection(NamedTuple):
    """Texts that somebody might want to annotate, in round figures."""

    name: str
    texts: int
    words: int  # of a text
    reader: str  # in results/manifest.json

    @property
    def texts_of_a_shard(self) -> int:
        return min(SHARD_SIZE, ceil(LARGEST_SHARD / (self.words * CHARACTERS)))

    @property
    def shards(self) -> int:
        return ceil(self.texts / self.texts_of_a_shard)


COLLECTIONS = (
    Collection("PubMed, abstracts", 36_000_000, 200, "PubMed"),
    Collection("PubMed Central, full texts", 6_000_000, 4_500, "JATS"),
)


def core_rate() -> tuple[float, str]:
    """Return the words/s of a core, and the file that says so."""
    if (RESULTS / "annotate.json").exists():
        return read("annotate")["2 processes"]["words_per_second"] / 2, "annotate"
    speed = read("speed")
    return speed["abstracts"]["words_per_second"]["en_litbert_ner"]["median"] / speed["threads"], "speed"


def largest(rows: dict[str, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Return the row with most shards or files, and their number."""
    n = max(map(int, rows))
    return n, rows[str(n)]


def column(one: Collection, rate: float, record: dict[str, Any]) -> list[str]:
    n, written = largest(record["shards"])
    words = one.texts * one.words
    hours = words / rate / 3600
    fed = record["reading"][one.reader]["words_per_second"] / rate
    recorded = one.texts_of_a_shard * one.words / (written["milliseconds_to_add_one"] / 1000) / rate
    return [
        f"{one.texts / 1e6:.0f} million × {one.words:,} words",
        f"{_rounded(hours)}",
        f"{_rounded(hours / CORES)} hours",
        f"{one.shards:,}",
        f"{one.texts_of_a_shard:,} texts, {one.texts_of_a_shard * one.words * CHARACTERS / 1e6:.1f} MB of text",
        f"{one.shards * written['bytes'] / n / 1e6:.0f} MB",
        f"{one.shards * written['seconds_to_open'] / n:.1f} s",
        f"{_rounded(fed)} cores",
        f"{_rounded(recorded)} cores",
    ]


def table() -> str:
    rate, source = core_rate()
    record = read("manifest")
    n, started = largest(record["files"])
    names = [
        "texts",
        f"core hours, at {rate:,.0f} words/s a core",
        f"on {CORES} cores",
        "shards",
        "a shard",
        "the manifest",
        "processor time to open it again",
        "one process reads enough for",
        "and records enough for",
    ]
    columns = [column(one, rate, record) for one in COLLECTIONS]
    lines = [f"| | {' | '.join(one.name for one in COLLECTIONS)} |", "|---|---|---|"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, *cells in zip(names, *columns)]
    minutes, megabytes = (10**6 / n * value for value in (started["seconds_to_begin"] / 60, started["bytes"] / 1e6))
    lines += [
        "",
        f"From [{source}](../benchmarks/results/{source}.json) and [manifest](../benchmarks/results/manifest.json), in "
        f"proportion. A million input files instead of a few large ones would take {_rounded(minutes)} minutes of "
        f"processor time at each start, and {_rounded(megabytes)} MB of the manifest.",
    ]
    return "\n".join(lines)


def _rounded(value: float) -> str:
    """Return two significant digits."""
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"


def main() -> None:
    text = PAGE.read_text("utf8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    wanted = f"{before}{START}\n{table()}\n{END}{after}"
    if "--check" not in sys.argv:
        PAGE.write_text(wanted, encoding="utf8")
    elif text != wanted:
        sys.exit(f"{Path(PAGE).name} does not say what benchmarks/results say: run python -m benchmarks.cluster")


if __name__ == "__main__":
    main()
