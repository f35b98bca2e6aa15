"""Read the labelled texts of a corpus's three splits from its public files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

from spacy_litbert.corpora.files import numbered_lines
from spacy_litbert.corpora.labelled_text import LabelledText
from spacy_litbert.errors import Errors, LitBertError

Splits = dict[str, list[LabelledText]]

HALLMARKS = {
    "sustaining_proliferative_signaling": "Sustaining proliferative signaling",
    "evading_growth_suppressors": "Evading growth suppressors",
    "resisting_cell_death": "Resisting cell death",
    "enabling_replicative_immortality": "Enabling replicative immortality",
    "inducing_angiogenesis": "Inducing angiogenesis",
    "activating_invasion_and_metastasis": "Activating invasion and metastasis",
    "genomic_instability_and_mutation": "Genomic instability and mutation",
    "tumor_promoting_inflammation": "Tumor promoting inflammation",
    "cellular_energetics": "Cellular energetics",
    "avoiding_immune_destruction": "Avoiding immune destruction",
}


def read_hallmarks(folder: Path) -> Splits:
    """Read Hallmarks of Cancer: abstracts from the authors' repository, split as in BioGPT's files of their sentences.

    ``test`` holds the abstracts of BioGPT's test file. Of those of its training file, the tenth whose ids have
    the least MD5 sum are ``dev``. An abstract has the hallmarks of all its sentences.
    """
    documents = _read_archive(folder / "hallmarks.zip")
    sentences = {split: _first_fields(folder / f"{split}.tsv") for split in ("train", "test")}
    members: Splits = {
        split: [text for lines, text in documents if sum(line in known for line in lines) * 2 > len(lines)]
        for split, known in sentences.items()
    }
    by_sum = sorted(members["train"], key=lambda text: md5(text.id.encode()).hexdigest())
    dev = {text.id for text in by_sum[: len(by_sum) // 10]}
    return {
        "train": [text for text in members["train"] if text.id not in dev],
        "dev": [text for text in members["train"] if text.id in dev],
        "test": members["test"],
    }


def read_chemprot(folder: Path) -> Splits:
    """Read ChemProt as SciBERT has it: sentences with the two entities marked, and one relation each."""
    rows = {split: _read_rows(folder / f"{split}.jsonl") for split in ("train", "dev", "test")}
    labels = tuple(sorted({label for split in rows.values() for _, label in split}))
    return {
        split: [LabelledText(f"{split}-{i}", text, labels, (label,)) for i, (text, label) in enumerate(of_split)]
        for split, of_split in rows.items()
    }


READERS: dict[str, Callable[[Path], Splits]] = {"hoc_doc": read_hallmarks, "chemprot": read_chemprot}


def _read_archive(path: Path) -> list[tuple[list[str], LabelledText]]:
    """Read the sentences of each abstract, and the abstract; by id."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = (Path(name) for name in archive.namelist() if name.endswith(".txt"))
            names = {(file.parent.name, file.stem): file.as_posix() for file in files}
            ids = sorted(text_id for folder, text_id in names if folder == "text")
            return [
                _abstract(text_id, *(_decode(archive, names[kind, text_id]) for kind in ("text", "labels")))
                for text_id in ids
            ]
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise LitBertError(Errors.L609.format(path=path, problem=repr(error))) from None


def _decode(archive: zipfile.ZipFile, name: str) -> str:
    return archive.read(name).decode("utf8", errors="replace")


def _abstract(text_id: str, text: str, marks: str) -> tuple[list[str], LabelledText]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    positive = tuple(label for label, name in HALLMARKS.items() if name.lower() in marks.lower())
    return lines, LabelledText(text_id, " ".join(lines), tuple(HALLMARKS), positive)


def _first_fields(path: Path) -> set[str]:
    return {line.partition("\t")[0].strip() for _, line in numbered_lines(path)} - {""}


def _read_rows(path: Path) -> list[tuple[str, str]]:
    rows = []
    for number, line in numbered_lines(path):
        try:
            row = json.loads(line)
            rows.append((row["text"], row["label"]))
        except (ValueError, KeyError, TypeError) as error:
            raise LitBertError(Errors.L609.format(path=path, problem=f"line {number}: {error!r}")) from None
    return rows
