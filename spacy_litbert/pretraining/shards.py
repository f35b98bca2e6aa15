"""Tokenised text on disk: memory-mapped 16-bit integers with sentence and document boundaries.

    prepared/
    ├── vocab.txt
    └── text-00/               one shard for each file of text; any subset of shards is a corpus
        ├── tokens.npy         (tokens,) uint16, without special tokens
        ├── sentences.npy      (sentences,) uint32, tokens of each sentence
        ├── documents.npy      (documents,) uint32, sentences of each document
        ├── fingerprints.npy   (documents,) uint64, to find the same text again in other shards
        └── shard.json         what it was made from, counts, checksums

Whether a piece begins a word is not stored: it is a property of its entry in the vocabulary ("##…").
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..corpora.files import bare_name
from ..errors import Errors, LitBertError
from ..files import file_checksum, json_text, lacking, read_json, replacing_folder
from ..ragged import indices_of, starts_of
from ..tokenization.vocabulary import Vocabulary
from ..types import IntArray

FORMAT = 1
LARGEST_VOCABULARY = 1 << 16
_DTYPES = {"tokens": "uint16", "sentences": "uint32", "documents": "uint32", "fingerprints": "uint64"}
# What a run's record is made from; of an origin: the texts of one source under one licence.
_DESCRIPTION: dict[str, Any] = {
    "file": str,
    "file_checksum": str,
    "tokens": int,
    "origins": list,
    "wordpiece_dropout": int | float,
}
_ORIGIN = {"source": str, "license": str, "documents": int, "tokens": int}
_FILES = frozenset([*(f"{name}.npy" for name in _DTYPES), "shard.json"])


@dataclass(frozen=True)
class Shard:
    """The arrays of one shard, see above, and its description."""

    tokens: IntArray
    sentences: IntArray
    documents: IntArray
    fingerprints: IntArray
    description: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write the folder so that it is there complete or not at all."""
        with replacing_folder(folder) as partial:
            for name, dtype in _DTYPES.items():
                np.save(partial / f"{name}.npy", np.asarray(getattr(self, name), dtype=dtype), allow_pickle=False)
            checksums = {f"{name}.npy": file_checksum(partial / f"{name}.npy") for name in _DTYPES}
            text = json_text({"format": FORMAT, **self.description, "files": checksums}, indent=2)
            (partial / "shard.json").write_text(text + "\n", encoding="utf8")


def shards_in(folder: Path) -> list[Path]:
    """The folders of shards below ``folder``, without those that an interrupted call left half-made."""
    return sorted(path.parent for path in folder.glob("*/shard.json") if not path.parent.name.startswith("."))


