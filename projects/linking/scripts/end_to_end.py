"""Score a whole pipeline on raw text: a recognizer finds mentions, the linker gives them ids.

The linker learns from the gold mentions of train; labels that the corpus lacks are not linked. Its temperature and its
threshold are then chosen on dev, with the mentions that the recognizer finds there: one that gold does not have stands
for nothing. With both kept, it learns from train and dev, and the test split is scored once. A mention counts as found
if characters, label and id are right.
``all linked``: with threshold 0, so that every mention gets an id. ``NIL``: mentions below the threshold count as not
found. Composites, mentions of several concepts, are right if one of them is found; ``strict``: only if all are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import spacy
from evaluate import describe_encoder
from figures import Gold, Link, Place, figures, reliabilities
from gold import read_examples, read_renamed
from matching import same_in
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from tqdm import tqdm

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import file_checksum, folder_checksum, replacing, replacing_folder
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.linker import LitBertLinker
from spacy_litbert.linking.memory import memory_key
from spacy_litbert.targets import check_target, mark_pipeline, pipeline_made_by
from spacy_litbert.workflow.fetch import split_file
from spacy_litbert.workflow.protocol import PACKAGES, describe_run
from spacy_litbert.workflow.reliability import plot_reliability

_ALL = 10_000  # more candidates than a mention has


def end_to_end(
    corpus: Path,
    kb: KnowledgeBase,
    ner: str,
    *,
    renamed: Path | None = None,
    merged: KnowledgeBase | None = None,
    seed: int = 0,
    name_encoder: str | None = None,
    more: Path | None = None,
    save: Path | None = None,
) -> dict[str, Any]:
    """Train, choose the threshold on dev, and score on test; return the figures.

    ner: an installed pipeline or a folder; of its entities those with labels of the corpus count.
    merged: one that ``kb`` was merged to, to compare ids by as well.
    name_encoder: what made the knowledge base's vectors; None to do without them.
    more: a corpus to learn from beside the other, such as `kb abbreviations` makes.
    save: where the trained linker goes, as a pipeline.

    Raises LitBertError L414 if the recognizer finds nothing that the corpus has ids for.
    """
    if save is not None:
        made = pipeline_made_by("end_to_end")
        check_target(save, sources=[corpus, kb.path], made=made, what="trained linker", option=None)
    recognizer = spacy.load(ner)
    ids = read_renamed(renamed)
    parts = {name: read_examples(split_file(corpus, name), ids, kb) for name in ("train", "dev", "test")}
    labels = {ent.label_ for example in parts["train"] for ent in example.reference.ents}
    if (found := entity_labels(recognizer)) and not found & labels:
        names = {"found": ", ".join(sorted(found)), "annotated": ", ".join(sorted(labels))}
        raise LitBertError(Errors.L414.format(pipeline=ner, path=corpus, **names))
    if found and labels - found:
        print(f"{ner} does not find {', '.join(sorted(labels - found))}: all mentions of these count as missed")
    for name in ("dev", "test"):
        recognize(recognizer, parts[name], labels, name)
    nlp = spacy.blank("en")
    types: dict[str, list[str]] = {label: [] for label in sorted(found - labels)}
    linker: Any = nlp.add_pipe("litbert_linker", config={"name_encoder": name_encoder, "types": types})
    linker.set_kb(kb)
    others = [] if more is None else read_examples(more, {}, kb)
    linker.train(parts["train"] + others, seed=seed, progress=True)
    linker.calibrate(parts["dev"], predicted=True)
    chosen = {"temperature": linker.cfg["temperature"], "threshold": linker.threshold}
    learned = [Example(example.reference, example.reference) for name in ("train", "dev") for example in parts[name]]
    linker.train(learned + others, seed=seed, progress=True)
    linker.cfg.update(chosen)
    if save is not None:
        mark_pipeline(nlp.meta, "end_to_end")
        with replacing_folder(save) as partial:
            nlp.to_disk(partial)
    known = {memory_key(ent.text) for example in learned for ent in example.reference.ents}
    linker.top = _ALL
    gold = [one for number, example in enumerate(parts["test"]) for one in gold_of(number, example)]
    links = [one for number, example in enumerate(parts["test"]) for one in links_of(number, example, linker)]
    named = {"ner": "{lang}_{name} {version}".format(**recognizer.meta), "ner_sha256": checksum_of(recognizer)}
    result: dict[str, Any] = {**named, **chosen}
    for name, same in {
        "unmerged": same_in(kb),
        **({"merged": same_in(kb, merged)} if merged is not None else {}),
    }.items():
        result[name] = {
            "all linked": figures(gold, links, same, known, threshold=0),
            "NIL": figures(gold, links, same, known, threshold=chosen["threshold"]),
        }
        print(name, json.dumps({setting: found["mentions and ids"]["all"] for setting, found in result[name].items()}))
    result["reliability"] = reliabilities(gold, links, same_in(kb))
    return result


def checksum_of(nlp: Language) -> str:
    """Return a checksum of all files of a pipeline that was loaded."""
    assert nlp.path is not None
    return folder_checksum(nlp.path)


def entity_labels(nlp: Language) -> set[str]:
    """Return the labels of the entities that a pipeline finds."""
    finders = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
    return {label for name in finders for label in nlp.pipe_labels.get(name, ())}


def recognize(nlp: Language, examples: list[Example], labels: set[str], what: str) -> None:
    """Make the examples' predicted Docs those of a pipeline, with its entities of some labels."""
    docs = nlp.pipe(example.reference.text for example in examples)
    for example, doc in tqdm(zip(examples, docs), what, len(examples), unit=" texts"):
        doc.ents = [ent for ent in doc.ents if ent.label_ in labels]
        example.predicted = doc


