"""Write a training config anew for the labels of a corpus.

The component is `textcat` if they exclude each other, else `textcat_multilabel`. Labels exclude each other
if each text of all three splits has exactly one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spacy.util import load_config
from thinc.api import Config

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.labelled_text import exclude_each_other, read_labelled_texts
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import replacing
from spacy_litbert.models.textcat import POOLINGS
from spacy_litbert.workflow.fetch import SPLITS

EXCLUSIVE, ANY = "textcat", "textcat_multilabel"


def configure(corpus: Path, configs: list[Path], pooling: str) -> None:
    """Write each config into the folder ``corpus``, with its name.

    pooling: how LitBERT's token vectors become one, see ``spacy-litbert.LitBertTextCat.v1``.

    Raises LitBertError L607 for another one.
    """
    if pooling not in POOLINGS:
        raise LitBertError(Errors.L607.format(value=pooling, choices=", ".join(POOLINGS)))
    exclusive = all(exclude_each_other(read_labelled_texts(corpus / f"{split}.jsonl")) for split in SPLITS)
    for path in configs:
        with replacing(corpus / path.name) as partial:
            config = for_labels(load_config(path), exclusive=exclusive)
            _set_pooling(config, pooling)
            config.to_disk(partial)
    print(f"{corpus.name}: {'exactly one label' if exclusive else 'any number of labels'} a text")


def for_labels(config: Config, *, exclusive: bool) -> Config:
    """Return the config with the component for labels that exclude each other, or that don't."""
    name, other = (EXCLUSIVE, ANY) if exclusive else (ANY, EXCLUSIVE)
    components = config["components"]
    component = components.pop(other, None) or components.pop(name)
    component["factory"] = name
    component["scorer"] = {"@scorers": f"spacy.{name}_scorer.v2"}
    _set_exclusive(component["model"], exclusive)
    components[name] = component
    config["nlp"]["pipeline"] = [name if pipe == other else pipe for pipe in config["nlp"]["pipeline"]]
    return config


def _set_exclusive(model: dict[str, Any], exclusive: bool) -> None:
    for key, value in model.items():
        if key == "exclusive_classes":
            model[key] = exclusive
        elif isinstance(value, dict):
            _set_exclusive(value, exclusive)


def _set_pooling(config: Config, pooling: str) -> None:
    for component in config["components"].values():
        if component.get("model", {}).get("@architectures", "").startswith("spacy-litbert.LitBertTextCat."):
            component["model"]["pooling"] = pooling


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="the folder that convert.py filled")
    parser.add_argument("configs", nargs="+", type=Path)
    parser.add_argument("--pooling", required=True)
    arguments = parser.parse_args()
    with errors_in_one_line():
        configure(arguments.corpus, arguments.configs, arguments.pooling)