def check_replaceable(folder: Path) -> None:
    """Raise LitBertError L218 for a folder or file that ``Shard.write`` did not write: nothing else is replaced."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LitBertError(Errors.L218.format(path=folder, problem="a file of that name is there"))
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    foreign = [name for name in found if name not in _FILES]
    if foreign or (found and "shard.json" not in found):
        problem = f"a folder of that name is there, which holds {', '.join(foreign[:5] or found[:5])}. Move it away"
        raise LitBertError(Errors.L218.format(path=folder, problem=problem))


def read_shard(folder: Path) -> Shard:
    """Map a shard into memory, checked against its description.

    Raises LitBertError L502 for another format or an incomplete description, L207, L210 and L224 for files.
    """
    description = read_json(folder / "shard.json")
    if description.get("format") != FORMAT:
        problem = f"its format is {description.get('format')!r}, not {FORMAT}"
        raise LitBertError(Errors.L502.format(path=folder, problem=problem))
    _check_description(description, folder)
    arrays = {name: _read_array(folder / f"{name}.npy", dtype, description) for name, dtype in _DTYPES.items()}
    totals = (arrays["sentences"].sum(dtype=np.int64), arrays["documents"].sum(dtype=np.int64))
    if totals != (len(arrays["tokens"]), len(arrays["sentences"])):
        raise LitBertError(Errors.L502.format(path=folder, problem="its boundaries do not add up to its tokens"))
    return Shard(**arrays, description=description)


class Corpus:
    """The shards of a prepared folder, addressed as one run of tokens.

    sentence_starts: (sentences + 1,) int64, the first token of each sentence.
    document_starts: (documents + 1,) int64, the first sentence of each document.
    """

    def __init__(self, folder: Path):
        if not (folder / "vocab.txt").is_file():
            raise LitBertError(Errors.L502.format(path=folder, problem="it lacks vocab.txt"))
        self.folder = folder
        self.vocabulary = Vocabulary.from_folder(folder)
        self.shards = [read_shard(path) for path in shards_in(folder)]
        if not self.shards:
            raise LitBertError(Errors.L502.format(path=folder, problem="it holds no shards"))
        for shard in self.shards:
            if shard.description.get("vocabulary") != vocabulary_checksum(self.vocabulary):
                problem = f"the shard of {shard.description.get('file')} was made with another vocabulary"
                raise LitBertError(Errors.L502.format(path=folder, problem=problem))
        self.sentence_starts = starts_of(np.concatenate([shard.sentences for shard in self.shards]))
        self.document_starts = starts_of(np.concatenate([shard.documents for shard in self.shards]))
        self._shard_starts = starts_of(np.array([len(shard.tokens) for shard in self.shards]))

    def checksum(self) -> str:
        """Return a checksum of the vocabulary and of what all shards hold."""
        of_shards = [shard.description.get("files") for shard in self.shards]
        said = json.dumps([vocabulary_checksum(self.vocabulary), of_shards], sort_keys=True)
        return sha256(said.encode("utf8")).hexdigest()

    def fingerprints(self) -> IntArray:
        """Return what is equal for equal texts: (documents,) uint64."""
        return np.concatenate([shard.fingerprints for shard in self.shards])

    @property
    def n_tokens(self) -> int:
        return int(self._shard_starts[-1])

    @property
    def descriptions(self) -> list[dict[str, Any]]:
        return [shard.description for shard in self.shards]

    def tokens(self, begin: IntArray, lengths: IntArray) -> IntArray:
        """The tokens ``begin[i] … begin[i] + lengths[i] - 1`` of all runs, end to end: uint16.

        A run lies within one document.
        """
        if len(self.shards) == 1:
            return self.shards[0].tokens[indices_of(begin, lengths)]
        shard_of = np.searchsorted(self._shard_starts, begin, side="right") - 1
        order = np.argsort(shard_of, kind="stable")
        bounds = np.searchsorted(shard_of[order], np.arange(len(self.shards) + 1))
        parts = [
            shard.tokens[indices_of(begin[runs] - self._shard_starts[i], lengths[runs])]
            for i, shard in enumerate(self.shards)
            if len(runs := order[bounds[i] : bounds[i + 1]])
        ]
        tokens = np.empty(int(lengths.sum()), dtype=np.uint16)
        tokens[indices_of(starts_of(lengths)[order], lengths[order])] = np.concatenate(parts or [tokens])
        return tokens


def vocabulary_checksum(vocabulary: Vocabulary) -> str:
    """SHA-256 of all that decides how the vocabulary cuts a text."""
    return sha256(json.dumps(vocabulary.to_dict(), sort_keys=True).encode("utf8")).hexdigest()


def shard_name(path: Path) -> str:
    """Return the name of the folder for a file's shard. Raises LitBertError L222 for one that would be hidden."""
    name = bare_name(path)
    if name.startswith("."):
        reason = "its shard would have a hidden folder, which is not read. Give the file a name that begins otherwise"
        raise LitBertError(Errors.L222.format(path=path, reason=reason))
    return name


def _check_description(description: dict[str, Any], folder: Path) -> None:
    """Raise LitBertError L502 for a shard.json without what the record of a run is made from."""
    missing = lacking({"wordpiece_dropout": 0.0, **description}, _DESCRIPTION)
    if not missing:
        missing = [key for origin in description["origins"] for key in lacking(origin, _ORIGIN, "origins.")]
    if missing:
        problem = f"its shard.json lacks {', '.join(missing[:5])}, or has something else there"
        raise LitBertError(Errors.L502.format(path=folder, problem=problem))


def _read_array(path: Path, dtype: str, description: dict[str, Any]) -> IntArray:
    checksums = description.get("files")
    expected = checksums.get(path.name) if isinstance(checksums, dict) else None
    try:
        found = file_checksum(path)
    except OSError as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    if found != expected:
        raise LitBertError(Errors.L210.format(path=path, found=found, expected=expected))
    try:
        array: IntArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    if array.dtype != dtype or array.ndim != 1:
        problem = f"{path.name} holds {array.dtype} of shape {array.shape}, not a row of {dtype}"
        raise LitBertError(Errors.L502.format(path=path.parent, problem=problem))
    return array