def gold_of(number: int, example: Example) -> list[Gold]:
    """Return the gold mentions of a document."""
    return [Gold(_place(number, ent), ent.kb_id_) for ent in example.reference.ents]


def links_of(number: int, example: Example, linker: LitBertLinker) -> list[Link]:
    """Return the mentions that were found in a document, with all that they may stand for."""
    ents = example.predicted.ents
    return [Link(_place(number, ent), ranking) for ent, ranking in zip(ents, linker.rank(example.predicted, ents))]


def _place(number: int, ent: Span) -> Place:
    return Place(number, ent.start_char, ent.end_char, ent.label_, ent.text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="a folder with train.…, dev.… and test.…")
    parser.add_argument("kb", type=Path)
    parser.add_argument("output", type=Path, help="JSON file for the figures")
    parser.add_argument("--ner", required=True, help="an installed pipeline, or a folder, that finds mentions")
    parser.add_argument("--renamed", default="", help="TSV of withdrawn ids and the present ones, for gold ids")
    parser.add_argument("--merged", default="", help="a knowledge base merged from KB, to compare ids by as well")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name-encoder", default="", help="what made the vectors of its names; empty: none")
    parser.add_argument("--more", default="", help="a corpus to learn from as well")
    parser.add_argument("--save", type=Path, help="folder for the trained linker")
    parser.add_argument("--plot", type=Path, help="PNG file: how far the probabilities of links can be relied on")
    arguments = parser.parse_args()
    with errors_in_one_line():
        kb = KnowledgeBase(arguments.kb)
        found = end_to_end(
            arguments.corpus,
            kb,
            arguments.ner,
            renamed=Path(arguments.renamed) if arguments.renamed else None,
            merged=KnowledgeBase(arguments.merged) if arguments.merged else None,
            seed=arguments.seed,
            name_encoder=arguments.name_encoder or None,
            more=Path(arguments.more) if arguments.more else None,
            save=arguments.save,
        )
        record = {
            "corpus": arguments.corpus.name,
            "split": "test",
            "protocol": " ".join((__doc__ or "").split()),
            "knowledge_base": {key: kb.metadata[key] for key in ("name", "version", "counts", "sources", "checksum")},
            "name_encoder": describe_encoder(arguments.name_encoder) if arguments.name_encoder else None,
            "more_sha256": file_checksum(Path(arguments.more)) if arguments.more else None,
            "seed": arguments.seed,
            **found,
            **describe_run(PACKAGES),
        }
        with replacing(arguments.output) as partial:
            partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
        if arguments.plot:
            plot_reliability(arguments.plot, found["reliability"]["link"], f"links, {arguments.corpus.name} test")
