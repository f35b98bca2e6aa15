"""Measure a whole pipeline with ``litbert_ner`` beside the same with spaCy's ``ner``, from raw texts to entities.

    python -m benchmarks.ner_end_to_end FOLDER [--texts 300]

FOLDER holds JSONL files with a ``text`` a line. The first pipeline is `en_litbert_ner` as it is bundled. The second has
the same encoder and, with the settings of projects/ner, ``ner``, which learns for a few steps what the first one finds,
so that it finds mentions of the same labels. Both annotate the same texts in turns, a block at a time.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from thinc.api import Adam, fix_random_seed

from .record import read_texts, spread, write

PIPELINE = "en_litbert_ner"
CONFIG = Path(__file__).parents[1] / "projects" / "ner" / "configs" / "ner_cpu.cfg"
BLOCK = 50  # texts
ROUNDS = 5
STEPS = 100


def stock(ours: Language, texts: list[str]) -> Language:
    """Build the pipeline with ``ner`` and teach it for a few steps what the other one finds."""
    fix_random_seed(0)
    nlp = load_model_from_config(load_config(CONFIG), auto_fill=True)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in ours.pipe(texts)]
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.005)
    for step in range(STEPS):
        batch = [Example(nlp.make_doc(e.reference.text), e.reference) for e in examples[step * 4 % len(examples) :][:4]]
        nlp.update(batch, sgd=optimizer, exclude=["transformer"], annotates=["transformer"])
    return nlp


def annotate(nlp: Language, texts: list[str]) -> tuple[float, int, int]:
    """Return the seconds, the words and the entities of texts."""
    begun = perf_counter()
    docs = list(nlp.pipe(texts))
    return perf_counter() - begun, sum(map(len, docs)), sum(len(doc.ents) for doc in docs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=300)
    arguments = parser.parse_args()
    texts = read_texts(arguments.folder, arguments.texts)
    ours = spacy.load(PIPELINE)
    pipelines = {"litbert_ner": ours, "ner": stock(ours, texts[:60])}
    rates: dict[str, list[float]] = {name: [] for name in pipelines}
    for nlp in pipelines.values():
        annotate(nlp, texts[:BLOCK])
    for number in range(ROUNDS):
        seconds, words, entities = (dict.fromkeys(pipelines, 0.0) for _ in range(3))
        for start in range(0, len(texts), BLOCK):
            for name in list(pipelines)[:: 1 if (start // BLOCK + number) % 2 else -1]:
                measured = annotate(pipelines[name], texts[start : start + BLOCK])
                for total, value in zip((seconds, words, entities), measured):
                    total[name] += value
        for name in pipelines:
            rates[name].append(words[name] / seconds[name])
    write(
        "ner_end_to_end",
        {
            "pipeline": f"{PIPELINE} {ours.meta['version']}",
            "labels": list(ours.get_pipe("litbert_ner").labels),  # type: ignore[attr-defined]
            "texts": len(texts),
            "rounds": ROUNDS,
            "entities": {name: int(n) for name, n in entities.items()},
            "words_per_second": {name: spread(values) for name, values in rates.items()},
            "times_as_fast": spread([own / theirs for own, theirs in zip(rates["litbert_ner"], rates["ner"])]),
        },
    )


if __name__ == "__main__":
    main()
