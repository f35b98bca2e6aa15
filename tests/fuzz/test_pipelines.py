"""Damaged files of a saved pipeline are refused with a code. ``FUZZ_N`` says how many, by default 60.

Damaged are the files that this package writes: the model of ``transformer`` and of a LitBertTextCat. What spaCy writes
of its own components (``ner/model`` …) carries no checksum.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import spacy
from spacy.language import Language

from spacy_litbert.errors import LitBertError

from ..conftest import LISTENER, TEXTS, build_ner, examples_for

LONGEST = 10.0  # seconds
FILES = ("transformer/model", "textcat_multilabel/model")


def test_a_damaged_pipeline_is_refused_or_unchanged(checkpoint: Path, tmp_path: Path) -> None:
    _saved(checkpoint).to_disk(tmp_path)
    expected = _outcome(spacy.load(tmp_path))
    choose = random.Random(0)
    counts: Counter[str] = Counter()
    for i in range(int(os.environ.get("FUZZ_N", "60"))):
        path = tmp_path / FILES[i % len(FILES)]
        whole = path.read_bytes()
        path.write_bytes(_damaged(whole, choose))
        begin = time.monotonic()
        try:
            counts["unchanged" if _outcome(spacy.load(tmp_path)) == expected else "silent"] += 1
        except LitBertError:
            counts["refused"] += 1
        finally:
            path.write_bytes(whole)
        counts["slow"] += time.monotonic() - begin > LONGEST
    print(dict(counts))
    assert not counts["silent"]
    assert not counts["slow"]
    assert counts["refused"] > counts["unchanged"]


def _damaged(whole: bytes, choose: random.Random) -> bytes:
    """Flip a bit, cut the end off, put zeros or noise in the middle, double or drop a part."""
    start = choose.randrange(len(whole))
    end = min(len(whole), start + choose.randrange(1, 200))
    kind = choose.choice(["bit", "bit", "cut", "zeros", "noise", "double", "drop"])
    if kind == "bit":
        return whole[:start] + bytes([whole[start] ^ 1 << choose.randrange(8)]) + whole[start + 1 :]
    middle = {
        "cut": b"",
        "zeros": bytes(end - start),
        "noise": choose.randbytes(end - start),
        "double": whole[start:end] * 2,
        "drop": b"",
    }[kind]
    return whole[:start] + middle + (b"" if kind == "cut" else whole[end:])


def _saved(checkpoint: Path) -> Language:
    nlp = build_ner(checkpoint, steps=1)
    model = {"@architectures": "spacy-litbert.LitBertTextCat.v1", "exclusive_classes": False, "tok2vec": LISTENER}
    textcat = nlp.add_pipe("textcat_multilabel", config={"model": model})
    textcat.add_label("drug")
    textcat.initialize(lambda: examples_for(nlp), nlp=nlp)
    return nlp


def _outcome(nlp: Language) -> list[tuple[bytes, dict[str, float], list[str]]]:
    docs = nlp.pipe(TEXTS)
    return [(doc._.trf_data.tensors[0].tobytes(), doc.cats, [str(entity) for entity in doc.ents]) for doc in docs]
