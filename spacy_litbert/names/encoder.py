"""Names → unit vectors: the mean of a BERT's last hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..checkpoints.folder import load_checkpoint
from ..checkpoints.storage import from_storage, to_storage
from ..encoder import torch_encoder
from ..encoder.inputs import EncoderInput
from ..models.settings import WindowSettings, check_precision
from ..models.shim import fingerprint_of
from ..models.torch_shim import TorchShim
from ..ragged import starts_of
from ..tokenization.windows import N_SPECIAL
from ..tokenization.wordpieces import WordpieceEncoder
from ..types import FloatArray, IntArray, Precision

_BUDGET = 4096  # wordpieces of a micro-batch
_CHUNK = 2048  # names whose hidden states are held at once


class NameEncoder:
    """An encoder of names. Its weights are those of 8 bits, in which it is saved, so that a saved one gives the same.

    precision: of the forward pass. Threads may share an encoder; it is pickled and saved as its bytes.

    Raises LitBertError L310 for a precision that there isn't.
    """

    def __init__(self, precision: Precision = "float32") -> None:
        check_precision(precision, "torch")
        windows = WindowSettings(name="name_encoder", window=None, overlap=0, boundaries="token")
        self._shim = TorchShim(
            windows, precision=precision, storage="int8", batch_wordpieces=_BUDGET, keep_wordpieces=_BUDGET
        )

    @classmethod
    def load(cls, name: str | Path, *, precision: Precision = "float32") -> NameEncoder:
        """Load a folder, a bundled name or a hub id. Raises LitBertError as ``load_checkpoint`` does."""
        encoder = cls(precision)
        checkpoint = load_checkpoint(name)
        checkpoint.bert.pooler = None
        fingerprint = fingerprint_of(checkpoint.bert)
        rounded = to_storage(checkpoint.bert.state_dict(), "int8", str(name))
        checkpoint.bert.load_state_dict(from_storage(rounded, str(name)))
        encoder._shim.load(checkpoint, fingerprint)
        return encoder

    @property
    def fingerprint(self) -> str:
        """Which weights these are."""
        return self._shim.fingerprint.value

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self._shim.config["hidden_size"])

    def encode(self, names: Sequence[str], *, progress: bool = False) -> FloatArray:
        """Return unit vectors of names, (names, width) float32; names of similar length are computed together."""
        vectors = np.zeros((len(names), self.width), np.float32)
        order = np.argsort(np.fromiter(map(len, names), np.int64, len(names)), kind="stable")
        wordpieces = self._shim.wordpieces
        assert wordpieces is not None
        with tqdm(total=len(names), desc="vectors", unit=" names", disable=not progress) as bar:
            for start in range(0, len(names), _CHUNK):
                chosen = order[start : start + _CHUNK]
                rows, owners = rows_of(wordpieces, [names[i] for i in chosen], self._limit)
                hidden, _ = torch_encoder.predict(self._shim.bert, rows, precision=self._shim.precision, budget=_BUDGET)
                vectors[chosen] = mean_of_rows(hidden, owners, len(chosen)).cpu().numpy()
                bar.update(len(chosen))
        return vectors

    def to_bytes(self) -> bytes:
        """Return config, vocabulary and weights of 8 bits, with a checksum."""
        return self._shim.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> NameEncoder:
        """Read what ``to_bytes`` wrote. Raises LitBertError L305, L312 or L2xx for damaged bytes."""
        encoder = cls()
        encoder._shim.from_bytes(data)
        return encoder

    @property
    def _limit(self) -> int:
        return int(self._shim.config["max_position_embeddings"])

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return NameEncoder.from_bytes, (self.to_bytes(),)


def rows_of(wordpieces: WordpieceEncoder, names: Sequence[str], limit: int) -> tuple[EncoderInput, IntArray]:
    """Return names as the encoder reads them, and the name that each row belongs to, (rows,) int64.

    limit: rows that the encoder reads at once; a longer name is read in several windows.
    """
    ids = wordpieces.vocabulary.ids
    pieces = wordpieces.encode(list(names))
    starts = pieces.piece_starts.tolist()
    windows, owners = [], []
    for name, (start, end) in enumerate(pairwise(starts)):
        for first in range(start, max(end, start + 1), limit - N_SPECIAL):
            inner = pieces.ids[first : min(end, first + limit - N_SPECIAL)]
            windows.append(np.concatenate([[ids["[CLS]"]], inner, [ids["[SEP]"]]]))
            owners.append(name)
    lengths = np.fromiter(map(len, windows), np.int64, len(windows))
    flat = np.concatenate(windows or [np.zeros(0)]).astype(np.int64)
    rows = EncoderInput(flat, lengths, starts_of(lengths)[:-1], len(flat))
    return rows, np.repeat(np.array(owners, np.int64), lengths)


def mean_of_rows(hidden: Tensor, owners: IntArray, n: int) -> Tensor:
    """Return the mean of each name's hidden states as a unit vector, (n, hidden_size). owners: as of ``rows_of``."""
    places = torch.from_numpy(owners).to(hidden.device)
    sums = torch.zeros(n, hidden.shape[1], device=hidden.device).index_add(0, places, hidden)
    return torch.nn.functional.normalize(sums, dim=1)
