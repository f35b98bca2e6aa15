"""Read and write texts with the categories they belong to as JSON lines, and make a DocBin of them.

    {"id": "8701013", "text": "Famotidine-associated delirium.", "cats": {"case report": 1, "trial": 0}}

One text a line, and each line names every label; other keys are passed over.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin

from ..errors import Errors, LitBertError
from ..files import replacing
from .files import json_object, line_error, numbered_objects


@dataclass(frozen=True)
class LabelledText:
    """A text, all labels there are, and those that apply (in the order of ``labels``)."""

    id: str
    text: str
    labels: tuple[str, ...]
    positive: tuple[str, ...]


def read_labelled_texts(path: Path) -> list[LabelledText]:
    """Read the texts of a JSONL file, plain or compressed.

    Raises LitBertError L401 for a line that is no such text, L402 for an id that occurs twice, L602 for
    a line whose labels are not those of the first line, L603 for fewer than two labels or no text.
    """
    texts: list[LabelledText] = []
    for number, line in numbered_objects(path):
        try:
            texts.append(_labelled_text(json_object(line)))
        except ValueError as error:
            raise line_error(path, number, error) from None
        different = set(texts[-1].labels) ^ set(texts[0].labels)
        if different:
            labels = ", ".join(sorted(different))
            raise LitBertError(Errors.L602.format(path=path, line=number, id=texts[-1].id, labels=labels))
    double = [name for name, n in Counter(text.id for text in texts).items() if n > 1]
    if double:
        raise LitBertError(Errors.L402.format(path=path, ids=", ".join(double[:5])))
    if not texts or len(texts[0].labels) < 2:
        raise LitBertError(Errors.L603.format(path=path, labels=", ".join(texts[0].labels) if texts else "none"))
    return texts


def write_labelled_texts(path: Path, texts: Iterable[LabelledText]) -> None:
    """Write texts so that ``read_labelled_texts`` reads the same; the file appears when it is whole."""
    with replacing(path) as partial, partial.open("w", encoding="utf8", newline="\n") as file:
        for text in texts:
            row = {
                "id": text.id,
                "text": text.text,
                "cats": {label: int(label in text.positive) for label in text.labels},
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def exclude_each_other(texts: Iterable[LabelledText]) -> bool:
    """Tell whether each text has exactly one label."""
    return all(len(text.positive) == 1 for text in texts)


def labels_digest(texts: Iterable[LabelledText]) -> str:
    """Return the SHA-256 of ids, texts and labels, in hexadecimal; the order of texts and labels does not count."""
    rows = ([text.id, text.text, sorted(text.labels), sorted(text.positive)] for text in texts)
    lines = sorted(json.dumps(row, separators=(",", ":")).encode("ascii") for row in rows)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def labelled_docbin(texts: Iterable[LabelledText], tokenizer: Callable[[str], Doc]) -> DocBin:
    """Make a DocBin of the texts with ``doc.cats``; equal texts give equal bytes."""
    docbin = DocBin(attrs=["ORTH"])
    for doc in labelled_docs(texts, tokenizer):
        docbin.add(doc)
    return docbin


def labelled_docs(texts: Iterable[LabelledText], tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Yield Docs of the tokenizer's tokens: in ``doc.cats`` 1.0 for each label that applies, 0.0 for the others."""
    for text in texts:
        doc = tokenizer(text.text)
        doc.cats = {label: float(label in text.positive) for label in text.labels}
        yield doc


def _labelled_text(data: dict[str, Any]) -> LabelledText:
    text_id, text, cats = (data.get(key) for key in ("id", "text", "cats"))
    if type(text_id) not in (str, int) or not isinstance(text, str) or not isinstance(cats, dict):
        raise ValueError('a text needs "id" (string or integer), "text" (string) and "cats" (object).')
    for label, value in cats.items():
        if value not in (0, 1):
            raise ValueError(f"the label {label!r} is {value!r}; it must be 1 (applies) or 0 (does not).")
    return LabelledText(str(text_id), text, tuple(cats), tuple(label for label, value in cats.items() if value))
