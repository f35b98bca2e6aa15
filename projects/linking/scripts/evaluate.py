"""Train the linker on a corpus and score it on gold mentions of the test split, in two settings.

``vocabulary``: the knowledge base alone knows names; the ranker is trained on the mentions of train and dev, but none
of them is remembered. ``memory``: what the mentions of train and dev stood for is remembered as well. A mention counts
as right if the best concept is one of its gold concepts. ``strict``: mentions of several concepts count as wrong, since
the linker gives one. ``merged``: gold ids and those found are compared as a merged knowledge base has them. With a name
encoder, candidates come of the vectors of names as well, and the context tells apart what is called alike; the ablation
leaves out those, the abbreviations that a text defines, and the ranker, so that the most similar name decides.
``memory, more texts`` learns from and remembers a second corpus as well, which nobody annotated (`kb abbreviations`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
from gold import read_examples, read_renamed
from matching import Same, concepts, is_right, same_in
from spacy.tokens import Doc
from spacy.training import Example

from spacy_litbert.checkpoints.sources import open_source
from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.files import file_checksum, replacing, replacing_folder
from spacy_litbert.linking.knowledge_base import KnowledgeBase
from spacy_litbert.linking.linker import LitBertLinker
from spacy_litbert.linking.memory import memory_key
from spacy_litbert.pretraining.start import describe
from spacy_litbert.targets import check_target, mark_pipeline, pipeline_made_by
from spacy_litbert.workflow.fetch import split_file
from spacy_litbert.workflow.protocol import describe_run

# Of the linker; the ablation's leave something out.
SETTINGS: dict[str, dict[str, Any]] = {"vocabulary": {"use_memory": False}, "memory": {"use_memory": True}}
ABLATION: dict[str, dict[str, Any]] = {
    "vocabulary, no vectors": {"use_memory": False, "name_encoder": None},
    "memory, no vectors": {"use_memory": True, "name_encoder": None},
    "memory, no context": {"use_memory": True, "use_context": False},
    "memory, no abbreviations": {"use_memory": True},
    "vocabulary, no ranker": {"use_memory": False},
    "memory, no ranker": {"use_memory": True},
}
_MORE = "memory, more texts"
_EPOCHS = 15
# Read in place of what the text defines; an empty list would mean that nobody looked.
_NO_ABBREVIATIONS = [{"short_text": "", "long_text": ""}]
PACKAGES = ("spacy", "spacy-litbert", "thinc", "numpy")

# Of a mention: its label and whether its name was seen in training, its gold ids, and the ids found, the best first.
Ranked = tuple[str, str, str, list[str]]


def evaluate(
    corpus: Path,
    kb: KnowledgeBase,
    *,
    renamed: Path | None,
    seed: int,
    split: str = "test",
    name_encoder: str | None = None,
    ablation: bool = False,
    more: Path | None = None,
    save: Path | None = None,
    merged: KnowledgeBase | None = None,
) -> dict[str, Any]:
    """Train in both settings and score on a split; the pipeline with the memory is saved.

    name_encoder: what made the knowledge base's vectors; None to do without them.
    ablation: score with parts left out as well.
    more: a corpus to learn from beside the other, such as `kb abbreviations` makes; a setting of its own.
    merged: one that ``kb`` was merged to, to compare ids by as well.
    split: ``test``, with train and dev to learn from, or ``dev``, with train alone, to choose settings.
    """
    if save is not None:
        made = pipeline_made_by("evaluate")
        check_target(save, sources=[corpus, kb.path], made=made, what="trained pipeline", option=None)
    if not Doc.has_extension("abbreviations"):
        Doc.set_extension("abbreviations", default=[])
    ids = read_renamed(renamed)
    parts = {name: read_examples(split_file(corpus, name), ids, kb) for name in ("train", "dev", split)}
    learned = parts["train"] + (parts["dev"] if split == "test" else [])
    known = {memory_key(ent.text) for example in learned for ent in example.reference.ents}
    others = [] if more is None else read_examples(more, {}, kb)
    settings = {**(ABLATION if ablation else {}), **({_MORE: {"use_memory": True}} if others else {}), **SETTINGS}
    result: dict[str, Any] = {}
    for setting, config in settings.items():
        for example in (*learned, *parts[split]):
            example.reference._.abbreviations = _NO_ABBREVIATIONS if setting.endswith("no abbreviations") else []
        nlp = spacy.blank("en")
        linker: Any = nlp.add_pipe("litbert_linker", config={"name_encoder": name_encoder, "top": 20, **config})
        linker.set_kb(kb)
        begun = perf_counter()
        epochs = 0 if setting.endswith("no ranker") else _EPOCHS
        linker.train(learned + (others if setting == _MORE else []), seed=seed, progress=True, epochs=epochs)
        trained = perf_counter()
        found = rankings(linker, parts[split], known)
        result[setting] = accuracies(found, same_in(kb))
        result[setting]["strict"] = accuracies(found, same_in(kb), strict=True)
        if merged is not None:
            result[setting]["merged"] = accuracies(found, same_in(kb, merged))
            result[setting]["merged"]["strict"] = accuracies(found, same_in(kb, merged), strict=True)
        result[setting]["seconds"] = {"training": round(trained - begun), "scoring": round(perf_counter() - trained)}
        print(setting, json.dumps(result[setting]["all"]))
    if save is not None:
        linker.top = 5
        mark_pipeline(nlp.meta, "evaluate")
        with replacing_folder(save) as partial:
            nlp.to_disk(partial)
    return result


def describe_encoder(name: str) -> dict[str, Any]:
    """Return an encoder's name, its licence, the checksums of its weights, and what its card says it began with."""
    with open_source(name) as source:
        card = (source.folder / "README.md").read_text("utf8") if (source.folder / "README.md").is_file() else ""
        rows = dict(line.strip("| ").split(" | ", 1) for line in card.split("\n") if line.startswith("| began with |"))
        return {**describe(name, source.folder, source.files), **rows}


