"""Score the linker on made-up texts in which an abbreviation could stand for either of two concepts.

The knowledge base gets every abbreviation as a name of all that it may stand for, so that the name alone tells nothing.
The ranker learns from texts that define *other* abbreviations (`kb abbreviations`), those with several meanings; it
remembers no mention. ``with context`` is the share of the texts in which the best concept is right, ``without context``
the same with nothing around the abbreviation.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import spacy
from evaluate import PACKAGES, describe_encoder
from gold import examples_of, read_examples
from spacy.training import Example

from spacy_litbert.cli.kb_add import kb_add
from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.files import file_checksum, replacing
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.workflow.protocol import describe_run

Meanings = dict[str, set[str]]  # ids by abbreviation


def read_texts(path: Path) -> list[Document]:
    """Read the made-up texts, in which ``{}`` stands for the abbreviation."""
    documents = []
    with path.open(encoding="utf8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 2):
            before, short, after = row["text"].partition("{}")[0], row["short"], row["text"].partition("{}")[2]
            mention = Mention(len(before), len(before) + len(short), row["label"], concept_id=row["id"])
            documents.append(Document(f"{path.name}:{number}", f"{before}{short}{after}", (mention,)))
    return documents


def meanings_of(examples: list[Example]) -> Meanings:
    """Return the ids that each name stands for."""
    found: Meanings = {}
    for example in examples:
        for ent in example.reference.ents:
            found.setdefault(ent.text, set()).add(ent.kb_id_)
    return found


def with_names(kb: KnowledgeBase, folder: Path, meanings: Meanings) -> KnowledgeBase:
    """Return a knowledge base in which every abbreviation is a name of all that it may stand for."""
    by_id: dict[str, list[str]] = {}
    for short in sorted(meanings):
        for concept_id in sorted(meanings[short]):
            by_id.setdefault(concept_id, []).append(short)
    with (folder / "names.jsonl").open("w", encoding="utf8") as file:
        for concept_id, names in sorted(by_id.items()):
            file.write(json.dumps({"concept_id": concept_id, "aliases": names}) + "\n")
    return kb_add(folder / "kb", kb.path, [folder / "names.jsonl"])


def score(texts: Path, learned: Path, kb: KnowledgeBase, name_encoder: str, seed: int) -> dict[str, Any]:
    """Train on one corpus of abbreviations and score on the texts; return the figures in per cent."""
    test = examples_of(read_texts(texts), {}, kb)
    tested = meanings_of(test)
    others = read_examples(learned, {}, kb)
    ambiguous = {short: ids for short, ids in meanings_of(others).items() if len(ids) > 1 and short not in tested}
    train = [example for example in others if {ent.text for ent in example.reference.ents} <= ambiguous.keys()]
    with tempfile.TemporaryDirectory() as folder:
        nlp = spacy.blank("en")
        linker: Any = nlp.add_pipe("litbert_linker", config={"name_encoder": name_encoder, "use_memory": False})
        linker.set_kb(with_names(kb, Path(folder), {**ambiguous, **tested}))
        linker.train(train, seed=seed, progress=True)
        bare = examples_of([_bare(document) for document in read_texts(texts)], {}, kb)
        found = {"with context": _right(linker, test), "without context": _right(linker, bare)}
    by_name = {
        short: [r for r, e in zip(found["with context"], test) if e.reference.ents[0].text == short] for short in tested
    }
    return {
        **{name: round(100 * sum(right) / len(right), 2) for name, right in found.items()},
        "texts": len(test),
        "meanings": sum(map(len, tested.values())),
        "by abbreviation": {short: round(100 * sum(right) / len(right), 1) for short, right in sorted(by_name.items())},
        "learned": {"texts": len(train), "abbreviations": len(ambiguous)},
    }


def _bare(document: Document) -> Document:
    (mention,) = document.entities
    text = document.text[mention.start : mention.end]
    return Document(document.id, text, (Mention(0, len(text), mention.label, concept_id=mention.concept_id),))


def _right(linker: Any, examples: list[Example]) -> list[bool]:
    docs = [example.reference for example in examples]
    return [bool(of[0]) and of[0][0][0] == doc.ents[0].kb_id_ for doc, of in zip(docs, linker.predict(docs))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path, help="TSV with the columns short, label, id, text")
    parser.add_argument("learned", type=Path, help="what `kb abbreviations` made")
    parser.add_argument("kb", type=Path, help="with vectors")
    parser.add_argument("output", type=Path, help="JSON file for the figures")
    parser.add_argument("--name-encoder", required=True, help="what made the vectors of the knowledge base's names")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with errors_in_one_line():
        kb = KnowledgeBase(arguments.kb)
        figures = score(arguments.texts, arguments.learned, kb, arguments.name_encoder, arguments.seed)
        print(json.dumps(figures))
        record = {
            "protocol": " ".join((__doc__ or "").split()),
            "scores": figures,
            "texts_sha256": file_checksum(arguments.texts),
            "learned_sha256": file_checksum(arguments.learned),
            "knowledge_base": {
                key: kb.metadata.get(key) for key in ("name", "version", "counts", "vectors", "checksum")
            },
            "name_encoder": describe_encoder(arguments.name_encoder),
            "seed": arguments.seed,
            **describe_run(PACKAGES),
        }
        with replacing(arguments.output) as partial:
            partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
