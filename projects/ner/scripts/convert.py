"""Convert assets/CORPUS to corpus/CORPUS: for each split a DocBin to train on and a JSONL file to score against.

The content of a known corpus is checked against corpora.json, whichever way and in whichever format it came. A corpus
without a dev split of its own has ``held_out`` there: with 10 one document of ten, chosen by its id, goes to dev.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import spacy

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.docbin import DEFAULT_LIMIT, check_length, to_docbin, write_docbin
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import write_jsonl
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.workflow.fetch import SPLITS, split_file
from spacy_litbert.workflow.records import check_split, read_record, say_shared

N_EXAMPLES = 5


def convert(corpus: str, config: Path, project: Path) -> None:
    """Read, check and convert the splits of a corpus with the tokenizer of a training config.

    Raises LitBertError L405 for a corpus that is not the one on record, L404 if too many of its
    mentions lie off the token boundaries, L417 for a train or dev split without mentions to learn from or to choose
    by, L418 for a text that is too long, and what the readers raise.
    """
    record = read_record(project / "corpora.json", corpus)
    tokenizer = spacy.util.load_config(config)["nlp"]["tokenizer"]
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": tokenizer}})
    splits = {}
    for split in record.get("splits", SPLITS):
        path = split_file(project / "assets" / corpus, split)
        splits[split] = [document.bare() for document in read_documents(path, record.get("labels"))]
        _check(splits[split], path, record, corpus, split)
        if _form(path) == "tokens":
            # Sentences of a token file have numbers, which other files have too.
            splits[split] = [replace(one, id=f"{corpus}-{split}-{one.id}") for one in splits[split]]
    if one_of := record.get("held_out"):
        splits["dev"] = [document for document in splits["train"] if _is_held_out(document, one_of)]
        splits["train"] = [document for document in splits["train"] if not _is_held_out(document, one_of)]
    for split, documents in splits.items():
        for document in documents:
            check_length(document.id, document.text, f"{split} of {corpus}")
    _check_labels(splits, corpus)
    limit = record.get("max_misaligned", DEFAULT_LIMIT)
    conversions = {
        split: to_docbin(documents, nlp.tokenizer, source=f"{split} of {corpus}", limit=limit)
        for split, documents in splits.items()
    }
    for split, conversion in conversions.items():  # now that nothing is refused any more
        write_jsonl(project / "corpus" / corpus / f"{split}.jsonl", splits[split])
        write_docbin(project / "corpus" / corpus / f"{split}.spacy", conversion.docbin)
        print(
            f"{split}: {conversion.n_documents} documents, {conversion.n_tokens} tokens, "
            f"{conversion.n_mentions} mentions; left out of the DocBin: {len(conversion.misaligned)} off the token "
            f"boundaries ({conversion.percent_misaligned:.2f} %), {conversion.n_overlapping} under a longer one"
        )
        # Not those of the test split: nobody should fit the tokenizer to it.
        for example in conversion.misaligned[:N_EXAMPLES] if split != "test" else ():
            print(f"    {example}")
    say_shared({split: [document.text for document in documents] for split, documents in splits.items()})


def _check_labels(splits: dict[str, list[Document]], corpus: str) -> None:
    """Check that there are mentions to learn, and to choose by; say which labels nobody can learn."""
    found = {split: {one.label for document in of for one in document.entities} for split, of in splits.items()}
    learned = found.get("train")
    if learned is None:  # a corpus of other splits alone, to be mixed with others
        return
    if not learned:
        raise LitBertError(Errors.L417.format(split="train", corpus=corpus, of="", lost="learned"))
    if "dev" in found and not found["dev"] & learned:
        of = f" of {', '.join(sorted(learned))}"
        raise LitBertError(Errors.L417.format(split="dev", corpus=corpus, of=of, lost="chosen"))
    for split in sorted(found):
        if unknown := found[split] - learned:
            print(f"{split}: nothing in train is labelled {', '.join(sorted(unknown))}, which this corpus can't teach")


def _form(path: Path) -> str:
    return "tokens" if ".tsv" in path.suffixes else "text"


def _is_held_out(document: Document, one_of: int) -> bool:
    """Choose one document of so many by its id, the same on every machine."""
    return int(hashlib.md5(document.id.encode("utf8")).hexdigest(), 16) % one_of == 0


def _check(documents: list[Document], path: Path, record: dict[str, Any], corpus: str, split: str) -> None:
    n_mentions = sum(len(document.entities) for document in documents)
    check_split(
        corpus,
        split,
        path,
        digest=content_digest(documents),
        expected=record.get("splits", {}).get(split, {}).get(_form(path), {}).get("digest"),
        counts=f"{len(documents)} documents and {n_mentions} mentions",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("config", type=Path, help="the training config, for its tokenizer")
    arguments = parser.parse_args()
    with errors_in_one_line():
        convert(arguments.corpus, arguments.config, Path.cwd())
