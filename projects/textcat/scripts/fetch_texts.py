"""Bring the texts of one corpus into assets/CORPUS as train.jsonl, dev.jsonl and test.jsonl.

With ``--data`` they come from CORPUS/train.jsonl, dev.… and test.… (plain or .gz) in a folder or on a web server.
Otherwise they are made from public files, whose addresses stand in project.yml (see public.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import srsly
from public import READERS

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.labelled_text import LabelledText, write_labelled_texts
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.workflow.fetch import download, fetch, place


def fetch_texts(corpus: str, data: str, project: Path) -> None:
    """Fill assets/CORPUS. What was downloaded from a public address is kept.

    Raises LitBertError L604 for a corpus without one, L406 if ``data`` lacks a split, L609 for a download
    that is not what it should be, L621 for files in the folder that no fetch put there.
    """
    if data:
        fetch(corpus, data, project)
        return
    if corpus not in READERS:
        raise LitBertError(Errors.L604.format(corpus=corpus, choices=", ".join(READERS)))
    public = project / "assets" / "public" / corpus
    for asset in srsly.read_yaml(project / "project.yml")["assets"]:
        target = project / asset["dest"]
        if target.parent == public and not target.exists():
            download(asset["url"], target)
    splits = READERS[corpus](public)
    makers: dict[str, Callable[[Path], None]] = {
        f"{split}.jsonl": partial(_write, texts) for split, texts in splits.items()
    }
    place(project / "assets" / corpus, makers)


def _write(texts: list[LabelledText], path: Path) -> None:
    write_labelled_texts(path, texts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--data", default="", help="a folder or address that holds CORPUS/train.jsonl and so on")
    arguments = parser.parse_args()
    with errors_in_one_line():
        fetch_texts(arguments.corpus, arguments.data, Path.cwd())