def rankings(linker: LitBertLinker, examples: list[Example], known: set[str]) -> list[Ranked]:
    """Rank concepts for the gold mentions; ``known``: the names seen in training, as they are remembered."""
    found: list[Ranked] = []
    docs = [example.reference for example in examples]
    for doc, of_doc in zip(docs, linker.predict(docs)):
        for ent, ranking in zip(doc.ents, of_doc):
            seen = "seen" if memory_key(ent.text) in known else "unseen"
            found.append((ent.label_, seen, ent.kb_id_, [concept_id for concept_id, _ in ranking]))
    return found


def accuracies(found: list[Ranked], same: Same, *, strict: bool = False) -> dict[str, Any]:
    """Return accuracy among the best 1, 5 and 20 in per cent, by label, and of names seen and not seen in training."""
    groups: dict[str, list[int | None]] = {}
    for label, seen, ids, ranking in found:
        gold = concepts(ids, same)
        right = (i for i, one in enumerate(ranking) if is_right(same(one), gold, strict=strict))
        place = next(right, None)
        for group in ("all", label, f"{label}, {seen} names"):
            groups.setdefault(group, []).append(place)
    return {group: _accuracies(places) for group, places in sorted(groups.items())}


def _accuracies(places: list[int | None]) -> dict[str, float]:
    found = {f"acc@{k}": 100 * sum(p is not None and p < k for p in places) / len(places) for k in (1, 5, 20)}
    return {"mentions": len(places), **{name: round(value, 2) for name, value in found.items()}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="a folder with train.…, dev.… and test.…")
    parser.add_argument("kb", type=Path)
    parser.add_argument("output", type=Path, help="JSON file for the scores")
    parser.add_argument("--renamed", default="", help="TSV of withdrawn ids and the present ones, for gold ids")
    parser.add_argument("--merged", default="", help="a knowledge base merged from KB, to compare ids by as well")
    parser.add_argument("--split", default="test", choices=["test", "dev"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name-encoder", help="what made the vectors of the knowledge base's names")
    parser.add_argument("--ablation", action="store_true", help="score with parts left out as well")
    parser.add_argument("--more", default="", help="a corpus to learn from as well, in a setting of its own")
    parser.add_argument("--save", type=Path, help="folder for the trained pipeline")
    arguments = parser.parse_args()
    with errors_in_one_line():
        kb = KnowledgeBase(arguments.kb)
        path = Path(arguments.renamed) if arguments.renamed else None
        scores = evaluate(
            arguments.corpus,
            kb,
            renamed=path,
            seed=arguments.seed,
            split=arguments.split,
            name_encoder=arguments.name_encoder,
            ablation=arguments.ablation,
            more=Path(arguments.more) if arguments.more else None,
            save=arguments.save,
            merged=KnowledgeBase(arguments.merged) if arguments.merged else None,
        )
        record = {
            "corpus": arguments.corpus.name,
            "split": arguments.split,
            "protocol": " ".join((__doc__ or "").split()),
            "knowledge_base": {
                key: kb.metadata.get(key) for key in ("name", "version", "counts", "sources", "vectors", "checksum")
            },
            "name_encoder": None if arguments.name_encoder is None else describe_encoder(arguments.name_encoder),
            "more_sha256": file_checksum(Path(arguments.more)) if arguments.more else None,
            "seed": arguments.seed,
            "scores": scores,
            **describe_run(PACKAGES),
        }
        with replacing(arguments.output) as partial:
            partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
