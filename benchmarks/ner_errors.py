"""Count what recognizers find, miss and cut wrongly, on the dev and test splits of a corpus.

    python -m benchmarks.ner_errors CORPUS projects/ner/corpus/CORPUS "litbert=MODEL,MODEL" "ner=MODEL,MODEL" …

Each name stands for the models of several seeds. ``litbert_ner`` is counted twice: as it was trained, and with its
thresholds fitted on dev, as projects/ner stores it. A mention that is found where no gold mention is has another label
than one, is longer or shorter, crosses it, or is made up; a gold mention that is not found is cut wrongly, if something
overlaps it, or missed. Names that were counted before stay in the file, unless they are given again.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.ner.pipeline import calibrate_pipeline, recognizers

from .figures import exists, read
from .record import write

SPLITS = ("dev", "test")
LONG = 4  # words, and more


def errors_of(nlp: Language, documents: list[Document]) -> dict[str, float]:
    """Return counts, and precision, recall and F1 in percent; ``recall of N words`` by the words of gold mentions."""
    counts: Counter[str] = Counter()
    of_length: Counter[int] = Counter()
    found_of_length: Counter[int] = Counter()
    for document, doc in zip(documents, nlp.pipe(document.text for document in documents), strict=True):
        gold = set(document.entities)
        found = {Mention(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
        counts["right"] += len(gold & found)
        counts.update(_wrong(mention, gold) for mention in found - gold)
        counts.update("cut wrongly" if _overlapping(mention, found) else "missed" for mention in gold - found)
        for mention in gold:
            words = min(len(document.text[mention.start : mention.end].split()), LONG)
            of_length[words] += 1
            found_of_length[words] += mention in found
    n_gold = sum(of_length.values())
    n_found = sum(counts[name] for name in ("right", *_WRONG))
    precision, recall = counts["right"] / max(n_found, 1), counts["right"] / n_gold
    return {
        "precision": 100 * precision,
        "recall": 100 * recall,
        "f1": 200 * counts["right"] / (n_found + n_gold),
        **{name: counts[name] for name in ("right", *_WRONG, "cut wrongly", "missed")},
        **{_words(n): 100 * found_of_length[n] / of_length[n] for n in sorted(of_length)},
    }


_WRONG = ("labelled wrongly", "longer", "shorter", "crossing", "made up")


def _wrong(mention: Mention, gold: set[Mention]) -> str:
    others = _overlapping(mention, gold)
    if not others:
        return "made up"
    if any((mention.start, mention.end) == (other.start, other.end) for other in others):
        return "labelled wrongly"
    if any(mention.start <= other.start and other.end <= mention.end for other in others):
        return "longer"
    if any(other.start <= mention.start and mention.end <= other.end for other in others):
        return "shorter"
    return "crossing"


def _overlapping(mention: Mention, others: set[Mention]) -> list[Mention]:
    return [other for other in others if mention.start < other.end and other.start < mention.end]


def _words(n: int) -> str:
    return f"recall of {n} word{'s' * (n > 1)}{' and more' * (n == LONG)}"


def measure(folder: Path, systems: dict[str, list[Path]]) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Return what ``errors_of`` does, by system and split, of each model."""
    splits = {split: list(read_jsonl(folder / f"{split}.jsonl")) for split in SPLITS}
    result: dict[str, dict[str, list[dict[str, float]]]] = {}

    def count(name: str, nlp: Language) -> None:
        kept = result.setdefault(name, {split: [] for split in SPLITS})
        for split, documents in splits.items():
            kept[split].append({key: round(value, 2) for key, value in errors_of(nlp, documents).items()})

    for name, models in systems.items():
        for model in models:
            nlp = spacy.load(model)
            count(name, nlp)
            if recognizers(nlp):
                calibrate_pipeline(nlp, folder / "dev.spacy")
                count(f"{name}, thresholds fitted on dev", nlp)
    return result


def _system(text: str) -> tuple[str, list[Path]]:
    name, _, models = text.partition("=")
    return name, [Path(model) for model in models.split(",")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("folder", type=Path)
    parser.add_argument("systems", type=_system, nargs="+", metavar="NAME=MODEL,…")
    arguments = parser.parse_args()
    name = f"ner_errors_{arguments.corpus}"
    systems: dict[str, Any] = read(name)["systems"] if exists(name) else {}
    systems.update(measure(arguments.folder, dict(arguments.systems)))
    write(name, {"corpus": arguments.corpus, "systems": systems})
