"""Make up a vocabulary of UMLS's size from the names of another one, such as MeSH.

A concept has a name of the other one in which words are exchanged for others, drawn as often as they stand there, and
variants of it as UMLS has them from its sources: turned round, with a word more, with another word in place of one.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from spacy_litbert.files import replacing
from spacy_litbert.linking.knowledge_base import KnowledgeBase

_EXCHANGED = 0.3  # of the words of a name
_MOST = 7  # names of a concept; 4 on average
_MORE = ("nos", "disorder", "finding", "acute", "chronic", "product", "structure", "procedure", "measurement")


def write_vocabulary(like: KnowledgeBase, path: Path, n_names: int, *, seed: int = 0) -> None:
    """Write concepts with ``n_names`` names as JSON lines that ``spacy litbert kb build`` reads.

    A concept has the types of the one whose name it began from.
    """
    counts = Counter(word for number in range(len(like)) for name in like.names_of(number) for word in name.split())
    words, frequencies = list(counts), np.fromiter(counts.values(), float, len(counts))
    generator = np.random.default_rng(seed)
    drawn = iter(generator.choice(len(words), 4 * n_names, p=frequencies / frequencies.sum()).tolist())
    with replacing(path) as partial, partial.open("w", encoding="utf8") as lines, tqdm(total=n_names) as progress:
        n_concepts = 0
        while progress.n < n_names:
            number = int(generator.integers(len(like)))
            name = _choose(like.names_of(number), generator).split()
            exchanged = generator.random(len(name)) < _EXCHANGED
            exchanged[generator.integers(len(name))] = True
            name = [words[next(drawn)] if new else word for word, new in zip(name, exchanged.tolist())]
            wanted = min(int(generator.integers(1, _MOST + 1)), n_names - progress.n)
            variants = (_variant(name, kind, words[next(drawn)], generator) for kind in range(1, wanted))
            concept = {
                "concept_id": f"SYN:{n_concepts:07d}",
                "canonical_name": " ".join(name),
                "aliases": list(variants),
                "types": like.types_of(number),
            }
            lines.write(json.dumps(concept, ensure_ascii=False) + "\n")
            n_concepts += 1
            progress.update(wanted)


def _variant(name: list[str], kind: int, word: str, generator: np.random.Generator) -> str:
    place = int(generator.integers(len(name)))
    if kind % 3 == 1 and len(name) > 1:
        place = max(1, place)
        return f"{' '.join(name[place:])}, {' '.join(name[:place])}"
    if kind % 3 == 2:
        return " ".join([*name, _choose(_MORE, generator)])
    return " ".join([*name[:place], word, *name[place + (len(name) > 1) :]])


def _choose(strings: list[str] | tuple[str, ...], generator: np.random.Generator) -> str:
    return strings[int(generator.integers(len(strings)))]
