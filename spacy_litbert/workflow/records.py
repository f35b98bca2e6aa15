"""Read corpora.json of a project, what is on record of its corpora, and check that a split is the one on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import Errors, LitBertError
from ..files import read_json


def read_record(corpora: Path, corpus: str) -> dict[str, Any]:
    """Return title, reference, terms, digests, … of a corpus; nothing for an unknown one."""
    record: dict[str, Any] = read_json(corpora).get(corpus, {})
    return record


def check_split(corpus: str, split: str, path: Path, *, digest: str, expected: str | None, counts: str) -> None:
    """Compare the digest of what was read from ``path`` with the one on record; without one, say so.

    counts: how much there is, for the message.

    Raises LitBertError L405 if they differ.
    """
    if expected is None:
        print(f"{split}: corpora.json has no digest of {path}, so nothing was checked; this is {digest}")
    elif digest != expected:
        raise LitBertError(
            Errors.L405.format(path=path, split=split, corpus=corpus, counts=counts, found=digest, expected=expected)
        )


def say_shared(texts: Mapping[str, Sequence[str]]) -> None:
    """Print how many texts of the other splits stand in the training split as well, word for word, if any do."""
    learned = set(texts.get("train", ()))
    for split in sorted(texts.keys() - {"train"}):
        if shared := sum(text in learned for text in texts[split]):
            print(f"{split}: {shared} of its {len(texts[split])} texts stand in train as well, where they are learned")
