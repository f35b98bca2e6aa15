"""Convert assets/CORPUS to corpus/CORPUS: for each split a DocBin to train on and a JSONL file to score against.

The content of a known corpus is checked against corpora.json, whichever way it came.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import spacy

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.docbin import check_length, write_docbin
from spacy_litbert.corpora.labelled_text import (
    LabelledText,
    labelled_docbin,
    labels_digest,
    read_labelled_texts,
    write_labelled_texts,
)
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.workflow.fetch import SPLITS, split_file
from spacy_litbert.workflow.records import check_split, read_record, say_shared


def convert(corpus: str, config: Path, project: Path) -> None:
    """Read, check and convert the three splits with the tokenizer of a training config.

    Raises LitBertError L405 for a corpus that is not the one on record, L605 if a split has other labels
    than the training split, L606 for a label that no training text has, L612 for a dev split without any,
    L418 for a text that is too long, and what the reader raises.
    """
    record = read_record(project / "corpora.json", corpus)
    tokenizer = spacy.util.load_config(config)["nlp"]["tokenizer"]
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": tokenizer}})
    paths = {split: split_file(project / "assets" / corpus, split) for split in SPLITS}
    splits = {split: read_labelled_texts(path) for split, path in paths.items()}
    _check_labels(splits, paths)
    n_set = {split: sum(len(text.positive) for text in texts) for split, texts in splits.items()}
    for split, texts in splits.items():
        check_split(
            corpus,
            split,
            paths[split],
            digest=labels_digest(texts),
            expected=record.get("splits", {}).get(split, {}).get("digest"),
            counts=f"{len(texts)} texts with {n_set[split]} labels set",
        )
    for split, texts in splits.items():
        for text in texts:
            check_length(text.id, text.text, str(paths[split]))
    docbins = {split: labelled_docbin(texts, nlp.make_doc) for split, texts in splits.items()}
    for split, texts in splits.items():  # now that nothing is refused any more
        write_labelled_texts(project / "corpus" / corpus / f"{split}.jsonl", texts)
        write_docbin(project / "corpus" / corpus / f"{split}.spacy", docbins[split])
        print(f"{split}: {len(texts)} texts, {len(texts[0].labels)} labels, {n_set[split]} of them set")
    say_shared({split: [text.text for text in texts] for split, texts in splits.items()})


def _check_labels(splits: dict[str, list[LabelledText]], paths: dict[str, Path]) -> None:
    labels = set(splits["train"][0].labels)
    for split, texts in splits.items():
        if different := labels ^ set(texts[0].labels):
            names = ", ".join(sorted(different))
            raise LitBertError(Errors.L605.format(path=paths[split], split="train", labels=names))
    for label in sorted(labels - {label for text in splits["train"] for label in text.positive}):
        raise LitBertError(Errors.L606.format(split="train", label=label))
    if not any(text.positive for text in splits["dev"]):
        raise LitBertError(Errors.L612.format(path=paths["dev"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("config", type=Path, help="the training config, for its tokenizer")
    arguments = parser.parse_args()
    with errors_in_one_line():
        convert(arguments.corpus, arguments.config, Path.cwd())
