"""Fetch and convert the corpora that a training config mixes, and put its dev corpora into corpus/joint/dev.spacy.

That one file is for what reads a file, as the fitting of confidences does. Each Doc says which labels were annotated.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import spacy
import srsly
from convert import convert
from spacy.tokens import DocBin
from spacy.util import load_config, registry

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.docbin import write_docbin
from spacy_litbert.files import file_checksum, replacing
from spacy_litbert.workflow.fetch import fetch


def fetch_joint(config: Path, data: str, project: Path) -> None:
    """Do for each corpus of ``config`` what `fetch` and `convert` do for one, then mix the dev corpora.

    corpus/joint/files.json has the checksum of every file that was converted, so that what is made of them is made anew
    when one has changed. Raises LitBertError as they and the reader of the config do.
    """
    folders = []
    for name in load_config(config)["corpora"]["train"]["corpora"]:
        fetch(name, data, project)
        convert(name, config, project)
        folders.append(project / "corpus" / name)
    mix(config, project / "corpus" / "joint" / "dev.spacy")
    paths = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".spacy", ".jsonl"))
    with replacing(project / "corpus" / "joint" / "files.json") as partial:
        srsly.write_json(partial, {str(path.relative_to(project)): file_checksum(path) for path in paths})


def mix(config: Path, output: Path) -> None:
    """Write the gold Docs of ``corpora.dev`` to ``output`` (``.spacy``)."""
    settings = load_config(config).interpolate()
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": settings["nlp"]["tokenizer"]}})
    read = registry.resolve({"dev": settings["corpora"]["dev"]})["dev"]
    docs = [example.reference for example in read(nlp)]
    write_docbin(output, DocBin(attrs=["ENT_IOB", "ENT_TYPE"], docs=docs, store_user_data=True))
    print(f"{output}: {len(docs)} documents")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", default="", help="a folder or address that holds CORPUS/train.… and so on")
    arguments = parser.parse_args()
    with errors_in_one_line():
        fetch_joint(arguments.config, arguments.data, Path.cwd())
